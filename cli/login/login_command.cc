#include "cli/login/login_command.h"

#include "cli/connect.h"
#include "cli/login/invite_link.h"
#include "cli/login/secrets.h"
#include "cli/output/times.h"
#include "cli/profile/profile_store.h"
#include "cli/requests/assume.h"
#include "kube/text.h"
#include "proxy/net/pem.h"

#include <ostream>

namespace postern::cli {
namespace {

constexpr int kUnauthorized = 401;
constexpr int kNotFound = 404;

/// What the arguments, the link and the profile say together.
struct Plan {
  Profile profile;  ///< of the proxy, as it is known so far
  std::string pin;
  std::string invite;
  ClientIdentity identity;
};

Outcome<std::string> read_pem(const std::string& path) {
  auto pem = proxy::read_pem_file(path);
  if (!pem) return failed(pem.error());
  return std::move(pem->text);
}

Outcome<void> plan_identity(const LoginArguments& arguments, const Context& context, Plan& plan) {
  if (arguments.certificate_file.empty() != arguments.key_file.empty()) {
    return wrong_usage("--cert and --key belong together");
  }
  if (!arguments.certificate_file.empty()) {
    auto certificate = read_pem(arguments.certificate_file);
    auto key = read_pem(arguments.key_file);
    if (!certificate) return tl::unexpected(certificate.error());
    if (!key) return tl::unexpected(key.error());
    plan.identity.certificate = std::move(*certificate);
    plan.identity.key = std::move(*key);
  }
  if (!arguments.token_file.empty()) {
    auto token = read_secret(context, arguments.token_file);
    if (!token) return tl::unexpected(token.error());
    plan.identity.token = std::move(*token);
  }
  return {};
}

Outcome<void> plan_trust(const LoginArguments& arguments, Plan& plan) {
  if (!arguments.tls_server_name.empty()) plan.profile.tls_server_name = arguments.tls_server_name;
  if (!arguments.ca_pin.empty()) {
    auto pin = parse_pin(arguments.ca_pin);
    if (!pin) return tl::unexpected(pin.error());
    if (!plan.pin.empty() && plan.pin != *pin) {
      return wrong_usage("--ca-pin is another one than the invite link's");
    }
    plan.pin = std::move(*pin);
  }
  if (arguments.ca_file.empty()) return {};
  auto authorities = read_pem(arguments.ca_file);
  if (!authorities) return tl::unexpected(authorities.error());
  if (auto parsed = proxy::parse_certificates({*authorities, arguments.ca_file}); !parsed) {
    return failed(parsed.error());
  }
  plan.profile.authorities = std::move(*authorities);
  return {};
}

/// The proxy's profile, or a new one.
Outcome<Profile> known_profile(const Context& context, const std::string& linked_proxy) {
  GlobalOptions options = context.options;
  if (!linked_proxy.empty()) options.proxy = linked_proxy;
  auto profile = chosen_profile({context.surroundings, options});
  if (profile || profile.error().http_status != kNotFound) return profile;
  std::string proxy =
      options.proxy.empty() ? context.surroundings.variable("POSTERN_PROXY") : options.proxy;
  if (proxy.empty()) return wrong_usage("say where: --proxy HOST:PORT");
  auto parsed = parse_proxy(proxy);
  if (!parsed) return tl::unexpected(parsed.error());
  Profile fresh;
  fresh.proxy = std::move(*parsed);
  return fresh;
}

Outcome<Plan> make_plan(const LoginArguments& arguments, const Context& context) {
  Plan plan;
  InviteLink link;
  if (!arguments.link.empty()) {
    auto parsed = parse_invite_link(arguments.link);
    if (!parsed) return tl::unexpected(parsed.error());
    link = std::move(*parsed);
    if (!arguments.invite.empty()) return wrong_usage("the link is an invite already");
  }
  auto profile = known_profile(context, link.proxy);
  if (!profile) return tl::unexpected(profile.error());
  plan.profile = std::move(*profile);
  plan.pin = link.pin;
  plan.invite = link.token.empty() ? arguments.invite : link.token;
  if (!link.user.empty()) plan.profile.user = link.user;
  if (!arguments.user.empty()) plan.profile.user = arguments.user;
  if (auto done = plan_trust(arguments, plan); !done) return tl::unexpected(done.error());
  if (auto done = plan_identity(arguments, context, plan); !done) {
    return tl::unexpected(done.error());
  }
  return plan;
}

/// The `login` member for a password or an invite; null where a credential proves who it is.
Outcome<Json> login_of(const LoginArguments& arguments, const Context& context, const Plan& plan) {
  if (!plan.identity.token.empty() || !plan.identity.certificate.empty()) return Json();
  if (plan.profile.user.empty()) return wrong_usage("say who you are: --user NAME");
  Json login{{"user", plan.profile.user}};
  if (!plan.invite.empty()) {
    auto password = obtain_new_password(context, arguments.new_password_file);
    if (!password) return tl::unexpected(password.error());
    login["invite"] = plan.invite;
    if (!password->empty()) login["newPassword"] = *password;
    return login;
  }
  auto password = obtain_password(
      context, arguments.password_file,
      "Password of " + kube::printable(plan.profile.user) + " at " + plan.profile.proxy + ": ");
  if (!password) return tl::unexpected(password.error());
  login["password"] = std::move(*password);
  return login;
}

/// A 401 says nothing about why, by intent; what was shown is known here, and what to do then.
Failure login_failure(Failure failure, const Plan& plan) {
  if (failure.http_status != kUnauthorized) return failure;
  const std::string user = kube::printable(plan.profile.user);
  failure.message = "Unauthorized: " + plan.profile.proxy + " does not take this ";
  if (!plan.identity.token.empty()) {
    failure.message += "token";
  } else if (!plan.identity.certificate.empty()) {
    failure.message += "certificate";
  } else if (!plan.invite.empty()) {
    failure.message += "invite of " + user +
                       ": it works once, and not for long; an administrator makes another one "
                       "with: postern users invite " +
                       kube::shell_quote(plan.profile.user);
  } else {
    failure.message += "password of " + user;
  }
  return failure;
}

/// Who has used up an invite and chosen no password cannot come back.
void tell_missing_password(const Context& context, const Plan& plan, const Json& login) {
  if (plan.invite.empty() || login.is_null() || login.contains("newPassword")) return;
  context.err() << "note: no password was chosen (--new-password-file), and the invite is used up: "
                   "after this session it takes a new one\n";
}

/// The plan's server, asked for something harmless: whoever is to type a password learns first
/// that the server cannot be reached or trusted.
Outcome<void> verify_server(AccessClient& client) {
  const auto answer = client.http().send({"GET", "/version", {}, "", std::chrono::seconds(30)});
  if (!answer) return tl::unexpected(answer.error());
  return {};
}

/// A certificate or token proves one name; the session of another one than was asked for ends.
Outcome<void> check_user(const LoginArguments& arguments, const Plan& plan, const Json& session,
                         std::ostream& err) {
  const std::string user = text_at(session, {"status", "user"});
  if (arguments.user.empty() || user.empty() || user == arguments.user) return {};
  ClientIdentity identity;
  identity.token = text_at(session, {"status", "token"});
  AccessClient({plan.profile.url(), plan.profile.trust(), identity}, err, "")
      .remove("sessions/self");
  return failed("it proves that you are " + kube::printable(user) + ", not " +
                kube::printable(arguments.user));
}

Outcome<void> remember(const Context& context, Plan& plan, const Json& session) {
  Profile& profile = plan.profile;
  profile.token = text_at(session, {"status", "token"});
  profile.session = text_at(session, {"metadata", "name"});
  profile.expires = text_at(session, {"status", "expirationTimestamp"});
  const std::string user = text_at(session, {"status", "user"});
  if (!user.empty()) profile.user = user;
  if (profile.token.empty()) return failed(profile.proxy + " gave no token");
  const ProfileStore store(context.surroundings);
  if (auto saved = store.save(profile); !saved) return saved;
  return store.set_current(profile.proxy);
}

bool has_new_credential(const LoginArguments& arguments) {
  return !arguments.link.empty() || !arguments.invite.empty() || !arguments.token_file.empty() ||
         !arguments.certificate_file.empty() || !arguments.password_file.empty() ||
         !arguments.ttl.empty();
}

/// Whether the session at hand took the requests; false: there is none that is still good.
Outcome<bool> assume_in_present_session(const LoginArguments& arguments, const Context& context,
                                        const Profile& profile) {
  const bool other_user = !arguments.user.empty() && arguments.user != profile.user;
  if (arguments.requests.empty() || !profile.has_session() || other_user ||
      has_new_credential(arguments)) {
    return false;
  }
  const auto connection = connect(context, profile);
  if (!connection) return tl::unexpected(connection.error());
  const auto session = change_requests(connection->api(), arguments.requests, {});
  if (!session && session.error().http_status == kUnauthorized) return false;
  if (!session) return tl::unexpected(session.error());
  if (auto done = ProfileStore(context.surroundings).set_current(profile.proxy); !done) {
    return tl::unexpected(done.error());
  }
  return tell_requests(context, *connection, *session).map([] { return true; });
}

}  // namespace

Outcome<void> run_login(const LoginArguments& arguments, const Context& context) {
  auto plan = make_plan(arguments, context);
  if (!plan) return tl::unexpected(plan.error());
  const auto assumed = assume_in_present_session(arguments, context, plan->profile);
  if (!assumed) return tl::unexpected(assumed.error());
  if (*assumed) return {};

  ServerTrust trust = plan->profile.trust();
  trust.pin = plan->pin;
  if (!trust.pin.empty() && arguments.ca_file.empty()) trust.authorities.clear();
  AccessClient client({plan->profile.url(), trust, plan->identity}, context.err(), "");
  if (auto verified = verify_server(client); !verified) return verified;
  if (auto ready = ProfileStore(context.surroundings).prepare(); !ready) return ready;
  if (const ShownCertificate* const pinned = client.http().trust().pinned()) {
    plan->profile.authorities = pinned->pem;
  }
  const auto login = login_of(arguments, context, *plan);
  if (!login) return tl::unexpected(login.error());
  const auto ttl = wire_duration(arguments.ttl, "--ttl");
  if (!ttl) return tl::unexpected(ttl.error());
  Json asked = new_object("Session");
  asked["spec"] = Json::object();
  if (!login->is_null()) asked["spec"]["login"] = *login;
  if (!arguments.requests.empty()) asked["spec"]["requests"] = arguments.requests;
  if (!ttl->empty()) asked["spec"]["ttl"] = *ttl;
  const auto session = client.post("sessions", asked);
  if (!session) return tl::unexpected(login_failure(session.error(), *plan));
  if (auto checked = check_user(arguments, *plan, *session, context.err()); !checked)
    return checked;
  if (auto done = remember(context, *plan, *session); !done) return done;
  context.out() << "Logged in at " << plan->profile.proxy << " as "
                << kube::printable(plan->profile.user) << " until "
                << kube::printable(
                       time_with_distance(plan->profile.expires, std::chrono::system_clock::now()))
                << "\n";
  tell_missing_password(context, *plan, *login);
  if (arguments.requests.empty()) return {};
  const auto connection = connect(context, plan->profile);
  if (!connection) return tl::unexpected(connection.error());
  // The answer to a login does not say what each request gives.
  const auto opened = connection->api().get("sessions/self");
  if (!opened) return tl::unexpected(opened.error());
  return tell_requests(context, *connection, *opened);
}

}  // namespace postern::cli
