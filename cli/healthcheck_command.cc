#include "cli/healthcheck_command.h"

#include "cli/client/http_client.h"
#include "cli/json.h"
#include "cli/output/times.h"
#include "kube/text.h"
#include "proxy/net/pem.h"

#include <algorithm>
#include <ostream>
#include <string_view>

namespace postern::cli {
namespace {

constexpr int kOk = 200;
constexpr int kServerError = 500;
constexpr std::size_t kMaxShown = 4096;

/// A URL in two.
struct Question {
  std::string server;  ///< `http://HOST:PORT`
  std::string target;  ///< path and query
  bool is_tls = false;
};

Outcome<Question> parse_url(const std::string& url, bool verbose) {
  Question question;
  question.is_tls = url.starts_with("https://");
  const std::size_t begin = question.is_tls ? 8 : 7;
  const std::size_t path =
      std::min(url.find_first_of("/?", std::min(begin, url.size())), url.size());
  question.server = url.substr(0, path);
  const bool good = (question.is_tls || url.starts_with("http://")) && path > begin &&
                    url.find_first_of(" #\r\n") == std::string::npos &&
                    question.server.find('@') == std::string::npos;
  if (!good) return wrong_usage("--url: \"" + url + "\" is no http://HOST:PORT/PATH");
  question.target = url.substr(path);
  if (!question.target.starts_with("/")) question.target.insert(0, "/readyz");
  if (verbose)
    question.target += question.target.find('?') == std::string::npos ? "?verbose" : "&verbose";
  return question;
}

Outcome<Endpoint> endpoint_of(const Question& question, const HealthcheckArguments& arguments) {
  Endpoint endpoint{question.server, {}, {}, true};
  const bool knows = !(arguments.ca_file.empty() && arguments.ca_pin.empty());
  if (!question.is_tls && (knows || !arguments.tls_server_name.empty())) {
    return wrong_usage("--ca-file, --ca-pin and --tls-server-name are for an https:// URL");
  }
  endpoint.trust.tls_server_name = arguments.tls_server_name;
  endpoint.unverified = arguments.reachable && !knows;
  if (!arguments.ca_pin.empty()) {
    auto pin = parse_pin(arguments.ca_pin);
    if (!pin) return tl::unexpected(pin.error());
    endpoint.trust.pin = std::move(*pin);
  }
  if (arguments.ca_file.empty()) return endpoint;
  auto authorities = proxy::read_pem_file(arguments.ca_file);
  if (!authorities) return failed(authorities.error());
  if (auto parsed = proxy::parse_certificates(*authorities); !parsed) {
    return failed(parsed.error());
  }
  endpoint.trust.authorities = std::move(authorities->text);
  return endpoint;
}

/// What a server says for itself: the message of a Status, else its text.
std::string words_of(const HttpResponse& response) {
  const Json status = Json::parse(response.body, nullptr, false);
  std::string words = status.is_object() ? text_at(status, {"message"}) : response.body;
  if (words.size() > kMaxShown) words = words.substr(0, kMaxShown) + "…";
  while (words.ends_with("\n")) words.pop_back();
  return words;
}

void print_lines(std::ostream& out, std::string_view text) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    out << kube::printable(line) << "\n";
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
}

}  // namespace

Outcome<void> run_healthcheck(const HealthcheckArguments& arguments, const Context& context) {
  const auto timeout = parse_duration(arguments.timeout, "--timeout");
  if (!timeout) return tl::unexpected(timeout.error());
  const auto question = parse_url(arguments.url, arguments.verbose);
  if (!question) return tl::unexpected(question.error());
  auto endpoint = endpoint_of(*question, arguments);
  if (!endpoint) return tl::unexpected(endpoint.error());
  HttpRequest request;
  request.target = question->target;
  request.timeout = *timeout;
  const auto response = HttpClient(std::move(*endpoint)).send(request);
  if (!response) return tl::unexpected(response.error());
  if (response->status == kOk) {
    print_lines(context.out(), words_of(*response));
    return {};
  }
  const std::string said = question->server + " answers " + std::to_string(response->status);
  if (arguments.reachable && response->status < kServerError) {
    print_lines(context.out(), said);
    return {};
  }
  return failed(said + ":\n" + words_of(*response));
}

}  // namespace postern::cli
