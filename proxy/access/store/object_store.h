#pragma once

#include "kube/result.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern::proxy::access {

/// Of an object: it grows with each write of its kind, over restarts and in all replicas alike, and
/// is what becomes `resourceVersion`. Of a store: a point in the life of the whole of it, as one
/// process has seen it; changes_since() goes on from there. In stores of one process both are the
/// same numbers. 0 is before the first write.
using Version = std::uint64_t;

/// An object of a store: opaque JSON text under (kind, name).
struct StoredObject {
  std::string kind;     ///< "accessrequest"
  std::string name;     ///< any bytes but NUL; compared byte by byte
  Version version = 0;  ///< of its last write
  std::string data;     ///< given back byte for byte; the store never looks inside
};

/// One change that is asked of a store, with what it rests on.
struct Write {
  enum class Action { kCreate, kUpdate, kRemove };

  Action action = Action::kCreate;
  std::string kind;
  std::string name;
  std::string data;                 ///< none for kRemove
  std::optional<Version> expected;  ///< nullopt: whatever is there; nothing may be for kCreate

  static Write create(std::string kind, std::string name, std::string data);
  static Write update(std::string kind, std::string name, std::string data,
                      std::optional<Version> expected);
  static Write remove(std::string kind, std::string name,
                      std::optional<Version> expected = std::nullopt);
};

/// One change that has happened.
struct Change {
  enum class Type { kAdded, kModified, kRemoved };

  Type type = Type::kAdded;
  /// As it is now; for kRemoved as it was, but for its version, which is that of the removal.
  StoredObject object;
};

/// The objects of one kind, or a page of them.
struct Listing {
  std::vector<StoredObject> objects;  ///< by name, byte order
  /// The store's at the time of reading: changes_since() it gives all that came later.
  Version version = 0;
  bool more = false;  ///< objects follow behind the last one
};

/// What is known of one kind, in versions of its objects.
struct Progress {
  /// Everything up to here is visible: the `resourceVersion` of a list of this kind.
  Version reached = 0;
  /// Changes behind this version came one by one; what lies before may have been missed (a store
  /// that lost its connection for too long sees the outcome only), so a watch may not begin there.
  Version whole_after = 0;
};
/// What happened after a version, or the first part of it.
struct Changes {
  std::vector<Change> changes;  ///< oldest first
  Version version = 0;          ///< from where to go on
  bool more = false;            ///< there is more already
};

/// What a store takes; more is 413. 1.5 MiB is what etcd takes as well.
inline constexpr std::size_t kMaxKindBytes = 63;
inline constexpr std::size_t kMaxNameBytes = 1024;
inline constexpr std::size_t kMaxDataBytes = 3 << 19;
inline constexpr std::size_t kMaxWrites = 1000;  ///< in one write()

/// How much a store remembers for changes_since().
struct HistoryLimits {
  std::size_t changes = 10'000;
  std::size_t bytes = 64 << 20;  ///< of kinds, names and data
};

/// Ends a subscription when it goes. Waits for a call of the callback that is under way, so it must
/// not be destroyed inside it, nor under a lock that the callback takes.
using Subscription = std::shared_ptr<void>;

