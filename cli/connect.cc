#include "cli/connect.h"

#include "cli/kubeconfig/kubeconfig_file.h"
#include "cli/output/times.h"
#include "cli/profile/profile_store.h"
#include "kube/kubeconfig.h"
#include "kube/text.h"
#include "proxy/net/pem.h"
#include "proxy/read_file.h"

#include <filesystem>

namespace postern::cli {
namespace {

constexpr int kNotFound = 404;

Outcome<std::string> value_of(const kube::KubeconfigValue& value) {
  if (value.path.empty()) return value.text;
  constexpr std::size_t kMax = std::size_t{1024} * 1024;
  auto text = proxy::read_file(value.path, kMax);
  if (!text) return failed(text.error().front().to_string());
  while (!text->empty() && text->back() == '\n') text->pop_back();
  return std::move(*text);
}

Outcome<Endpoint> endpoint_of(const kube::Kubeconfig& config, const std::string& path) {
  if (config.insecure_skip_tls_verify) {
    return failed(path + ": insecure-skip-tls-verify: postern talks to verified servers only");
  }
  if (!config.server.starts_with("https://")) return failed(path + ": the server is not https://");
  Endpoint endpoint;
  endpoint.url = config.server;
  while (endpoint.url.ends_with("/")) endpoint.url.pop_back();
  endpoint.trust.tls_server_name = config.tls_server_name;
  const std::pair<const kube::KubeconfigValue*, std::string*> values[] = {
      {&config.certificate_authority, &endpoint.trust.authorities},
      {&config.client_certificate, &endpoint.identity.certificate},
      {&config.client_key, &endpoint.identity.key},
      {&config.token, &endpoint.identity.token}};
  for (const auto& [from, to] : values) {
    auto text = value_of(*from);
    if (!text) return tl::unexpected(text.error());
    *to = std::move(*text);
  }
  return endpoint;
}

Outcome<std::chrono::milliseconds> timeout_of(const Context& context) {
  return parse_duration(context.options.timeout, "--request-timeout");
}

Outcome<Connection> connect_to(const Context& context, Endpoint endpoint, const std::string& hint) {
  const auto timeout = timeout_of(context);
  if (!timeout) return tl::unexpected(timeout.error());
  Connection connection;
  connection.client =
      std::make_unique<AccessClient>(std::move(endpoint), context.err(), hint, *timeout);
  return connection;
}

/// The wanted context of one file.
Outcome<Endpoint> endpoint_in(const std::string& path, const std::string& context) {
  constexpr std::size_t kMax = std::size_t{16} * 1024 * 1024;
  const auto text = proxy::read_file(path, kMax);
  if (!text) return failed(text.error().front().to_string());
  const auto config =
      kube::parse_kubeconfig(*text, context, std::filesystem::path(path).parent_path().string());
  if (config) return endpoint_of(*config, path);
  const kube::KubeconfigError& first = config.error().front();
  return failed(path + ": " + first.key + (first.key.empty() ? "" : ": ") + first.message);
}

/// The first of the kubeconfig's files that has all of the context.
Outcome<Connection> connect_by_kubeconfig(const Context& context) {
  const auto files = context.options.kubeconfig.empty()
                         ? kubeconfig_files(context.surroundings)
                         : std::vector<std::string>{context.options.kubeconfig};
  std::optional<Failure> problem;
  for (const std::string& file : files) {
    if (files.size() > 1 && !std::filesystem::exists(file)) continue;
    auto endpoint = endpoint_in(file, context.options.context);
    if (endpoint) return connect_to(context, std::move(*endpoint), "");
    if (!problem) problem = endpoint.error();
  }
  return tl::unexpected(problem.value_or(Failure{kFailed, "there is no kubeconfig"}));
}

}  // namespace

std::string login_command(const Profile& profile) {
  return "postern login --proxy " + kube::shell_quote(profile.proxy) + " --user " +
         (profile.user.empty() ? "NAME" : kube::shell_quote(profile.user));
}

Outcome<Profile> chosen_profile(const Context& context) {
  std::string proxy = context.options.proxy;
  if (proxy.empty()) proxy = context.surroundings.variable("POSTERN_PROXY");
  if (!proxy.empty()) {
    auto parsed = parse_proxy(proxy);
    if (!parsed) return tl::unexpected(parsed.error());
    proxy = std::move(*parsed);
  }
  return ProfileStore(context.surroundings).load(proxy);
}

Outcome<Connection> connect(const Context& context, const Profile& profile) {
  Endpoint endpoint{profile.url(), profile.trust(), {profile.token, "", ""}};
  auto connection = connect_to(context, std::move(endpoint), login_command(profile));
  if (connection) connection->profile = profile;
  return connection;
}

Outcome<Connection> connect(const Context& context) {
  if (!context.options.kubeconfig.empty() || !context.options.context.empty()) {
    return connect_by_kubeconfig(context);
  }
  const auto profile = chosen_profile(context);
  if (profile && profile->has_session()) return connect(context, *profile);
  const bool unknown = !profile && profile.error().http_status == kNotFound;
  if (unknown && context.options.proxy.empty() &&
      context.surroundings.called_as == "kubectl-postern") {
    return connect_by_kubeconfig(context);
  }
  if (!profile) return tl::unexpected(profile.error());
  return failed("nobody is logged in at " + profile->proxy +
                "; log in with: " + login_command(*profile));
}

std::string field_equals(std::string_view field, std::string_view value) {
  std::string text = std::string(field) + "=";
  for (const char c : value) {
    if (c == '\\' || c == ',' || c == '=') text += '\\';
    text += c;
  }
  return text;
}

Outcome<std::string> who_am_i(const Connection& connection) {
  if (connection.profile && !connection.profile->user.empty()) return connection.profile->user;
  auto self = connection.api().get("sessions/self");
  if (self) return text_at(*self, {"status", "user"});
  // A certificate or a static token is no session; a short one tells whose it is.
  Json asked = new_object("Session");
  asked["spec"] = {{"ttl", "1m"}, {"confined", true}};
  auto made = connection.api().post("sessions", asked);
  if (!made) return tl::unexpected(made.error());
  const std::string name = text_at(*made, {"metadata", "name"});
  std::string user = text_at(*made, {"status", "user"});
  if (auto ended = connection.api().remove(path_of({"sessions", name})); !ended) {
    return tl::unexpected(ended.error());
  }
  return user;
}

}  // namespace postern::cli
