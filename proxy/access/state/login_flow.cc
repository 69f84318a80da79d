#include "proxy/access/state/login_flow.h"

#include "proxy/access/logins/invite.h"
#include "proxy/access/logins/password.h"
#include "proxy/access/state/documents.h"
#include "proxy/access/state/state_impl.h"

#include <utility>

// Tested by tests/proxy/access/state/login_test.cc
namespace postern::proxy::access {
namespace {

constexpr std::size_t kMaxUserBytes = 1024;

kube::Status invalid_login(const char* field, std::string why) {
  return invalid_object("Session", "", {{"FieldValueInvalid", std::move(why), field}});
}

}  // namespace

Result<void> LoginFlow::check(const AccessState& state, const LoginDocument& login) {
  if (!state.impl_->options.local_users) {
    return fail(kube::Status::forbidden(
        "logins by password are turned off here (authentication.localUsers)"));
  }
  if (login.user.empty() || login.user.size() > kMaxUserBytes) {
    return fail(invalid_login("spec.login.user", "is required, at most 1024 bytes"));
  }
  if (login.password.empty() == login.invite.empty()) {
    return fail(invalid_login("spec.login", "needs either password or invite"));
  }
  if (login.password.size() > kMaxPasswordBytes) {
    return fail(invalid_login("spec.login.password", "is too long"));
  }
  if (!login.new_password.empty()) {
    if (login.invite.empty()) {
      return fail(invalid_login("spec.login.newPassword", "goes with an invite only"));
    }
    std::string fault = password_fault(login.new_password, login.user);
    if (!fault.empty()) {
      return fail(invalid_login("spec.login.newPassword", std::move(fault)));
    }
  }
  return {};
}

Result<LoginFlow::Check> LoginFlow::begin(AccessState& state, const LoginDocument& login) {
  AccessState::Impl& impl = *state.impl_;
  auto admitted = impl.throttle.begin(login.user, login.address, impl.options.steady());
  if (!admitted) {
    return fail(std::move(admitted.error()));
  }
  const StoredLogin kept = impl.usable_login(login.user);
  return Check{kept.password, redeems(login.invite, kept.invite, kept.invite_ends, impl.now())};
}

Result<LoginFlow::Proof> LoginFlow::prove(const LoginDocument& login, const Check& check) {
  Proof proof;
  if (!login.invite.empty()) {
    proof.holds = check.invite_holds;
    if (!login.new_password.empty()) {
      auto hash = hash_password(login.new_password);
      if (!hash) {
        return fail(std::move(hash.error()));
      }
      proof.new_hash = std::move(*hash);
    }
    return proof;
  }
  auto right = check_password(login.password, check.hash);
  if (!right) {
    return fail(std::move(right.error()));
  }
  proof.holds = *right;
  if (proof.holds && is_outdated(check.hash)) {
    if (auto hash = hash_password(login.password)) {
      proof.new_hash = std::move(*hash);
    }
  }
  return proof;
}

Result<IssuedSession> LoginFlow::finish(AccessState& state, const LoginDocument& login,
                                        const Result<Proof>& proof) {
  AccessState::Impl& impl = *state.impl_;
  if (!proof) {
    impl.throttle.abandoned(login.user, login.address);
    return fail(proof.error());
  }
  // Asked again: meanwhile the user may have gone, or somebody else have redeemed the invite.
  StoredLogin kept = impl.usable_login(login.user);
  const bool still = login.invite.empty()
                         ? !kept.password.empty()
                         : redeems(login.invite, kept.invite, kept.invite_ends, impl.now());
  const Caller caller{
      {login.user, {"system:authenticated"}, ""}, "", login.audit_id, login.address};
  const std::string_view by = login.invite.empty() ? "password" : "invite";
  if (!proof->holds || !still) {
    // The name is what somebody typed, not who they are.
    impl.audit({{}, "", login.audit_id, login.address}, "login.fail", login.user, "by", by);
    return fail(kube::Status::unauthorized());
  }
  if (!login.invite.empty() || !proof->new_hash.empty()) {
    if (!proof->new_hash.empty()) {
      kept.password = proof->new_hash;
    }
    if (!login.invite.empty()) {
      kept.invite.clear();
      kept.first = false;
    }
    auto done = impl.commit({Write::update(std::string(kLoginKind), login.user, encode(kept), {})});
    if (!done) {
      impl.throttle.abandoned(login.user, login.address);
      return fail(std::move(done.error()));
    }
    if (!login.invite.empty()) {
      impl.audit(caller, "invite.redeem", login.user);
    }
  }
  impl.throttle.succeeded(login.user, login.address, impl.options.steady());
  auto session = impl.create_session(caller, login.session, true);
  if (session) {
    impl.audit(caller, "login.succeed", session->session->meta.name, "by", by);
  }
  return session;
}

}  // namespace postern::proxy::access
