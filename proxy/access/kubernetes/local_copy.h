#pragma once

#include "proxy/access/kubernetes/custom_resource.h"
#include "proxy/access/store/object_store.h"
#include "proxy/access/store/wake_ups.h"

#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace postern::proxy::access {

/// Why something in the cluster does not count, for the log and the metrics.
struct Refusal {
  std::string resource;     ///< plural
  std::string object_name;  ///< metadata.name
  std::string reason;       ///< one word: "OtherState"
  std::string why;
};

/// What a custom resource was when it was last seen.
struct KnownResource {
  CustomResource resource;  ///< without its data, which is among the objects
  Verdict verdict = Verdict::kForged;
};

/// The copy of all custom resources of one process, with a history of what became visible.
///
/// Events of one kind come in the order of resource versions, which are comparable within a kind;
/// those of different kinds come as they come (Kubernetes' own rule: "resource versions are
/// comparable within one resource type"). So every change has a number of this process beside its
/// resource version, and the numbers are what changes_since() counts by.
///
/// One thread writes (the store's worker), any may read.
class LocalCopy {
 public:
  /// `refused` is called on the writing thread, without a lock, for everything that newly does not
  /// count.
  LocalCopy(std::vector<ResourceKind> kinds, Sealer sealer, HistoryLimits limits,
            std::function<void(const Refusal&)> refused);

  // The writing thread. -------------------------------------------------------------------------

  /// The whole of a kind, as a list gave it. What is the same stays; the first one makes no
  /// history. Beside a watch that was faster it is nothing new; `alone`, without a watch, it is the
  /// truth, even when its version is older than what was known (etcd was restored).
  void replace(std::size_t kind, std::vector<CustomResource> all, Version listed,
               bool alone = true);
  void take(std::size_t kind, CustomResource resource);
  void take_removal(std::size_t kind, CustomResource resource);
  /// Nothing happened up to here.
  void take_bookmark(std::size_t kind, Version version);
  std::optional<KnownResource> known(std::size_t kind, const std::string& object_name) const;
  /// What is only waiting to be deleted: removed states, and blank
  /// objects whose maker never came back.
  std::vector<CustomResource> leftovers(std::size_t kind) const;
  /// What is there and does not count, with the reason.
  struct Forged {
    CustomResource resource;
    Refusal refusal;
  };
  std::vector<Forged> forged(std::size_t kind) const;

  // Any thread. ---------------------------------------------------------------------------------

  const std::vector<ResourceKind>& kinds() const { return kinds_; }
  std::optional<std::size_t> index_of(std::string_view kind) const;
  const Sealer& sealer() const { return sealer_; }
  /// Every kind has been listed once.
  bool complete() const;

  Result<StoredObject> get(std::string_view kind, std::string_view name) const;
  Result<Listing> list(std::string_view kind, std::string_view after, std::size_t limit) const;
  Result<Changes> changes_since(Version number, std::size_t limit) const;
  Version number() const;
  Progress progress(std::string_view kind) const;
  Subscription subscribe(std::function<void()> wake) { return wake_ups_.add(std::move(wake)); }

 private:
  struct Kind {
    std::unordered_map<std::string, KnownResource> known;  ///< by metadata.name
    std::map<std::string, StoredObject, std::less<>> present;
    Progress progress;
    bool listed = false;
  };
  /// What one step has to tell when the lock is gone.
  struct Told {
    std::vector<Refusal> refusals;
    bool changed = false;
  };

  void put(std::size_t kind, CustomResource resource, Told& told);
  void drop(std::size_t kind, const std::string& object_name, Version version, Told& told);
  void note_refusal(std::size_t kind, const KnownResource& now, const KnownResource* before,
                    Told& told) const;
  void remember(Change change, Told& told);
  void tell(const Told& told) const;

  const std::vector<ResourceKind> kinds_;
  const Sealer sealer_;
  const HistoryLimits limits_;
  const std::function<void(const Refusal&)> refused_;
  mutable std::mutex mutex_;  // guards all below
  std::vector<Kind> contents_;
  std::deque<Change> history_;  ///< the last one has number_
  std::size_t history_bytes_ = 0;
  Version number_ = 0;
  WakeUps wake_ups_;  // with a lock of its own
};

}  // namespace postern::proxy::access
