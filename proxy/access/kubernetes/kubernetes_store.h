#pragma once

#include "proxy/access/kubernetes/custom_resource.h"
#include "proxy/access/kubernetes/local_copy.h"
#include "proxy/access/store/object_store.h"
#include "proxy/crypto/continue_token.h"
#include "proxy/upstream/upstream.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace postern::proxy::access {
/// Where the custom resources are, and whom the store tells. Hooks outlive the store.
struct KubernetesStoreOptions {
  std::shared_ptr<const ClusterEndpoint> endpoint;
  std::string in_namespace = "postern";
  std::vector<ResourceKind> kinds;
  MasterKey::Bytes master{};  ///< what seals are made with; the same in every replica
  HistoryLimits history;
  std::string identity;  ///< of this process among the replicas; never used again
  std::function<Summary(const std::string& kind, const std::string& data)> summarize;
  std::function<void(const Refusal&)> refused;  ///< on the store's thread
  std::function<void(bool held)> leads;         ///< on the store's thread
  UpstreamHooks hooks;
};

/// Objects as custom resources of a cluster, for several replicas at once (docs/storage.md).
///
/// - A thread of its own keeps a copy of all of them by list and watch; reads are answered from it.
/// - A write returns when the copy shows it.
/// - Every object carries a seal that fits it in its present state alone (Sealer); without one it
///   does not exist.
/// - Versions are resourceVersions of the API server.
///
/// Versions of changes_since() and version() are numbers of this process.
class KubernetesStore : public ObjectStore {
 public:
  /// Starts at once to read. Until complete() it has nothing, and writes are 503.
  static std::unique_ptr<KubernetesStore> start(KubernetesStoreOptions options);

  /// Everything has been read once.
  virtual bool complete() const = 0;
  /// What is wrong with the cluster at present, in a sentence that says what to do about it.
  virtual std::optional<std::string> fault() const = 0;
  /// Gives the lease up and ends the thread. No other call may follow.
  virtual void stop() = 0;
};

}  // namespace postern::proxy::access
