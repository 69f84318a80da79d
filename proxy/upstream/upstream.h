#pragma once

#include "kube/result.h"
#include "proxy/http/codec.h"
#include "proxy/net/stream.h"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postern::proxy {

class Worker;
class ClusterEndpoint;  // proxy/upstream/cluster_endpoint.h: where a cluster is and how to prove
                        // oneself there
class ClusterMetrics;
enum class LogLevel;

/// Where what happens between postern and one cluster is counted and told. Both may be left out
/// (tests). `metrics` must outlive whoever has it; `log` is called on any worker's thread.
struct UpstreamHooks {
  ClusterMetrics* metrics = nullptr;
  std::function<void(LogLevel, const std::string& message)> log;
};

/// How long upstream may take; `upstream:` of the configuration.
struct UpstreamTimeouts {
  std::chrono::milliseconds connect{5000};  ///< name, TCP and TLS together
  std::chrono::milliseconds first_byte{
      60000};  ///< from the last byte of the request to the response head
};

/// A connection to an API server, lent for one exchange. Lives on one worker. When it is destroyed
/// without give_back() the connection is closed: whoever stops half-way need not clean up.
class Lease {
 public:
  Lease(Lease&&) noexcept;
  Lease& operator=(Lease&&) noexcept;
  ~Lease();

  Stream& stream();
  /// Bytes of the response that were read beyond what has been taken so far.
  std::string& pending();
  /// It came from the pool and may have died unseen: a request that failed on it without a single
  /// byte of answer may be sent again on a fresh one, if sending it twice does no harm.
  bool reused() const;
  /// `Authorization: Bearer …` value of postern's own credential, or nullopt where TLS proves it.
  /// Valid as long as the lease.
  const std::optional<std::string>& authorization() const;

  /// Reads the next final response head (1xx heads but 101 are skipped, at most 8 of them), and
  /// counts it: the request's last byte was written when this is called. Errors: 502 for a broken
  /// or closed connection (see `stale`), 504 when `first_byte` ran out.
  Task<Result<http::ResponseHead>> read_head(std::string_view request_method);
  /// After read_head() failed: nothing at all had come back.
  bool stale() const;

  /// Both messages ended cleanly: the connection may serve another exchange.
  void give_back();

 private:
  friend class UpstreamPool;
  struct State;
  explicit Lease(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// The keep-alive connections of one worker to one cluster.
class UpstreamPool {
 public:
  enum class Mode { kPooled, kFresh };  ///< kFresh: for upgrades and for retries

  UpstreamPool(Worker& worker, std::shared_ptr<const ClusterEndpoint> endpoint,
               UpstreamTimeouts timeouts, UpstreamHooks hooks = {});
  ~UpstreamPool();
  UpstreamPool(const UpstreamPool&) = delete;
  UpstreamPool& operator=(const UpstreamPool&) = delete;

  /// 502 when the server cannot be reached or verified, 504 when that takes too long.
  Task<Result<Lease>> lease(Mode mode);
  /// The same without a wait: an idle connection, or why there cannot be one; nullopt when one has
  /// to be opened.
  std::optional<Result<Lease>> lease_now(Mode mode);
  /// Closes idle connections that have died or grown too old (the pool does that by itself every
  /// 10 s), or all of them.
  void close_idle(bool all);
  std::size_t idle() const;
  std::size_t leased() const;

  const ClusterEndpoint& endpoint() const;
  UpstreamTimeouts timeouts() const;
  Worker& worker() const;
  const UpstreamHooks& hooks() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// A small whole answer, for postern's own calls.
struct FetchedResponse {
  unsigned status = 0;
  std::string content_type;
  std::string etag;
  std::string date;  ///< the server's clock, as it wrote it
  std::string body;
};

/// One call with postern's own credential or, with `Impersonate-…` among the fields, in somebody's
/// name; the body of the answer is held, up to `max_bytes` (else 502). `target` is path and query,
/// in front of which the endpoint's base path comes.
///
/// It is made again once on a fresh connection when a pooled one was stale, and once more when the
/// cluster refused the credential and reading its file again brought another one: so only for calls
/// that do no harm when they are made twice. Any final status is an answer; errors are 502, 504.
/// `pool` must outlive the call.
Task<Result<FetchedResponse>> fetch(UpstreamPool& pool, std::string_view method, std::string target,
                                    std::vector<std::pair<std::string, std::string>> fields,
                                    std::string body, std::size_t max_bytes);

}  // namespace postern::proxy
