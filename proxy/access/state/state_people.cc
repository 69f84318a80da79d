#include "kube/text.h"
#include "proxy/access/state/documents.h"
#include "proxy/access/state/name_reach.h"
#include "proxy/access/state/random_names.h"
#include "proxy/access/state/state_impl.h"

#include <algorithm>
#include <utility>

// Writes of roles and users: one way for both, and what differs.
namespace postern::proxy::access {

namespace {

std::string read_only(const std::string& file) {
  return "it is given by " + (file.empty() ? std::string("a preset") : file) +
         " and read-only here";
}

}  // namespace

Result<void> AccessState::Impl::require_unlocked(const Caller& caller, std::string_view verb,
                                                 std::string_view plural,
                                                 std::string_view name) const {
  if (policy.load()->static_rights(caller.user).locked) {
    return fail(refused(caller.user.name, verb, plural, name, "the user is locked"));
  }
  return {};
}

Result<void> AccessState::Impl::require(const Caller& caller, std::string_view resource,
                                        std::string_view verb, std::string_view plural,
                                        std::string_view name) const {
  if (auto unlocked = require_unlocked(caller, verb, plural, name); !unlocked) {
    return unlocked;
  }
  if (!reaches_all(caller.user, clusters)) {
    return fail(refused(caller.user.name, verb, plural, name, reach_sentence(caller.user)));
  }
  if (!rbac::request::administers(person(caller.user), resource, verb)) {
    return fail(refused(caller.user.name, verb, plural, name,
                        "none of the user's roles has a rule for it (rules: " +
                            std::string(resource) + ", " + std::string(verb) + ")"));
  }
  return {};
}

// What differs between roles and users. --------------------------------------------------------

template <>
struct AccessState::Impl::PeopleKind<RoleObject> {
  static constexpr std::string_view kResource = "role";
  static constexpr std::string_view kPlural = "accessroles";
  static constexpr std::string_view kStored = kRoleKind;
  static constexpr std::string_view kKind = "AccessRole";
  static Layers<RoleObject>& layers(Impl& impl) { return impl.roles; }
  static Result<RoleObject> read(const std::string& text) { return read_role(text); }
  static Result<void> check(const Impl&, const RoleObject&) { return {}; }
  static Result<void> check_delete(const Impl& impl, const RoleObject& role) {
    if (impl.roles.given(role.meta.name) != nullptr) return {};  // a preset takes its place
    for (const auto& [name, user] : impl.users.in_force()) {
      const auto& has = user->user->roles;
      if (std::find(has.begin(), has.end(), role.meta.name) != has.end()) {
        return fail(conflict(kPlural, role.meta.name, "user " + kube::quoted(name) + " has it"));
      }
    }
    for (const auto& [group, has] : impl.options.group_roles) {
      if (std::find(has.begin(), has.end(), role.meta.name) != has.end()) {
        return fail(conflict(kPlural, role.meta.name, "group " + kube::quoted(group) + " has it"));
      }
    }
    return {};
  }
  static Result<void> remove(Impl& impl, const Caller&, const RoleObject& role) {
    return impl.commit({Write::remove(std::string(kStored), role.meta.name, role.meta.version)});
  }
};

template <>
struct AccessState::Impl::PeopleKind<UserObject> {
  static constexpr std::string_view kResource = "user";
  static constexpr std::string_view kPlural = "accessusers";
  static constexpr std::string_view kStored = kUserKind;
  static constexpr std::string_view kKind = "AccessUser";
  static Layers<UserObject>& layers(Impl& impl) { return impl.users; }
  static Result<UserObject> read(const std::string& text) { return read_user(text); }
  static Result<void> check(const Impl& impl, const UserObject& user) {
    std::vector<kube::StatusCause> causes;
    const auto& names = user.user->roles;
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (!impl.roles.in_force().contains(names[i])) {
        causes.push_back({"FieldValueNotFound", "there is no role " + kube::quoted(names[i]),
                          "spec.roles[" + std::to_string(i) + "]"});
      }
    }
    if (causes.empty()) return {};
    return fail(invalid_object(kKind, user.meta.name, std::move(causes)));
  }
  static Result<void> check_delete(const Impl&, const UserObject&) { return {}; }
  static Result<void> remove(Impl& impl, const Caller& caller, const UserObject& user) {
    return impl.remove_user(caller, user);
  }
};

namespace {

template <typename T>
Result<std::shared_ptr<const T>> in_force(const Layers<T>& layers, std::string_view plural,
                                          std::string_view name) {
  const auto found = layers.in_force().find(name);
  if (found == layers.in_force().end()) return fail(not_found(plural, name));
  return found->second;
}

template <typename T>
Result<void> require_stored(const T& object, std::string_view user, std::string_view verb,
                            std::string_view plural) {
  if (object.origin == Origin::kStore) return {};
  return fail(refused(user, verb, plural, object.meta.name, read_only(object.file)));
}

}  // namespace

