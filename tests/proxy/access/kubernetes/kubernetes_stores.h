#pragma once

#include "proxy/access/kubernetes/kubernetes_store.h"
#include "proxy/access/store/store_errors.h"
#include "tests/proxy/access/store/store_words.h"

#include <map>
#include <memory>
#include <mutex>
#include <string>

#define STORES Kubernetes

namespace postern::proxy::access::testing {

/// A store over the API server of $KUBECONFIG, in a namespace of its own, whose versions are
/// counted from 1 as the contract's test does: nobody else writes there, so each write is the next
/// number.
struct Kubernetes {
  /// etcd takes 1.5 MiB with everything around it.
  static constexpr std::size_t kLargest = 1'400'000;
  static constexpr bool kFast = false;

  explicit Kubernetes(HistoryLimits limits = {});
  std::unique_ptr<ObjectStore> store;
};

}  // namespace postern::proxy::access::testing
