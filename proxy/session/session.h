#pragma once

#include "proxy/session/client_connection.h"
#include "proxy/session/proxied_request.h"
#include "proxy/session/worker_state.h"

#include <memory>

namespace postern::proxy {

/// One client's connection, from its first byte to its end.
///
/// session.cc is the life of a request, in order; the steps themselves are in admission.h (who,
/// what, may they), forward.h (to the API server) and the relays (back to the client).
class Session {
 public:
  Session(WorkerState& state, std::unique_ptr<Stream> client);

  /// Serves requests until the connection ends. Bugs (exceptions) end this connection only.
  Task<void> run();

 private:
  Task<void> serve_requests();
  Task<Result<std::optional<http::RequestHead>>> next_head();
  /// True when the connection may serve another request.
  Task<bool> serve(ProxiedRequest& request);
  Task<Result<void>> carry_out(ProxiedRequest& request);
  Task<Result<void>> identify(ProxiedRequest& request);
  Task<Result<void>> carry_to_cluster(ProxiedRequest& request);
  Task<Result<void>> answer_from_cluster(ProxiedRequest& request);
  Task<bool> refuse(ProxiedRequest& request, kube::Status status);
  Task<void> refuse_head(const kube::Status& status);
  void account(ProxiedRequest& request);
  /// It came in by the plain listener; every other one has TLS.
  bool on_loopback() { return stream_->tls() == nullptr; }

  WorkerState& state_;
  std::unique_ptr<Stream> stream_;
  ClientConnection client_;
  GaugeHold counted_;   ///< idle or active
  bool is_new_ = true;  ///< no request has come yet
};

}  // namespace postern::proxy
