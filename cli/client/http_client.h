#pragma once

#include "cli/client/server_trust.h"
#include "cli/failure.h"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postern::cli {

/// What a client proves itself with; at most one of token and certificate. A plain value.
struct ClientIdentity {
  std::string token;
  std::string certificate;  ///< PEM, its chain behind it
  std::string key;          ///< PEM
};

/// A server and who we are to it. A plain value.
struct Endpoint {
  std::string url;  ///< `https://HOST:PORT` and maybe a path; no slash at the end
  ServerTrust trust;
  ClientIdentity identity;
  /// `http://` will do, and the way goes past HTTPS_PROXY and its kin: for questions to a server
  /// nearby. Not with an identity.
  bool probe = false;
  /// Of a probe that believes nothing that it is told: whoever answers will do.
  bool unverified = false;
};
/// One request of the program to its proxy.
struct HttpRequest {
  std::string method = "GET";
  std::string target;  ///< path and query, behind the endpoint's URL
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;
  std::chrono::milliseconds timeout{30'000};  ///< of the whole exchange; 0: none
};
/// The answer to it, whole.
struct HttpResponse {
  int status = 0;
  std::vector<std::string> warnings;  ///< texts of `Warning: 299` fields (RFC 7234 §5.5)
  std::string body;
};

/// An HTTPS client for one server, by libcurl: HTTPS_PROXY and NO_PROXY count, redirects are not
/// followed, a request is sent to a verified server only (but for a probe over plain HTTP). While
/// an Interrupt lives a signal ends the exchange with Failure 130. For one thread.
class HttpClient {
 public:
  explicit HttpClient(Endpoint endpoint);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  Outcome<HttpResponse> send(const HttpRequest& request);
  /// Gives the body of a 200 answer piece by piece, until `on_data` returns false or the server
  /// ends it; any other answer has its body in the result. `request.timeout` over: Failure
  /// kTimedOut.
  Outcome<HttpResponse> stream(const HttpRequest& request,
                               const std::function<bool(std::string_view)>& on_data);

  const Endpoint& endpoint() const;
  /// Certificates that the server showed in the last handshake.
  const TrustCheck& trust() const;

 private:
  struct Curl;
  std::unique_ptr<Curl> curl_;
};

/// `host:port` of an endpoint's URL.
std::string authority_of(std::string_view url);

}  // namespace postern::cli
