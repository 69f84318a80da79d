#include "proxy/access/logins/invite.h"
#include "proxy/access/state/documents.h"
#include "proxy/access/state/random_names.h"
#include "proxy/access/state/state_impl.h"

#include <algorithm>
#include <set>
#include <utility>

// How users log in, and the first administrator.
namespace postern::proxy::access {
namespace {

constexpr std::string_view kAdministrator = "admin";
constexpr std::chrono::seconds kMaxInviteTtl = std::chrono::hours(168);

bool can_administer(const rbac::request::Person& person) {
  return rbac::request::administers(person, "role", "create") &&
         rbac::request::administers(person, "user", "create");
}

}  // namespace

StoredLogin AccessState::Impl::usable_login(const std::string& user) const {
  const auto found = logins.find(user);
  const rbac::StaticRights rights = policy.load()->static_rights({user, {}, ""});
  return found == logins.end() || !rights.known || rights.locked ? StoredLogin() : found->second;
}

Result<IssuedInvite> AccessState::Impl::issue_invite(const std::string& user,
                                                     std::chrono::seconds ttl, bool first,
                                                     bool reset) {
  const auto known = logins.find(user);
  StoredLogin login = known == logins.end() ? StoredLogin() : known->second;
  const Invite invite = make_invite();
  login.invite = invite.digest;
  login.invite_ends = now() + std::chrono::duration_cast<TimePoint::duration>(ttl);
  login.first = first;
  if (reset) login.password.clear();
  const std::string kind(kLoginKind);
  std::vector<Write> writes{known == logins.end() ? Write::create(kind, user, encode(login))
                                                  : Write::update(kind, user, encode(login), {})};
  if (reset) add_ends_of_password(user, writes);
  auto done = commit(writes);
  if (!done) {
    return fail(std::move(done.error()));
  }
  return IssuedInvite{user, invite.text, login.invite_ends};
}

/// Sessions that were opened by the password, and those that they made.
void AccessState::Impl::add_ends_of_password(const std::string& user,
                                             std::vector<Write>& writes) const {
  std::set<std::string> ends;
  for (const auto& [id, session] : sessions) {
    if (session->user.name != user || !session->by_password) continue;
    for (std::string& one : family(id)) ends.insert(std::move(one));
  }
  for (const std::string& id : ends) {
    if (writes.size() < kMaxWrites) writes.push_back(Write::remove(std::string(kSessionKind), id));
  }
}

/// Whether it can be proved, now or by an invite that somebody has, who `user` is.
bool AccessState::Impl::can_log_in(const std::string& user) const {
  const auto login = logins.find(user);
  if (login != logins.end() && login->second.first) return false;  // see ensure_administrator()
  if (login != logins.end() && !login->second.password.empty()) return true;
  if (login != logins.end() && !login->second.invite.empty() && login->second.invite_ends > now()) {
    return true;
  }
  return std::any_of(options.proved_otherwise.begin(), options.proved_otherwise.end(),
                     [&](const auto& prefix) { return user.starts_with(prefix); });
}

bool AccessState::Impl::somebody_administers() const {
  const auto& names = users.in_force();
  const auto& groups = options.group_roles;
  return std::any_of(
             names.begin(), names.end(),
             [&](const auto& user) {
               return can_log_in(user.first) && can_administer(person({user.first, {}, ""}));
             }) ||
         // Groups are proved by other authenticators alone.
         (!options.proved_otherwise.empty() &&
          std::any_of(groups.begin(), groups.end(), [&](const auto& group) {
            return can_administer(person({"", {group.first}, ""}));
          }));
}

/// Who gets the first login: whoever was given one already, else the first by name who may
/// administer, else nobody.
std::optional<std::string> AccessState::Impl::first_administrator() const {
  std::optional<std::string> found;
  for (const auto& [name, user] : users.in_force()) {
    if (!can_administer(person({name, {}, ""}))) continue;
    const auto login = logins.find(name);
    if (login != logins.end() && login->second.first) return name;
    if (!found) found = name;
  }
  return found;
}

std::string AccessState::Impl::free_administrator_name() const {
  // A user of that name who may not administer, or is locked, stays as they are.
  std::string name(kAdministrator);
  for (int i = 2; users.in_force().contains(name); ++i) {
    name = std::string(kAdministrator) + "-" + std::to_string(i);
  }
  return name;
}

Result<std::optional<IssuedInvite>> AccessState::Impl::ensure_administrator() {
  if (!options.local_users || somebody_administers()) {
    return std::nullopt;
  }
  const auto known = first_administrator();
  const std::string name = known ? *known : free_administrator_name();
  if (!known) {
    auto made = make_administrator(name);
    if (!made && options.shared_store && made.error().code == 409) {
      return std::nullopt;  // another replica was faster
    }
    if (!made) {
      return fail(std::move(made.error()));
    }
  }
  const auto login = logins.find(name);
  if (options.shared_store && login != logins.end() && login->second.invite_ends > now()) {
    log.info("nobody can administer this postern yet: another replica has the one-time login",
             {{"user", name}});
    return std::nullopt;
  }
  auto invite = issue_invite(name, options.first_invite_ttl, true);
  if (!invite && options.shared_store && invite.error().code == 409) {
    return std::nullopt;  // another replica was faster
  }
  if (!invite) {
    return fail(std::move(invite.error()));
  }
  audit({}, "user.invite", name, "why", "nobody can administer yet");
  return std::optional<IssuedInvite>(std::move(*invite));
}

Result<void> AccessState::Impl::make_administrator(const std::string& name) {
  auto user = read_user(R"({"kind":"user","version":"v2","metadata":{"name":")" + name +
                        R"("},"spec":{"roles":["editor"]}})");
  if (!user) {
    return fail(std::move(user.error()));
  }
  user->meta.uid = random_uid();
  user->meta.created = now();
  auto done = commit({Write::create(std::string(kUserKind), name, encode(*user))});
  if (done) {
    audit({}, "user.create", name, "why", "nobody can administer yet");
  }
  return done;
}

Result<IssuedInvite> AccessState::invite(const Caller& caller, std::string_view user,
                                         const InviteDocument& document) {
  Impl& impl = *impl_;
  if (auto may = impl.require(caller, "user", "update", "accessusers", user); !may) {
    return fail(std::move(may.error()));
  }
  if (!impl.users.in_force().contains(user)) {
    return fail(not_found("accessusers", user));
  }
  if (!impl.options.local_users) {
    return fail(kube::Status::forbidden(
        "logins by password are turned off here (authentication.localUsers)"));
  }
  const auto ttl = document.ttl.value_or(impl.options.invite_ttl);
  if (document.ttl && (ttl <= std::chrono::seconds(0) || ttl > kMaxInviteTtl)) {
    return fail(invalid_object(
        "AccessInvite", user,
        {{"FieldValueInvalid", "must be more than nothing, and at most 168h", "spec.ttl"}}));
  }
  auto invite = impl.issue_invite(std::string(user), ttl, false, document.reset);
  if (invite) {
    impl.audit(caller, document.reset ? "user.reset" : "user.invite", user);
  }
  return invite;
}

Result<std::optional<IssuedInvite>> AccessState::ensure_administrator() {
  return impl_->ensure_administrator();
}

}  // namespace postern::proxy::access
