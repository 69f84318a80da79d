#pragma once

#include "proxy/access/kubernetes/kubernetes_store.h"
#include "proxy/access/kubernetes/shared_keys.h"
#include "proxy/config.h"
#include "proxy/observe/log.h"
#include "proxy/observe/metrics.h"
#include "proxy/self_check_board.h"
#include "proxy/upstream/upstream.h"

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace postern::proxy {

/// `storage: {type: kubernetes}`: the keys and the store that all replicas share, obtained at the
/// start however long that takes.
class KubernetesStorage {
 public:
  /// All references must outlive this.
  KubernetesStorage(const ProxyConfiguration& configuration,
                    std::shared_ptr<const ClusterEndpoint> endpoint, Log& log, Metrics& metrics,
                    UpstreamHooks hooks, SelfCheckBoard& board);

  /// Waits on this worker until the keys are there and the store has been read. What is in the way
  /// (no API server, no CRDs, no rights) is told in the log, by fault() and, with the rules
  /// that are missing, on the board; it can be put right while postern waits. The error is of this
  /// machine: `dataDir` cannot be written.
  Task<Loaded<void>> prepare(Worker& worker);

  /// After prepare().
  const MasterKey::Bytes& master() const { return keys_.master; }
  std::unique_ptr<access::ObjectStore> take_store();

  /// What is in the way, or wrong at present; nullopt: nothing. Any thread.
  std::optional<std::string> fault() const;

 private:
  Task<Result<void>> obtain_keys(UpstreamPool& pool);
  Task<void> pause(UpstreamPool& pool, std::string why);
  Task<void> look_for_missing_rights(UpstreamPool& pool);
  access::KubernetesStoreOptions store_options() const;
  access::SharedKeys offer() const;
  Loaded<void> write_authority() const;
  void set_fault(std::optional<std::string> fault);

  const ProxyConfiguration& configuration_;
  std::shared_ptr<const ClusterEndpoint> endpoint_;
  Log& log_;
  Metrics& metrics_;
  UpstreamHooks hooks_;
  SelfCheckBoard& board_;
  std::optional<Clock::time_point> rights_asked_;
  std::vector<Problem> missing_;  ///< as it was when that was asked
  access::SharedKeys keys_;
  std::unique_ptr<access::KubernetesStore> owned_;
  mutable std::mutex mutex_;
  std::optional<std::string> fault_ = "the store has not been read yet";  ///< under mutex_
  access::KubernetesStore* store_ = nullptr;                              ///< under mutex_
};

}  // namespace postern::proxy
