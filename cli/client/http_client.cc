#include "cli/client/http_client.h"

#include "cli/client/interrupt.h"
#include "kube/text.h"
#include "proxy/observe/version.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <curl/curl.h>
#include <fmt/format.h>

namespace postern::cli {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t kMaxBody = std::size_t{64} * 1024 * 1024;
constexpr long kConnectMilliseconds = 10'000;

struct CurlFree {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using EasyPtr = std::unique_ptr<CURL, CurlFree>;
using ListPtr = std::unique_ptr<curl_slist, CurlFree>;

void append(ListPtr& list, const std::string& line) {
  curl_slist* const longer = curl_slist_append(list.get(), line.c_str());
  if (longer == nullptr) return;
  [[maybe_unused]] const auto* const former = list.release();
  list.reset(longer);
}

/// The text of `Warning: 299 AGENT "TEXT"`; nullopt for other warnings.
std::optional<std::string> warning_text(std::string_view value) {
  if (!value.starts_with("299 ")) return std::nullopt;
  const std::size_t open = value.find('"');
  const std::size_t close = value.rfind('"');
  if (open == std::string_view::npos || close <= open) return std::nullopt;
  std::string text;
  for (std::size_t i = open + 1; i < close; ++i) {
    if (value[i] == '\\' && i + 1 < close) ++i;
    text += value[i];
  }
  return text;
}

/// One exchange, as libcurl's callbacks see it.
struct Exchange {
  CURL* easy = nullptr;
  const std::function<bool(std::string_view)>* on_data = nullptr;
  HttpResponse response;
  bool stopped = false;  ///< by on_data
  bool too_large = false;

  long status() const {
    long code = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &code);
    return code;
  }
};

std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self) {
  auto& exchange = *static_cast<Exchange*>(self);
  const std::string_view piece(data, size * count);
  if (exchange.on_data != nullptr && exchange.status() == 200) {
    exchange.stopped = !(*exchange.on_data)(piece);
    return exchange.stopped ? 0 : piece.size();
  }
  exchange.too_large = exchange.response.body.size() + piece.size() > kMaxBody;
  if (exchange.too_large) return 0;
  exchange.response.body.append(piece);
  return piece.size();
}

std::size_t on_field(char* data, std::size_t size, std::size_t count, void* self) {
  constexpr std::string_view kName = "warning:";
  std::string_view line(data, size * count);
  if (kube::ascii_lower(line.substr(0, kName.size())) != kName) return line.size();
  std::string_view value = line.substr(kName.size());
  value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
  if (auto text = warning_text(value)) {
    static_cast<Exchange*>(self)->response.warnings.push_back(std::move(*text));
  }
  return line.size();
}

CURLcode on_tls(CURL*, void* context, void* check) {
  static_cast<TrustCheck*>(check)->install(static_cast<SSL_CTX*>(context));
  return CURLE_OK;
}

void set_blob(CURL* easy, CURLoption option, const std::string& text) {
  curl_blob blob{const_cast<char*>(text.data()), text.size(), CURL_BLOB_COPY};
  curl_easy_setopt(easy, option, &blob);
}

/// The pieces of `https://HOST:PORT/PATH`, or of an `http://` one.
struct Url {
  std::string host;
  std::string port;
  std::string path;
};

Url split(std::string_view url) {
  Url parts;
  const std::string_view scheme = url.starts_with("http://") ? "http://" : "https://";
  if (!url.starts_with(scheme)) return parts;
  url.remove_prefix(scheme.size());
  const std::string_view authority = url.substr(0, url.find('/'));
  parts.path = url.substr(authority.size());
  const std::size_t bracket = authority.rfind(']');
  const std::size_t colon = authority.rfind(':');
  const bool has_port =
      colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
  parts.host = authority.substr(0, has_port ? colon : authority.size());
  const std::string_view usual = scheme == "http://" ? "80" : "443";
  parts.port = has_port ? authority.substr(colon + 1) : usual;
  return parts;
}

}  // namespace

std::string authority_of(std::string_view url) {
  const Url parts = split(url);
  return parts.host + ":" + parts.port;
}

struct HttpClient::Curl {
  Endpoint endpoint;
  TrustCheck trust;
  CURLM* multi;