/// Where requests, roles, users and sessions are kept. One interface for stores of this process
/// (MemoryStore, SqliteStore) and for one that several replicas share (custom resources).
///
/// **Threads.** Every method may be called from any thread, and calls may block: for a sync of the
/// disk, or for a round trip to a cluster. So nothing of it is called on a serving worker; one
/// thread (the access thread) reads and writes, keeps what it read decoded, and serves watches
/// from there. Reads are cheap in every implementation: one that talks to a cluster answers them
/// from a copy that its own thread keeps up to date.
///
/// **Durable.** When a write returns a value, it survives the end of the process and of the machine
/// (MemoryStore apart). In stores of one process all writes of one call happen, or none, and nobody
/// sees a part. In a shared one the preconditions of all are looked at first, then they happen in
/// their order: callers put first what takes access away, so that each beginning of the list is
/// safe. An error below 500 means that nothing happened. An error of 500 and above means that the
/// caller does not know: it reads again (get()) before it says or does anything that rests on the
/// outcome.
///
/// **Other writers.** Whoever wrote, own or foreign (another replica), a change comes out of
/// changes_since() once, in the order of its kind's versions (in stores of one process: in the
/// order of all versions), after which get() and list() show it too; the wake-ups of subscribe()
/// say when to look. A caller that has taken over the result of its own write knows its version and
/// skips what is not newer. Versions are not dense: numbers may be left out, so a caller compares
/// them and never counts them.
///
/// **Errors** are Kubernetes Status values with a sentence: 404 NotFound, 409 AlreadyExists, 409
/// Conflict, 410 Expired, 413, 422 for kinds and names that are none, 503 when the disk is full or
/// the store cannot be reached, 500 when it is damaged. `details` carry kind and name as stored.
class ObjectStore {
 public:
  virtual ~ObjectStore() = default;

  /// The object, or 404.
  virtual Result<StoredObject> get(std::string_view kind, std::string_view name) const = 0;

  /// The objects of a kind in the order of their names, behind `after` ("" from the first), at most
  /// `limit` (0: all). Pages are not of one moment: who needs the whole adds changes_since() the
  /// version of the first page.
  virtual Result<Listing> list(std::string_view kind, std::string_view after = {},
                               std::size_t limit = 0) const = 0;

  /// All of it or nothing; the versions that the objects got, in the order of `writes`, growing.
  /// 404 or 409 for the first that does not find what it rests on; 422 if two are about the same
  /// object.
  virtual Result<std::vector<Version>> write(const std::vector<Write>& writes) = 0;

  /// What happened after this version, at most `limit` changes (0: all). 410 when that is no longer
  /// remembered, and for a version that this store has not reached: list again.
  virtual Result<Changes> changes_since(Version version, std::size_t limit = 0) const = 0;

  /// That of the last change that is visible here.
  virtual Version version() const = 0;

  /// `wake` is called after every change that became visible, own ones too: on the writer's thread
  /// before write() returns, or on one of the store's. Several changes may give one call. It must
  /// neither block nor call the store: it posts to the thread that then asks changes_since().
  [[nodiscard]] virtual Subscription subscribe(std::function<void()> wake) = 0;

  /// Up to where this kind is known here; {version(), 0} for stores of this process.
  virtual Progress progress(std::string_view kind) const;

  /// Makes visible what anybody wrote to this kind before the call: nothing to do in stores of this
  /// process. 503 when the store cannot be reached.
  virtual Result<void> refresh(std::string_view kind);
  /// The same for one object that is not here, which costs less. That it is nowhere is no error.
  virtual Result<void> look_for(std::string_view kind, std::string_view name);

  /// The same without waiting: `done` is called once, on any thread, also before this returns; not
  /// at all when the store ends before.
  virtual void look_for_soon(std::string_view kind, std::string_view name,
                             std::function<void(Result<void>)> done);

  /// For how long nothing was heard from where the objects are kept; always 0 for stores of this
  /// process. Design §4: after 10 s what rests on a grant is answered with 503.
  virtual std::chrono::steady_clock::duration silence() const;

  /// Whether this process writes what is due because time passes (expiries, removals). Of replicas
  /// one does; for a moment it may be two, or none. Always true for stores of this process.
  virtual bool keeps_house() const;

  /// Single writes. create() is 409 AlreadyExists when there is such an object, update() and
  /// remove() are 404 when there is none, and 409 Conflict when it has another version.
  Result<Version> create(std::string_view kind, std::string_view name, std::string data);
  Result<Version> update(std::string_view kind, std::string_view name, std::string data,
                         std::optional<Version> expected);
  /// The version of the removal.
  Result<Version> remove(std::string_view kind, std::string_view name,
                         std::optional<Version> expected = std::nullopt);
};

}  // namespace postern::proxy::access
