#include "cli/client/access_client.h"

#include "kube/percent.h"
#include "kube/text.h"

#include <fmt/format.h>
#include <ostream>

namespace postern::cli {
namespace {

constexpr std::string_view kPrefix = "/apis/access.postern.dev/v1alpha1/";
constexpr const char* kJson = "application/json";
constexpr const char* kTable = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
constexpr const char* kPageSize = "500";
constexpr int kGone = 410;

std::string target_of(const std::string& path, const QueryList& query) {
  std::string target(kPrefix);
  target += path;
  char separator = '?';
  for (const auto& [key, value] : query) {
    if (value.empty()) continue;
    target += separator + key + "=" + kube::encode_query_component(value);
    separator = '&';
  }
  return target;
}

Json parse(const std::string& text) {
  return Json::parse(text, nullptr, false);
}

/// Moves the items or rows of a further page behind those of the first.
void join_pages(Json& first, Json& next) {
  for (const char* const key : {"items", "rows"}) {
    if (!next.contains(key) || !next[key].is_array()) continue;
    for (Json& item : next[key]) first[key].push_back(std::move(item));
  }
}

/// Of a refusal by the access API itself the reason alone, where it has one: who asked for what is
/// known to whoever has just typed it.
std::string without_sentence(const std::string& message) {
  constexpr std::string_view kSentence =
      " in API group \"access.postern.dev\" at the cluster scope: ";
  const std::size_t at = message.find(kSentence);
  return at == std::string::npos ? message : message.substr(at + kSentence.size());
}

}  // namespace

AccessClient::AccessClient(Endpoint endpoint, std::ostream& err, std::string login_hint,
                           std::chrono::milliseconds timeout)
    : http_(std::move(endpoint)),
      err_(&err),
      login_hint_(std::move(login_hint)),
      timeout_(timeout) {}

void AccessClient::tell_warnings(const HttpResponse& response) const {
  for (const std::string& warning : response.warnings) {
    *err_ << "warning: " << kube::printable(warning) << "\n";
  }
}

Failure AccessClient::failure_of(const HttpResponse& response) const {
  constexpr int kUnauthorized = 401;
  constexpr int kForbidden = 403;
  const Json status = parse(response.body);
  Failure failure{response.status == kForbidden ? kDenied : kFailed, text_at(status, {"message"}),
                  response.status};
  if (failure.message.empty()) {
    failure.message = fmt::format("{} answered {} without saying why", authority_of(endpoint().url),
                                  response.status);
  }
  if (response.status == kForbidden) failure.message = without_sentence(failure.message);
  for (const Json& cause : find(status, {"details", "causes"})) {
    const std::string message = text_at(cause, {"message"});
    if (text_at(cause, {"reason"}) == "ResourceID") continue;  // for programs
    if (message.empty() || failure.message.find(message) != std::string::npos) continue;
    const std::string field = text_at(cause, {"field"});
    failure.message += "\n  " + field + (field.empty() ? "" : ": ") + message;
  }
  if (response.status == kUnauthorized && !login_hint_.empty()) {
    failure.message += "; log in with: " + login_hint_;
  }
  return failure;
}

Outcome<Json> AccessClient::call(const std::string& method, const std::string& target,
                                 const std::string& body, const char* content_type, bool as_table) {
  HttpRequest request{method, target, {}, body, timeout_};
  request.fields.emplace_back("Accept", as_table ? kTable : kJson);
  if (content_type != nullptr) request.fields.emplace_back("Content-Type", content_type);
  const auto response = http_.send(request);
  if (!response) return tl::unexpected(response.error());
  tell_warnings(*response);
  if (response->status < 200 || response->status > 299) {
    return tl::unexpected(failure_of(*response));
  }
  Json answer = response->body.empty() ? Json::object() : parse(response->body);
  if (answer.is_discarded() || !answer.is_object()) {
    return failed(authority_of(endpoint().url) + " did not answer in JSON; is it postern?");
  }
  return answer;
}

Outcome<Json> AccessClient::get(const std::string& path, const QueryList& query, bool as_table) {
  return call("GET", target_of(path, query), "", nullptr, as_table);
}

Outcome<Json> AccessClient::post(const std::string& path, const Json& body,
                                 const QueryList& query) {
  return call("POST", target_of(path, query), body.dump(), kJson, false);
}

Outcome<Json> AccessClient::post_to(const std::string& target, const Json& body) {
  return call("POST", target, body.dump(), kJson, false);
}

Outcome<Json> AccessClient::put(const std::string& path, const Json& body, const QueryList& query) {
  return call("PUT", target_of(path, query), body.dump(), kJson, false);
}

Outcome<Json> AccessClient::merge(const std::string& path, const Json& patch,
                                  const QueryList& query) {
  return call("PATCH", target_of(path, query), patch.dump(), "application/merge-patch+json", false);
}

Outcome<Json> AccessClient::remove(const std::string& path) {
  return call("DELETE", target_of(path, {}), "", nullptr, false);
}

Outcome<Json> AccessClient::list(const std::string& path, QueryList query, bool as_table) {
  query.emplace_back("limit", kPageSize);
  auto first = get(path, query, as_table);
  if (!first) return first;
  std::string go_on = text_at(*first, {"metadata", "continue"});
  query.emplace_back("continue", "");
  while (!go_on.empty()) {
    query.back().second = go_on;
    auto next = get(path, query, as_table);
    if (!next) return next;
    join_pages(*first, *next);
    go_on = text_at(*next, {"metadata", "continue"});
  }
  if (first->contains("metadata")) (*first)["metadata"].erase("continue");
  return first;
}

Outcome<WatchEnd> AccessClient::watch(
    const std::string& path, QueryList query, bool as_table, std::chrono::milliseconds timeout,
    const std::function<bool(const std::string&, const Json&)>& on_event) {
  query.emplace_back("watch", "true");
  query.emplace_back("allowWatchBookmarks", "true");
  HttpRequest request{"GET", target_of(path, query), {}, "", timeout};
  request.fields.emplace_back("Accept", as_table ? kTable : kJson);
  std::string pending;
  WatchEnd end = WatchEnd::kEnded;
  std::optional<Failure> error;
  const auto on_line = [&](const std::string& line) {
    const Json event = parse(line);
    const std::string type = text_at(event, {"type"});
    if (type == "ERROR") {
      const Json& object = find(event, {"object"});
      const Json& code = find(object, {"code"});
      if (code.is_number_integer() && code.get<int>() == kGone) {
        end = WatchEnd::kTooOld;
      } else {
        error = Failure{kFailed, text_at(object, {"message"})};
      }
      return false;
    }
    if (on_event(type, find(event, {"object"}))) return true;
    end = WatchEnd::kStopped;
    return false;
  };
  const auto response = http_.stream(request, [&](std::string_view piece) {
    pending += piece;
    for (std::size_t at = 0; (at = pending.find('\n')) != std::string::npos;) {
      const std::string line = pending.substr(0, at);
      pending.erase(0, at + 1);
      if (!line.empty() && !on_line(line)) return false;
    }
    return true;
  });
  if (error) return tl::unexpected(*error);
  if (!response) return tl::unexpected(response.error());
  tell_warnings(*response);
  if (response->status == kGone) return WatchEnd::kTooOld;
  if (response->status != 200) return tl::unexpected(failure_of(*response));
  return end;
}

std::string path_of(std::initializer_list<std::string_view> segments) {
  std::string path;
  for (const std::string_view segment : segments) {
    path += (path.empty() ? "" : "/") + kube::encode_path_segment(segment);
  }
  return path;
}

Json new_object(std::string_view kind) {
  return Json{{"apiVersion", "access.postern.dev/v1alpha1"}, {"kind", kind}};
}

}  // namespace postern::cli