  explicit Curl(Endpoint to) : endpoint(std::move(to)), trust(endpoint.trust.pin) {
    static const CURLcode kStarted = curl_global_init(CURL_GLOBAL_DEFAULT);
    (void)kStarted;
    multi = curl_multi_init();
  }
  ~Curl() { curl_multi_cleanup(multi); }
  Curl(const Curl&) = delete;
  Curl& operator=(const Curl&) = delete;

  void set_trust(CURL* easy);
  void set_identity(CURL* easy) const;
  /// The URL, and where it really is when its certificate has another name.
  void set_target(CURL* easy, const std::string& target, ListPtr& fields, ListPtr& route) const;
  Outcome<HttpResponse> exchange(const HttpRequest& request,
                                 const std::function<bool(std::string_view)>* on_data);
  Outcome<CURLcode> drive(CURL* easy, std::chrono::milliseconds timeout) const;
  Failure describe(CURLcode code, const char* detail) const;
};

void HttpClient::Curl::set_trust(CURL* easy) {
  if (endpoint.probe && endpoint.unverified) {
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    return;
  }
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
  curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_tls);
  curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, &trust);
  if (endpoint.trust.authorities.empty()) return;
  curl_easy_setopt(easy, CURLOPT_CAINFO, nullptr);
  curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);
  set_blob(easy, CURLOPT_CAINFO_BLOB, endpoint.trust.authorities);
}

void HttpClient::Curl::set_identity(CURL* easy) const {
  const ClientIdentity& identity = endpoint.identity;
  if (identity.certificate.empty()) return;
  curl_easy_setopt(easy, CURLOPT_SSLCERTTYPE, "PEM");
  set_blob(easy, CURLOPT_SSLCERT_BLOB, identity.certificate);
  curl_easy_setopt(easy, CURLOPT_SSLKEYTYPE, "PEM");
  set_blob(easy, CURLOPT_SSLKEY_BLOB, identity.key);
}

void HttpClient::Curl::set_target(CURL* easy, const std::string& target, ListPtr& fields,
                                  ListPtr& route) const {
  const Url parts = split(endpoint.url);
  const std::string& name = endpoint.trust.tls_server_name;
  if (name.empty() || name == parts.host) {
    curl_easy_setopt(easy, CURLOPT_URL, (endpoint.url + target).c_str());
    return;
  }
  const std::string url = "https://" + name + ":" + parts.port + parts.path + target;
  curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
  append(fields, "Host: " + parts.host + ":" + parts.port);
  append(route, "::" + parts.host + ":" + parts.port);
  curl_easy_setopt(easy, CURLOPT_CONNECT_TO, route.get());
}

Failure HttpClient::Curl::describe(CURLcode code, const char* detail) const {
  const std::string where = authority_of(endpoint.url);
  if (!trust.problem().empty()) {
    return {kFailed, fmt::format("the server at {} cannot be trusted: {}; say how to know it with "
                                 "--ca-file or --ca-pin",
                                 where, trust.problem())};
  }
  if (code == CURLE_PEER_FAILED_VERIFICATION) {
    return {kFailed, fmt::format("the server at {} cannot be trusted: {}", where, detail)};
  }
  return {kFailed, fmt::format("cannot reach {}: {}", where,
                               *detail != '\0' ? detail : curl_easy_strerror(code))};
}

Outcome<CURLcode> HttpClient::Curl::drive(CURL* easy, std::chrono::milliseconds timeout) const {
  constexpr int kLookMilliseconds = 1000;
  const auto end = Clock::now() + timeout;
  int running = 1;
  while (true) {
    if (curl_multi_perform(multi, &running) != CURLM_OK) break;
    if (running == 0) break;
    if (Interrupt::descriptor() >= 0 && Interrupt::signal() != 0) {
      return tl::unexpected(Failure{Interrupt::exit_code(), "interrupted"});
    }
    if (timeout.count() > 0 && Clock::now() >= end) {
      return tl::unexpected(
          Failure{kTimedOut, authority_of(endpoint.url) + " did not answer in time"});
    }
    int wait = kLookMilliseconds;
    if (timeout.count() > 0) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now());
      wait = static_cast<int>(std::clamp<std::int64_t>(left.count() + 1, 1, kLookMilliseconds));
    }
    curl_waitfd signals{Interrupt::descriptor(), CURL_WAIT_POLLIN, 0};
    curl_multi_poll(multi, &signals, signals.fd >= 0 ? 1U : 0U, wait, nullptr);
  }
  int left = 0;
  while (const CURLMsg* const message = curl_multi_info_read(multi, &left)) {
    if (message->msg == CURLMSG_DONE && message->easy_handle == easy) return message->data.result;
  }
  return CURLE_FAILED_INIT;
}

