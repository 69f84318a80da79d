#pragma once

#include "proxy/net/worker.h"
#include "proxy/upstream/cluster_endpoint.h"
#include "proxy/upstream/upstream.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace postern::proxy {

/// Short-lived tokens of a service account, by which calls in users' names prove themselves
/// (`kubeClusters[].impersonator`): got by TokenRequest with postern's own credential (`create` on
/// `serviceaccounts/token` of that account), renewed when 80 % of their life are over, and at once
/// after the cluster refused one. They are in memory only.
///
/// Runs on one worker; `fault()` and `renew()` may be called from any thread. Source: k8s.io/api
/// authentication/v1 TokenRequest; client-go's renewal of projected tokens (kubelet, 80 %).
class ServiceAccountToken : public CredentialIssuer {
 public:
  struct Options {
    std::string namespace_;
    std::string name;
    std::chrono::seconds lifetime{900};          ///< asked for; the API server's least is 600
    std::chrono::milliseconds first_retry{500};  ///< after a failure, doubled up to …
    std::chrono::milliseconds last_retry{10'000};
    std::chrono::milliseconds least_age{1'000};  ///< of a token that is replaced out of turn
  };

  /// Tokens go to `endpoints.impersonating`, which must have been made for them. `worker` must
  /// outlive this.
  ServiceAccountToken(Worker& worker, ClusterEndpoints endpoints, UpstreamTimeouts timeouts,
                      Options options, UpstreamHooks hooks);
  /// After stop(), and only when the worker's loop no longer runs or on its thread.
  ~ServiceAccountToken() override;
  ServiceAccountToken(const ServiceAccountToken&) = delete;
  ServiceAccountToken& operator=(const ServiceAccountToken&) = delete;

  /// Any thread.
  void start();
  void stop();

  /// Completes when there is another token than the refused one, or when none could be got. One
  /// call at a time for all who wait.
  Task<void> renew(Worker& caller, std::string refused) override;

  /// Why no token was got the last time; nullopt: one was. Any thread.
  std::optional<std::string> fault() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace postern::proxy
