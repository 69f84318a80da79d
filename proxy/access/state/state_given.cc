#include "proxy/access/state/state_impl.h"
#include "rbac/request/sha256.h"

#include <utility>

// What files, presets and clusters give, joined with the store's roles and users.
namespace postern::proxy::access {

using rbac::request::Person;
using rbac::request::sha256_hex;

namespace {

/// An object that no store made: a UID that is always the same, and the time of the start.
template <typename T>
void complete_given(std::vector<T>& objects, std::string_view kind, TimePoint started) {
  for (T& object : objects) {
    const std::string hex = sha256_hex(std::string(kind) + "/" + object.meta.name);
    object.meta.uid = hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-8" + hex.substr(12, 3) + "-a" +
                      hex.substr(15, 3) + "-" + hex.substr(18, 12);
    object.meta.created = started;
  }
}

template <typename T>
void add_to_digest(std::string& text, const std::vector<T>& objects) {
  for (const T& object : objects) {
    text += object.file + '\0' + object.document + '\0';
  }
}

}  // namespace

template <typename T>
typename Layers<T>::Changed AccessState::Impl::changed(const Layers<T>& layers,
                                                       StateChange::Kind kind,
                                                       StateChange::Step<T> StateChange::*step,
                                                       std::string_view word) {
  return [this, &layers, kind, step, word](const std::string& name, std::shared_ptr<const T> before,
                                           std::shared_ptr<const T> now, Version version) {
    policy_stale = true;
    if (now != nullptr && now->origin == Origin::kFile && layers.stored().contains(name)) {
      log.warn("a " + std::string(word) +
                   " of the store counts no more, because a file has one of that name",
               {{word, name}, {"file", now->file}});
    }
    audit_file<T>(word, name, before, now);
    tell(kind, step, name, version, std::move(before), std::move(now));
  };
}

Layers<RoleObject>::Changed AccessState::Impl::role_changed() {
  return changed(roles, StateChange::Kind::kRole, &StateChange::role, "role");
}

Layers<UserObject>::Changed AccessState::Impl::user_changed() {
  return changed(users, StateChange::Kind::kUser, &StateChange::user, "user");
}

void AccessState::Impl::set_files(FileObjects files) {
  std::string text;
  add_to_digest(text, files.roles);
  add_to_digest(text, files.users);
  complete_given(files.roles, "role", started);
  complete_given(files.users, "user", started);
  const Version version =
      mark("files", sha256_hex(text), {StateChange::Kind::kRole, StateChange::Kind::kUser});
  roles.give(std::move(files.roles), version, role_changed());
  users.give(std::move(files.users), version, user_changed());
  files_given = true;
  settle();
  remake_all();
}

void AccessState::Impl::set_clusters(const std::vector<ClusterFacts>& facts) {
  std::vector<ClusterObject> changed;
  bool other_facts = false;
  for (const ClusterFacts& fact : facts) {
    ClusterFacts& known = cluster_facts[fact.name];
    other_facts |= known.catalog != fact.catalog || known.uid != fact.uid ||
                   known.labels != fact.labels || known.name.empty();
    known = fact;
    ClusterObject object;
    object.meta.name = fact.name;
    object.meta.labels = fact.labels;
    object.ready = fact.catalog != nullptr;
    object.reachable = fact.reachable;
    object.version = fact.version;
    object.is_default = fact.is_default;
    object.uid = fact.uid;
    const auto held = clusters.find(fact.name);
    const bool same = held != clusters.end() && held->second->meta.labels == fact.labels &&
                      held->second->ready == object.ready &&
                      held->second->reachable == object.reachable &&
                      held->second->version == fact.version && held->second->uid == fact.uid;
    if (!same) changed.push_back(std::move(object));
  }
  directory_stale |= other_facts;
  if (!changed.empty()) {
    take_over_clusters(std::move(changed));
  }
  if (other_facts) {
    remake_all();
  }
}

void AccessState::Impl::take_over_clusters(std::vector<ClusterObject> changed) {
  std::string text;
  for (const auto& [name, fact] : cluster_facts) {
    text += name + '\0' + fact.uid + '\0' + fact.version + '\0' +
            (fact.catalog != nullptr ? "ready" : "") + '\0' + (fact.reachable ? "reachable" : "") +
            '\0';
    for (const auto& [key, value] : fact.labels) text += key + '\0' + value + '\0';
  }
  const Version version = mark("clusters", sha256_hex(text), {StateChange::Kind::kCluster});
  complete_given(changed, "cluster", started);
  for (ClusterObject& object : changed) {
    object.meta.version = version;
    const ClusterPtr now = std::make_shared<const ClusterObject>(std::move(object));
    const ClusterPtr before = std::exchange(clusters[now->meta.name], now);
    tell(StateChange::Kind::kCluster, &StateChange::cluster, now->meta.name, version, before, now);
  }
}

void AccessState::Impl::publish_policy() {
  std::vector<std::shared_ptr<const rbac::Role>> all_roles;
  for (const auto& [name, role] : roles.in_force()) all_roles.push_back(role->role);
  std::vector<std::shared_ptr<const rbac::User>> all_users;
  for (const auto& [name, user] : users.in_force()) all_users.push_back(user->user);
  const std::shared_ptr<const rbac::Policy> before = policy.load();
  policy.publish(std::make_shared<const rbac::Policy>(options.cluster_name, all_roles, all_users,
                                                      options.group_roles, options.impersonation,
                                                      before.get()));
  policy_stale = false;
}

void AccessState::Impl::publish_directory() {
  auto fresh = std::make_shared<rbac::request::Directory>();
  fresh->cluster_name = options.cluster_name;
  fresh->roles = policy.load()->roles();
  for (const auto& [name, fact] : cluster_facts) {
    fresh->kube_clusters[name] = {fact.labels, fact.uid, fact.catalog};
  }
  directory.publish(std::move(fresh));
  directory_stale = false;
}

Person AccessState::Impl::person(const rbac::UserInfo& user) const {
  rbac::StaticRights rights = policy.load()->static_rights(user);
  return {user.name, std::move(rights.traits), std::move(rights.roles)};
}

}  // namespace postern::proxy::access