template <typename T>
Result<std::shared_ptr<const T>> AccessState::Impl::create_object(const Caller& caller,
                                                                  const std::string& document,
                                                                  bool dry_run) {
  using Kind = PeopleKind<T>;
  if (auto may = require(caller, Kind::kResource, "create", Kind::kPlural, ""); !may) {
    return fail(std::move(may.error()));
  }
  auto object = Kind::read(document);
  if (!object) return fail(std::move(object.error()));
  const std::string name = object->meta.name;
  Layers<T>& layers = Kind::layers(*this);
  if (const auto given = layers.given(name); given != nullptr && given->origin == Origin::kFile) {
    return fail(refused(caller.user.name, "create", Kind::kPlural, name, read_only(given->file)));
  }
  if (layers.stored().contains(name)) {
    kube::Status exists =
        kube::Status::conflict(std::string(Kind::kPlural) + "." + std::string(kGroup) + " " +
                               kube::quoted(name) + " already exists");
    exists.reason = "AlreadyExists";
    return fail(std::move(exists));
  }
  if (auto checked = Kind::check(*this, *object); !checked) return fail(std::move(checked.error()));
  object->meta.uid = random_uid();
  object->meta.created = now();
  if (dry_run) return std::make_shared<const T>(std::move(*object));
  auto done = commit({Write::create(std::string(Kind::kStored), name, encode(*object))});
  if (!done) return fail(std::move(done.error()));
  audit(caller, std::string(Kind::kResource) + ".create", name);
  return in_force(layers, Kind::kPlural, name);
}

template <typename T>
Result<std::shared_ptr<const T>> AccessState::Impl::update_object(
    const Caller& caller, std::string_view name, const std::string& document,
    const Preconditions& preconditions, bool dry_run) {
  using Kind = PeopleKind<T>;
  if (auto may = require(caller, Kind::kResource, "update", Kind::kPlural, name); !may) {
    return fail(std::move(may.error()));
  }
  Layers<T>& layers = Kind::layers(*this);
  const auto held = in_force(layers, Kind::kPlural, name);
  if (!held) return fail(held.error());
  const T& before = **held;
  if (auto own = require_stored(before, caller.user.name, "update", Kind::kPlural); !own) {
    return fail(std::move(own.error()));
  }
  auto checked = check_preconditions(before.meta, preconditions, Kind::kPlural);
  if (!checked) return fail(std::move(checked.error()));
  auto object = Kind::read(document);
  if (!object) return fail(std::move(object.error()));
  if (object->meta.name != name) {
    return fail(invalid_object(Kind::kKind, name,
                               {{"FieldValueInvalid", "is immutable", "metadata.name"}}));
  }
  checked = Kind::check(*this, *object);
  if (!checked) return fail(std::move(checked.error()));
  object->meta.uid = before.meta.uid;
  object->meta.created = before.meta.created;
  object->meta.generate_name = before.meta.generate_name;
  object->meta.version = before.meta.version;
  if (dry_run) return std::make_shared<const T>(std::move(*object));
  auto done = commit({Write::update(std::string(Kind::kStored), std::string(name), encode(*object),
                                    before.meta.version)});
  if (!done) return fail(std::move(done.error()));
  audit(caller, std::string(Kind::kResource) + ".update", name);
  return in_force(layers, Kind::kPlural, name);
}

template <typename T>
Result<std::shared_ptr<const T>> AccessState::Impl::delete_object(
    const Caller& caller, std::string_view name, const Preconditions& preconditions, bool dry_run) {
  using Kind = PeopleKind<T>;
  if (auto may = require(caller, Kind::kResource, "delete", Kind::kPlural, name); !may) {
    return fail(std::move(may.error()));
  }
  const auto held = in_force(Kind::layers(*this), Kind::kPlural, name);
  if (!held) return fail(held.error());
  const T& before = **held;
  if (auto own = require_stored(before, caller.user.name, "delete", Kind::kPlural); !own) {
    return fail(std::move(own.error()));
  }
  auto checked = check_preconditions(before.meta, preconditions, Kind::kPlural);
  if (checked) checked = Kind::check_delete(*this, before);
  if (!checked) return fail(std::move(checked.error()));
  if (dry_run) return *held;
  auto done = Kind::remove(*this, caller, before);
  if (!done) return fail(std::move(done.error()));
  audit(caller, std::string(Kind::kResource) + ".delete", name);
  return *held;
}

Result<RolePtr> AccessState::create_role(const Caller& caller, const std::string& document,
                                         bool dry_run) {
  return impl_->create_object<RoleObject>(caller, document, dry_run);
}
Result<RolePtr> AccessState::update_role(const Caller& caller, std::string_view name,
                                         const std::string& document,
                                         const Preconditions& preconditions, bool dry_run) {
  return impl_->update_object<RoleObject>(caller, name, document, preconditions, dry_run);
}
Result<RolePtr> AccessState::delete_role(const Caller& caller, std::string_view name,
                                         const Preconditions& preconditions, bool dry_run) {
  return impl_->delete_object<RoleObject>(caller, name, preconditions, dry_run);
}
Result<UserPtr> AccessState::create_user(const Caller& caller, const std::string& document,
                                         bool dry_run) {
  return impl_->create_object<UserObject>(caller, document, dry_run);
}
Result<UserPtr> AccessState::update_user(const Caller& caller, std::string_view name,
                                         const std::string& document,
                                         const Preconditions& preconditions, bool dry_run) {
  return impl_->update_object<UserObject>(caller, name, document, preconditions, dry_run);
}
Result<UserPtr> AccessState::delete_user(const Caller& caller, std::string_view name,
                                         const Preconditions& preconditions, bool dry_run) {
  return impl_->delete_object<UserObject>(caller, name, preconditions, dry_run);
}

}  // namespace postern::proxy::access
