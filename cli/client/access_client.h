#pragma once

#include "cli/client/http_client.h"
#include "cli/failure.h"
#include "cli/json.h"

#include <chrono>
#include <functional>
#include <iosfwd>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postern::cli {

/// Query parameters, not encoded yet; those with an empty value are left out.
using QueryList = std::vector<std::pair<std::string, std::string>>;

/// Why a watch ended without a failure.
enum class WatchEnd {
  kStopped,  ///< by the caller
  kEnded,    ///< by the server, or with the connection: go on from the last version
  kTooOld    ///< 410: list again
};

/// The access API `access.postern.dev/v1alpha1` of one proxy. Answers that are no success become
/// Failures with the Status' message, its causes line by line, and its HTTP status; a 403 is
/// kDenied, and of one about the access API's own objects the message is the reason alone. Warnings
/// of the server go to `err`. For one thread.
class AccessClient {
 public:
  /// `login_hint`: the command that helps against a 401. `timeout` is of each call.
  AccessClient(Endpoint endpoint, std::ostream& err, std::string login_hint,
               std::chrono::milliseconds timeout = std::chrono::seconds(30));

  /// `path` stands behind `…/v1alpha1/`, encoded: path_of(). `as_table`: as a Table, if the server
  /// has one.
  Outcome<Json> get(const std::string& path, const QueryList& query = {}, bool as_table = false);
  Outcome<Json> post(const std::string& path, const Json& body, const QueryList& query = {});
  /// The same to any other path of the server, `/apis/…`: Kubernetes' own reviews.
  Outcome<Json> post_to(const std::string& target, const Json& body);
  Outcome<Json> put(const std::string& path, const Json& body, const QueryList& query = {});
  Outcome<Json> merge(const std::string& path, const Json& patch, const QueryList& query = {});
  Outcome<Json> remove(const std::string& path);

  /// All pages of a list joined: the first answer with the items (or rows) of all.
  Outcome<Json> list(const std::string& path, QueryList query = {}, bool as_table = false);

  /// Calls `on_event(type, object)` until it returns false; BOOKMARKs come too. `timeout` over (0:
  /// none): Failure kTimedOut.
  Outcome<WatchEnd> watch(const std::string& path, QueryList query, bool as_table,
                          std::chrono::milliseconds timeout,
                          const std::function<bool(const std::string&, const Json&)>& on_event);

  HttpClient& http() { return http_; }
  /// Takes another token from now on (kubectl's child session).
  const Endpoint& endpoint() const { return http_.endpoint(); }

 private:
  Outcome<Json> call(const std::string& method, const std::string& target, const std::string& body,
                     const char* content_type, bool as_table);
  Failure failure_of(const HttpResponse& response) const;
  void tell_warnings(const HttpResponse& response) const;

  HttpClient http_;
  std::ostream* err_;
  std::string login_hint_;
  std::chrono::milliseconds timeout_;
};

/// `accessrequests/NAME/reviews` of its segments, percent-encoded.
std::string path_of(std::initializer_list<std::string_view> segments);

/// {"apiVersion":"access.postern.dev/v1alpha1","kind":KIND}
Json new_object(std::string_view kind);

}  // namespace postern::cli
