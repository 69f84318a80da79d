#pragma once

#include "kube/result.h"
#include "proxy/http/codec.h"
#include "proxy/net/stream.h"

#include <chrono>
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
  std::optional<std::string> authorization() const;

  /// Reads the next final response head (1xx heads but 101 are skipped, at most 8 of them). Errors:
  /// 502 for a broken or closed connection (see `stale`), 504 when `first_byte` ran out.
  Task<Result<http::ResponseHead>> read_head(std::string_view request_method);
  /// After read_head() failed: nothing at all had come back.
  bool stale() const;
  /// The next piece of raw body bytes into the worker's buffer; empty at a clean end of stream.
  /// The view is valid until the next suspension of this coroutine's worker: use it up at once.
  /// Watches may wait forever: the caller arms deadlines.

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
               UpstreamTimeouts timeouts);
  ~UpstreamPool();

  /// 502 when the server cannot be reached or verified, 504 when that takes too long.
  Task<Result<Lease>> lease(Mode mode);
  /// Closes idle connections that are older than the endpoint's keep-alive limit, or all of them.
  void close_idle(bool all);
  std::size_t idle() const;
  std::size_t leased() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// A small whole answer, for postern's own calls.
struct FetchedResponse {
  unsigned status = 0;
  std::string content_type;
  std::string body;
};

/// One call with postern's own credential or, with `impersonate` fields, in somebody's name; the
/// body of the answer is held, up to `max_bytes` (else 502). Retries once on a stale pooled
/// connection.
Task<Result<FetchedResponse>> fetch(UpstreamPool& pool, std::string_view method, std::string target,
                                    std::vector<std::pair<std::string, std::string>> fields,
                                    std::string body, std::size_t max_bytes);

}  // namespace postern::proxy