Outcome<HttpResponse> HttpClient::Curl::exchange(
    const HttpRequest& request, const std::function<bool(std::string_view)>* on_data) {
  if (endpoint.identity.token.find_first_of("\r\n") != std::string::npos) {
    return failed("a token cannot have line breaks");
  }
  if (endpoint.probe && !(endpoint.identity.token + endpoint.identity.certificate).empty()) {
    return failed("a probe shows no identity");
  }
  const EasyPtr easy(curl_easy_init());
  std::array<char, CURL_ERROR_SIZE> detail{};
  ListPtr fields;
  ListPtr route;
  Exchange exchange;
  exchange.easy = easy.get();
  exchange.on_data = on_data;
  const auto set = [&](CURLoption option, auto value) {
    curl_easy_setopt(easy.get(), option, value);
  };
  set(CURLOPT_PROTOCOLS_STR, endpoint.probe ? "http,https" : "https");
  if (endpoint.probe) set(CURLOPT_NOPROXY, "*");
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_CONNECTTIMEOUT_MS, kConnectMilliseconds);
  set(CURLOPT_TCP_KEEPALIVE, 1L);
  set(CURLOPT_HEADEROPT, static_cast<long>(CURLHEADER_SEPARATE));  // nothing of it for proxies
  set(CURLOPT_USERAGENT, (std::string("postern/") + proxy::version()).c_str());
  set(CURLOPT_ERRORBUFFER, detail.data());
  set(CURLOPT_WRITEFUNCTION, on_body);
  set(CURLOPT_WRITEDATA, &exchange);
  set(CURLOPT_HEADERFUNCTION, on_field);
  set(CURLOPT_HEADERDATA, &exchange);
  set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
  if (!request.body.empty() || request.method == "POST") {
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    set(CURLOPT_POSTFIELDS, request.body.data());
  }
  set_trust(easy.get());
  set_identity(easy.get());
  set_target(easy.get(), request.target, fields, route);
  append(fields, "Expect:");
  for (const auto& [name, value] : request.fields) append(fields, name + ": " + value);
  if (!endpoint.identity.token.empty()) {
    append(fields, "Authorization: Bearer " + endpoint.identity.token);
  }
  set(CURLOPT_HTTPHEADER, fields.get());

  curl_multi_add_handle(multi, easy.get());
  const auto ended = drive(easy.get(), request.timeout);
  curl_multi_remove_handle(multi, easy.get());
  if (!ended) {
    Failure failure = ended.error();
    // Only who waits for something to happen has "timed out waiting".
    if (on_data == nullptr && failure.exit_code == kTimedOut) failure.exit_code = kFailed;
    return tl::unexpected(failure);
  }
  exchange.response.status = static_cast<int>(exchange.status());
  if (*ended == CURLE_OK || exchange.stopped) return std::move(exchange.response);
  if (exchange.too_large) return failed("the answer is larger than 64 MiB");
  return tl::unexpected(describe(*ended, detail.data()));
}

HttpClient::HttpClient(Endpoint endpoint) : curl_(std::make_unique<Curl>(std::move(endpoint))) {}
HttpClient::~HttpClient() = default;

Outcome<HttpResponse> HttpClient::send(const HttpRequest& request) {
  return curl_->exchange(request, nullptr);
}

Outcome<HttpResponse> HttpClient::stream(const HttpRequest& request,
                                         const std::function<bool(std::string_view)>& on_data) {
  return curl_->exchange(request, &on_data);
}

const Endpoint& HttpClient::endpoint() const {
  return curl_->endpoint;
}

const TrustCheck& HttpClient::trust() const {
  return curl_->trust;
}

}  // namespace postern::cli
