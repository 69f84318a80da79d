#include "cli/objects/user_commands.h"

#include "cli/connect.h"
#include "cli/login/invite_link.h"
#include "cli/objects/object_kinds.h"
#include "cli/output/json_text.h"
#include "cli/output/times.h"
#include "cli/output/yaml.h"
#include "kube/text.h"

#include <algorithm>
#include <ostream>

namespace postern::cli {
namespace {

/// `KEY=VALUE,VALUE` as a trait with its values.
Outcome<Json> traits_of(const std::vector<std::string>& texts) {
  Json traits = Json::object();
  for (const std::string& text : texts) {
    const std::size_t equals = text.find('=');
    if (equals == 0 || equals == std::string::npos) {
      return wrong_usage("--traits: \"" + text + "\" is not KEY=VALUE[,VALUE…]");
    }
    Json& values = traits[text.substr(0, equals)];
    std::string_view rest = std::string_view(text).substr(equals + 1);
    while (true) {
      const std::size_t comma = rest.find(',');
      values.push_back(rest.substr(0, comma));
      if (comma == std::string_view::npos) break;
      rest.remove_prefix(comma + 1);
    }
  }
  return traits;
}

/// How somebody new knows the proxy: "" where the system's authorities do.
std::string pin_for_others(const Connection& connection) {
  if (connection.api().endpoint().trust.authorities.empty()) return "";
  return pin_to_hand_out(connection.api().http().trust().shown());
}

void print_invite(const Context& context, const UserArguments& arguments, const InviteLink& link,
                  const std::string& server_name, const std::string& expires) {
  const std::string trust =
      server_name.empty() ? "" : " --tls-server-name " + kube::shell_quote(server_name);
  const std::string command = "postern login " + kube::shell_quote(link.str()) + trust;
  if (!arguments.output.empty()) {
    const Json value{{"user", link.user}, {"proxy", link.proxy}, {"token", link.token},
                     {"caPin", link.pin}, {"expires", expires},  {"link", link.str()},
                     {"command", command}};
    context.out() << (arguments.output == "json" ? json_text(value) + "\n" : yaml_text(value));
    return;
  }
  context.out() << "A one-time login for " << kube::printable(link.user) << ", until "
                << kube::printable(time_with_distance(expires, std::chrono::system_clock::now()))
                << ":\n\n  " << command << "\n\nor, word for word:\n\n  postern login --proxy "
                << kube::shell_quote(link.proxy) << " --user " << kube::shell_quote(link.user)
                << (link.pin.empty() ? "" : " --ca-pin " + link.pin) << trust << " --invite "
                << kube::shell_quote(link.token) << "\n";
}

/// As the access API takes it, "" when left out. The API's own limits, checked before anything is
/// made: of a user who is to be new, it would refuse the invite only when the user is there.
Outcome<std::string> invite_ttl(const UserArguments& arguments) {
  constexpr std::chrono::hours kMax{168};
  if (arguments.ttl.empty()) return std::string();
  const auto ttl = parse_duration(arguments.ttl, "--ttl");
  if (!ttl) return tl::unexpected(ttl.error());
  if (*ttl < std::chrono::seconds(1) || *ttl > kMax) {
    return wrong_usage("--ttl: an invite holds for at least 1s and at most 168h, not " +
                       kube::quoted(arguments.ttl));
  }
  return wire_duration(arguments.ttl, "--ttl");
}

Outcome<void> invite(const Connection& connection, const UserArguments& arguments,
                     const Context& context, bool reset = false) {
  const auto ttl = invite_ttl(arguments);
  if (!ttl) return tl::unexpected(ttl.error());
  Json wanted = new_object("AccessInvite");
  if (!ttl->empty()) wanted["spec"]["ttl"] = *ttl;
  if (reset) wanted["spec"]["reset"] = true;
  const auto made =
      connection.api().post(path_of({"accessusers", arguments.name, "invite"}), wanted);
  if (!made) return tl::unexpected(made.error());
  const InviteLink link{arguments.name, authority_of(connection.api().endpoint().url),
                        text_at(*made, {"status", "token"}), pin_for_others(connection)};
  if (link.token.empty()) return failed("the proxy gave no invite");
  print_invite(context, arguments, link, connection.api().endpoint().trust.tls_server_name,
               text_at(*made, {"status", "expirationTimestamp"}));
  return {};
}

/// Who is logged in; "" when a kubeconfig says it.
std::string own_name(const Connection& connection) {
  return connection.profile ? connection.profile->user : "";
}

}  // namespace

Outcome<void> run_users_add(const UserArguments& arguments, const Context& context) {
  auto traits = traits_of(arguments.traits);
  if (!traits) return tl::unexpected(traits.error());
  if (auto ttl = invite_ttl(arguments); !ttl) return tl::unexpected(ttl.error());
  const auto connection = connect(context);
  if (!connection) return tl::unexpected(connection.error());
  Json user = new_object("AccessUser");
  user["version"] = "v2";
  user["metadata"] = {{"name", arguments.name}};
  user["spec"] = {{"roles", arguments.roles}};
  if (!traits->empty()) user["spec"]["traits"] = std::move(*traits);
  const auto created = connection->api().post("accessusers", user);
  if (!created) return tl::unexpected(created.error());
  if (arguments.output.empty()) {
    context.out() << "user/" << kube::printable(arguments.name) << " created\n";
  }
  if (arguments.no_invite) return {};
  if (arguments.output.empty()) context.out() << "\n";
  auto invited = invite(*connection, arguments, context);
  if (invited) return {};
  Failure failure = invited.error();
  failure.message += "\nuser/" + arguments.name +
                     " is there, without an invite: postern users invite " +
                     kube::shell_quote(arguments.name);
  return tl::unexpected(std::move(failure));
}

Outcome<void> run_users_invite(const UserArguments& arguments, const Context& context) {
  const auto connection = connect(context);
  if (!connection) return tl::unexpected(connection.error());
  return invite(*connection, arguments, context);
}

Outcome<void> run_users_reset(const UserArguments& arguments, const Context& context) {
  const auto connection = connect(context);
  if (!connection) return tl::unexpected(connection.error());
  return invite(*connection, arguments, context, true);
}

Outcome<void> run_users_update(const UserArguments& arguments, const Context& context) {
  auto traits = traits_of(arguments.traits);
  if (!traits) return tl::unexpected(traits.error());
  if (arguments.roles.empty() && traits->empty()) {
    return wrong_usage("nothing to change: give --set-roles or --set-traits");
  }
  const auto connection = connect(context);
  if (!connection) return tl::unexpected(connection.error());
  Json change = Json::object();
  if (!arguments.roles.empty()) change["spec"]["roles"] = arguments.roles;
  if (!traits->empty()) change["spec"]["traits"] = std::move(*traits);
  const auto done = connection->api().merge(path_of({"accessusers", arguments.name}), change);
  if (!done) return tl::unexpected(done.error());
  context.out() << "user/" << kube::printable(arguments.name) << " changed\n";
  return {};
}

Outcome<void> run_users_lock(const std::vector<std::string>& names, bool locked,
                             const Context& context) {
  const auto connection = connect(context);
  if (!connection) return tl::unexpected(connection.error());
  if (locked && std::find(names.begin(), names.end(), own_name(*connection)) != names.end()) {
    return wrong_usage("that would lock yourself out; somebody else has to do it");
  }
  for (const std::string& name : names) {
    // `null` takes the key away: unlocked users look as if they never had been locked.
    const Json change{{"spec", {{"locked", locked ? Json(true) : Json()}}}};
    const auto done = connection->api().merge(path_of({"accessusers", name}), change);
    if (!done) return tl::unexpected(done.error());
    context.out() << "user/" << kube::printable(name) << (locked ? " locked\n" : " unlocked\n");
  }
  return {};
}

}  // namespace postern::cli
