#include "proxy/access/kubernetes/local_copy.h"

#include "proxy/access/store/store_errors.h"

#include <algorithm>
#include <set>
#include <utility>

// Tested by tests/proxy/access/kubernetes/local_copy_test.cc
namespace postern::proxy::access {
namespace {

std::size_t bytes_of(const Change& change) {
  return change.object.kind.size() + change.object.name.size() + change.object.data.size();
}

Refusal refusal_of(const ResourceKind& kind, const CustomResource& resource) {
  const auto refusal = [&](const char* reason, const char* why) {
    return Refusal{kind.resource, resource.object_name, reason, why};
  };
  if (resource.name.empty()) return refusal("Unreadable", "its spec cannot be read");
  if (object_name_of(resource.name) != resource.object_name) {
    return refusal("Copy", "it is a copy of another one");
  }
  if (resource.seal.empty()) return refusal("NoSeal", "it has no seal");
  return refusal("OtherState", "its seal is not of this object in this state");
}

}  // namespace

LocalCopy::LocalCopy(std::vector<ResourceKind> kinds, Sealer sealer, HistoryLimits limits,
                     std::function<void(const Refusal&)> refused)
    : kinds_(std::move(kinds)),
      sealer_(sealer),
      limits_(limits),
      refused_(std::move(refused)),
      contents_(kinds_.size()) {}

std::optional<std::size_t> LocalCopy::index_of(std::string_view kind) const {
  const auto found = std::find_if(kinds_.begin(), kinds_.end(),
                                  [kind](const ResourceKind& each) { return each.kind == kind; });
  if (found == kinds_.end()) return std::nullopt;
  return static_cast<std::size_t>(found - kinds_.begin());
}

void LocalCopy::replace(std::size_t kind, std::vector<CustomResource> all, Version listed,
                        bool alone) {
  Told told;
  {
    const std::lock_guard lock(mutex_);
    Kind& here = contents_.at(kind);
    if (here.listed && !alone && listed <= here.progress.reached) return;
    std::set<std::string> names;
    for (const CustomResource& resource : all) names.insert(resource.object_name);
    std::vector<std::string> gone;
    for (const auto& [name, known] : here.known) {
      if (!names.contains(name)) gone.push_back(name);
    }
    // When they went is not known. They come first, with the version that watchers have already:
    // whoever goes on from it elsewhere gets all of this again, and misses nothing.
    for (const std::string& name : gone) drop(kind, name, here.progress.reached, told);
    if (here.listed && !gone.empty()) here.progress.whole_after = here.progress.reached + 1;
    std::sort(all.begin(), all.end(),
              [](const auto& a, const auto& b) { return a.version < b.version; });
    for (CustomResource& resource : all) put(kind, std::move(resource), told);
    if (!here.listed || listed < here.progress.reached) here.progress.whole_after = listed;
    here.progress.reached = listed;
    here.listed = true;
  }
  tell(told);
}

void LocalCopy::take(std::size_t kind, CustomResource resource) {
  Told told;
  {
    const std::lock_guard lock(mutex_);
    Kind& here = contents_.at(kind);
    const Version version = resource.version;
    if (version <= here.progress.reached) return;  // a list was faster
    put(kind, std::move(resource), told);
    here.progress.reached = version;
  }
  tell(told);
}

void LocalCopy::take_removal(std::size_t kind, CustomResource resource) {
  Told told;
  {
    const std::lock_guard lock(mutex_);
    Kind& here = contents_.at(kind);
    if (resource.version <= here.progress.reached) return;
    drop(kind, resource.object_name, resource.version, told);
    here.progress.reached = resource.version;
  }
  tell(told);
}

void LocalCopy::take_bookmark(std::size_t kind, Version version) {
  const std::lock_guard lock(mutex_);
  Version& reached = contents_.at(kind).progress.reached;
  reached = std::max(reached, version);
}

void LocalCopy::put(std::size_t kind, CustomResource resource, Told& told) {
  Kind& here = contents_[kind];
  const auto found = here.known.find(resource.object_name);
  if (found != here.known.end() && found->second.resource.version == resource.version) return;
  KnownResource now;
  now.verdict = judge(sealer_, kinds_[kind].kind, resource);
  StoredObject object{kinds_[kind].kind, resource.name, resource.version, std::move(resource.data)};
  now.resource = std::move(resource);
  now.resource.data.clear();
  const KnownResource* before = found == here.known.end() ? nullptr : &found->second;
  note_refusal(kind, now, before, told);
  // What was there before may have another name, when somebody changed it.
  const bool was_present = before != nullptr && before->verdict == Verdict::kPresent;
  if (now.verdict == Verdict::kPresent) {
    here.present[object.name] = object;
    remember({was_present ? Change::Type::kModified : Change::Type::kAdded, std::move(object)},
             told);
  } else if (was_present) {
    auto node = here.present.extract(before->resource.name);
    node.mapped().version = now.resource.version;
    remember({Change::Type::kRemoved, std::move(node.mapped())}, told);
  }
  std::string name = now.resource.object_name;
  here.known[std::move(name)] = std::move(now);
}

void LocalCopy::drop(std::size_t kind, const std::string& object_name, Version version,
                     Told& told) {
  Kind& here = contents_[kind];
  const auto found = here.known.find(object_name);
  if (found == here.known.end()) return;
  if (found->second.verdict == Verdict::kPresent) {
    // postern writes a sealed `removed` before it deletes. After a gap it may have gone unseen.
    if (version != here.progress.reached) {
      told.refusals.push_back(
          {kinds_[kind].resource, object_name, "Deleted", "somebody deleted it past postern"});
    }
    auto node = here.present.extract(found->second.resource.name);
    node.mapped().version = version;
    remember({Change::Type::kRemoved, std::move(node.mapped())}, told);
  }
  here.known.erase(found);
}

void LocalCopy::note_refusal(std::size_t kind, const KnownResource& now,
                             const KnownResource* before, Told& told) const {
  if (now.verdict != Verdict::kForged) return;
  if (before != nullptr && before->verdict == Verdict::kForged &&
      before->resource.generation == now.resource.generation) {
    return;
  }
  told.refusals.push_back(refusal_of(kinds_[kind], now.resource));
}

void LocalCopy::remember(Change change, Told& told) {
  if (!contents_[*index_of(change.object.kind)].listed) return;
  told.changed = true;
  ++number_;
  history_bytes_ += bytes_of(change);
  history_.push_back(std::move(change));
  while (history_.size() > limits_.changes || history_bytes_ > limits_.bytes) {
    history_bytes_ -= bytes_of(history_.front());
    history_.pop_front();
  }
}

void LocalCopy::tell(const Told& told) const {
  for (const Refusal& refusal : told.refusals) refused_(refusal);
  if (told.changed) wake_ups_.wake();
}

std::optional<KnownResource> LocalCopy::known(std::size_t kind,
                                              const std::string& object_name) const {
  const std::lock_guard lock(mutex_);
  const Kind& here = contents_.at(kind);
  const auto found = here.known.find(object_name);
  if (found == here.known.end()) return std::nullopt;
  return found->second;
}

std::vector<CustomResource> LocalCopy::leftovers(std::size_t kind) const {
  const std::lock_guard lock(mutex_);
  std::vector<CustomResource> left;
  for (const auto& [name, known] : contents_.at(kind).known) {
    if (known.verdict == Verdict::kRemoved || known.verdict == Verdict::kUnfinished) {
      left.push_back(known.resource);
    }
  }
  return left;
}

std::vector<LocalCopy::Forged> LocalCopy::forged(std::size_t kind) const {
  const std::lock_guard lock(mutex_);
  std::vector<Forged> forged;
  for (const auto& [name, known] : contents_.at(kind).known) {
    if (known.verdict != Verdict::kForged) continue;
    forged.push_back({known.resource, refusal_of(kinds_[kind], known.resource)});
  }
  return forged;
}

bool LocalCopy::complete() const {
  const std::lock_guard lock(mutex_);
  return std::all_of(contents_.begin(), contents_.end(),
                     [](const Kind& kind) { return kind.listed; });
}

Result<StoredObject> LocalCopy::get(std::string_view kind, std::string_view name) const {
  const auto index = index_of(kind);
  const std::lock_guard lock(mutex_);
  if (!index) return fail(object_not_found(kind, name));
  const auto& present = contents_[*index].present;
  const auto found = present.find(name);
  if (found == present.end()) return fail(object_not_found(kind, name));
  return found->second;
}

Result<Listing> LocalCopy::list(std::string_view kind, std::string_view after,
                                std::size_t limit) const {
  const auto index = index_of(kind);
  const std::lock_guard lock(mutex_);
  Listing listing;
  listing.version = number_;
  if (!index) return listing;
  const auto& present = contents_[*index].present;
  for (auto at = present.upper_bound(after); at != present.end(); ++at) {
    if (limit != 0 && listing.objects.size() == limit) {
      listing.more = true;
      break;
    }
    listing.objects.push_back(at->second);
  }
  return listing;
}

Result<Changes> LocalCopy::changes_since(Version number, std::size_t limit) const {
  const std::lock_guard lock(mutex_);
  if (number > number_) return fail(version_too_new(number, number_));
  if (number < number_ - history_.size()) return fail(version_too_old(number, number_));
  Changes changes;
  const std::size_t later = static_cast<std::size_t>(number_ - number);
  const std::size_t count = limit == 0 ? later : std::min(later, limit);
  const auto from = history_.end() - static_cast<std::ptrdiff_t>(later);
  changes.changes.assign(from, from + static_cast<std::ptrdiff_t>(count));
  changes.version = number + count;
  changes.more = count < later;
  return changes;
}

Version LocalCopy::number() const {
  const std::lock_guard lock(mutex_);
  return number_;
}

Progress LocalCopy::progress(std::string_view kind) const {
  const auto index = index_of(kind);
  const std::lock_guard lock(mutex_);
  return index ? contents_[*index].progress : Progress{number_, 0};
}

}  // namespace postern::proxy::access
