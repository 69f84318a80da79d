#include "proxy/access/state/random_names.h"
#include "proxy/access/state/state_impl.h"

#include <algorithm>
#include <utility>

// What the store has, decoded: one way in for own writes, foreign ones and the start.
namespace postern::proxy::access {
namespace {

using rbac::request::State;

constexpr std::string_view kReadKinds[] = {kRequestKind, kRoleKind, kUserKind, kLoginKind,
                                           kSessionKind};

struct ShownKind {
  StateChange::Kind kind;
  std::string_view stored;
  std::string_view resource;  ///< of the access API
};
/// Clusters come from no kind of the store; their versions are those of marks.
constexpr ShownKind kShownKinds[] = {{StateChange::Kind::kRequest, kRequestKind, "accessrequests"},
                                     {StateChange::Kind::kRole, kRoleKind, "accessroles"},
                                     {StateChange::Kind::kUser, kUserKind, "accessusers"},
                                     {StateChange::Kind::kSession, kSessionKind, "sessions"}};

/// Questions to the store about objects that are not here: each is a call to a cluster, and anybody
/// who is logged in can cause it.
constexpr int kLooksInASecond = 20;

}  // namespace

AccessState::Impl::Impl(ObjectStore& with_store, StateOptions with_options, Log& with_log,
                        Metrics* with_metrics)
    : store(with_store),
      options(std::move(with_options)),
      log(with_log),
      metrics(with_metrics),
      started(options.wall()),
      throttle({.seed = random_number()}) {}

void AccessState::Impl::note_store(const std::string& what) {
  const std::lock_guard lock(fault_mutex);
  if (what.empty()) {
    fault.reset();
  } else {
    fault = what;
  }
}

Result<void> AccessState::Impl::read_kind(std::string_view kind) {
  auto listing = store.list(kind);
  if (!listing) {
    return fail(std::move(listing.error()));
  }
  for (StoredObject& object : listing->objects) {
    apply({Change::Type::kAdded, std::move(object)});
  }
  return {};
}

Result<void> AccessState::Impl::load() {
  seen = store.version();
  for (const std::string_view kind : kReadKinds) {
    if (auto read = read_kind(kind); !read) {
      note_store(read.error().message);
      return read;
    }
  }
  catch_up();
  for (const ShownKind& each : kShownKinds) {
    changes.start_at(each.kind, shown_of(each.kind));
  }
  show(StateChange::Kind::kCluster, store.progress(kGivenKind).reached);
  changes.start_at(StateChange::Kind::kCluster, shown_of(StateChange::Kind::kCluster));
  return {};
}

void AccessState::Impl::show(StateChange::Kind kind, Version version) {
  Version& place = shown.at(static_cast<std::size_t>(kind));
  place = std::max(place, version);
}

std::vector<std::string> AccessState::Impl::names_of(std::string_view kind) const {
  std::vector<std::string> names;
  const auto add = [&names](const auto& map) {
    for (const auto& [name, object] : map) names.push_back(name);
  };
  if (kind == kRequestKind) add(requests);
  if (kind == kRoleKind) add(roles.stored());
  if (kind == kUserKind) add(users.stored());
  if (kind == kLoginKind) add(logins);
  if (kind == kSessionKind) add(sessions);
  return names;
}

Result<void> AccessState::Impl::read_again() {
  seen = store.version();
  for (const std::string_view kind : kReadKinds) {
    const Version reached = store.progress(kind).reached;
    for (const std::string& name : names_of(kind)) {
      if (!store.get(kind, name)) {
        apply({Change::Type::kRemoved, {std::string(kind), name, reached, {}}});
      }
    }
    if (auto read = read_kind(kind); !read) return read;
  }
  // Watchers were told of the outcome, not of the way: they begin anew.
  for (const ShownKind& each : kShownKinds) {
    changes.forget(each.kind, store.progress(each.stored).reached);
  }
  return {};
}

void AccessState::Impl::catch_up() {
  std::array<Progress, std::size(kShownKinds)> progress;
  for (std::size_t i = 0; i < progress.size(); ++i) {
    progress.at(i) = store.progress(kShownKinds[i].stored);
  }
  bool more = true;
  while (more) {
    const auto news = store.changes_since(seen, 1000);
    if (!news) {
      const auto read = news.error().code == 410 ? read_again() : fail(news.error());
      if (read) continue;
      note_store(read.error().message);
      log.error("the store cannot be read", {{"why", read.error().message}});
      break;
    }
    for (const Change& change : news->changes) {
      apply(change);
    }
    seen = std::max(seen, news->version);
    more = news->more;
  }
  for (std::size_t i = 0; i < progress.size(); ++i) {
    show(kShownKinds[i].kind, progress.at(i).reached);
    changes.forget(kShownKinds[i].kind, progress.at(i).whole_after);
  }
  settle();
}

bool AccessState::Impl::may_look() {
  const auto now = options.steady();
  if (now - looks_since >= std::chrono::seconds(1)) {
    looks_since = now;
    looks = 0;
  }
  return looks++ < kLooksInASecond;
}

bool AccessState::Impl::found_elsewhere(const kube::Status& missing) {
  if (!options.shared_store || missing.code != 404 || missing.details_name.empty()) return false;
  const auto shown_kind =
      std::find_if(std::begin(kShownKinds), std::end(kShownKinds),
                   [&](const ShownKind& each) { return each.resource == missing.details_kind; });
  if (shown_kind == std::end(kShownKinds)) return false;
  const auto is_here = [&] {
    return store.get(shown_kind->stored, missing.details_name).has_value();
  };
  const Version before = seen;
  catch_up();
  if (is_here()) return seen != before;  // else it is not for the caller to see
  if (!may_look() || !store.look_for(shown_kind->stored, missing.details_name)) {
    return false;
  }
  catch_up();
  return is_here();
}

void AccessState::Impl::look_for_decisions(const std::vector<std::string>& names) {
  if (!options.shared_store) return;
  bool looked = false;
  for (const std::string& name : names) {
    const auto found = requests.find(name);
    if (found == requests.end() || found->second->request.state != State::kPending) continue;
    if (!may_look()) break;
    looked = store.look_for(kRequestKind, name).has_value() || looked;
  }
  if (looked) catch_up();
}

Result<void> AccessState::Impl::commit(const std::vector<Write>& writes) {
  auto written = store.write(writes);
  if (written) {
    note_store("");
  } else if (written.error().code >= 500) {
    note_store(written.error().message);
    log.error("the store cannot be written", {{"why", written.error().message}});
    if (metrics != nullptr) {
      metrics->store_write_failed();
    }
  }
  // Also behind an error: whether it was written is not known then.
  catch_up();
  if (!written) {
    return fail(std::move(written.error()));
  }
  return {};
}

Version AccessState::Impl::mark(std::string_view what, const std::string& digest,
                                const std::vector<StateChange::Kind>& kinds) {
  const auto known = store.get(kGivenKind, what);
  const auto before = marked.find(what);
  // Another replica may have given the same before; whoever watches here must not have seen more.
  const bool is_new = before != marked.end() && before->second != digest;
  const bool above = std::all_of(kinds.begin(), kinds.end(), [&](StateChange::Kind kind) {
    return known && known->version > shown_of(kind);
  });
  marked.insert_or_assign(std::string(what), digest);
  if (known && known->data == digest && (!is_new || above)) {
    for (const StateChange::Kind kind : kinds) show(kind, known->version);
    return known->version;
  }
  const Write write = known ? Write::update(std::string(kGivenKind), std::string(what), digest, {})
                            : Write::create(std::string(kGivenKind), std::string(what), digest);
  const auto written = commit({write});
  static_cast<void>(written);  // without it watchers that begin just now may miss a change
  // What others wrote to these kinds before the mark has to be seen before it.
  for (const ShownKind& each : kShownKinds) {
    if (std::find(kinds.begin(), kinds.end(), each.kind) != kinds.end()) {
      static_cast<void>(store.refresh(each.stored));
    }
  }
  catch_up();
  const auto mine = store.get(kGivenKind, what);
  Version version = mine ? mine->version : 0;
  for (const StateChange::Kind kind : kinds) {
    if (!mine) version = std::max(version, shown_of(kind));
  }
  for (const StateChange::Kind kind : kinds) show(kind, version);
  return version;
}

void AccessState::Impl::settle() {
  if (policy_stale) {
    publish_policy();
    directory_stale = true;
  }
  if (directory_stale) {
    publish_directory();
    grants_stale = true;
  }
}

}  // namespace postern::proxy::access
