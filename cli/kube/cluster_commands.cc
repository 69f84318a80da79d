#include "cli/kube/cluster_commands.h"

#include "cli/connect.h"
#include "cli/kubeconfig/kubeconfig_file.h"
#include "cli/output/json_text.h"
#include "cli/output/times.h"
#include "kube/base64.h"
#include "kube/percent.h"
#include "kube/text.h"

#include <filesystem>
#include <ostream>

namespace postern::cli {
namespace {

constexpr std::string_view kCredentialGroup = "client.authentication.k8s.io/";

/// How kubectl is to call us: by name where that leads here, else by the whole path.
std::string own_command(const Surroundings& surroundings) {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return "postern";
  const std::string path = surroundings.variable("PATH");
  std::string_view rest = path;
  while (!rest.empty()) {
    const std::string_view folder = rest.substr(0, rest.find(':'));
    rest.remove_prefix(std::min(folder.size() + 1, rest.size()));
    const auto candidate = std::filesystem::path(folder) / "postern";
    if (folder.empty() || !std::filesystem::exists(candidate, error)) continue;
    if (std::filesystem::equivalent(candidate, self, error)) return "postern";
    break;  // another program of that name comes first
  }
  return self.string();
}

std::string path_to(const std::string& cluster) {
  return "/clusters/" + kube::encode_path_segment(cluster);
}

/// Whether the proxy lets us through to the cluster, which may be down: some see clusters in lists
/// (rules for kube_cluster) that none of their roles is for.
bool leads_to(AccessClient& api, const std::string& cluster) {
  constexpr int kNotFound = 404;
  const auto answer = api.http().send({"GET", path_to(cluster) + "/version", {}, ""});
  return !answer || answer->status != kNotFound;
}

/// "": no cluster is open to the user, and kubectl is for what postern itself serves, at the root.
Outcome<std::string> choose_cluster(AccessClient& api, const std::string& wanted) {
  if (!wanted.empty()) {
    const auto cluster = api.get(path_of({"kubeclusters", wanted}));
    if (!cluster) return tl::unexpected(cluster.error());
    if (leads_to(api, wanted)) return wanted;
    return failed("none of your roles is for the cluster " + kube::quoted(wanted) +
                  "; for kubectl get accessrequests and the like: postern kube login");
  }
  const auto list = api.list("kubeclusters");
  if (!list) return tl::unexpected(list.error());
  const Json& items = find(*list, {"items"});
  for (const Json& item : items) {
    if (items.size() == 1 || is_true(item, {"status", "default"})) {
      std::string name = text_at(item, {"metadata", "name"});
      return leads_to(api, name) ? std::move(name) : std::string();
    }
  }
  if (items.empty()) return std::string();
  return wrong_usage("say which cluster: postern kube ls lists them");
}

Json exec_user(const Profile& profile, const std::string& cluster,
               const Surroundings& surroundings) {
  Json exec{
      {"apiVersion", "client.authentication.k8s.io/v1"},
      {"args", {"kube", "credential", "--proxy", profile.proxy}},
      {"command", own_command(surroundings)},
      {"env", nullptr},
      {"installHint", "postern is needed to reach this cluster; then: " + login_command(profile)},
      {"interactiveMode", "Never"},
      {"provideClusterInfo", false}};
  if (!cluster.empty()) {
    exec["args"].push_back("--cluster");
    exec["args"].push_back(cluster);
  }
  if (const std::string home = surroundings.variable("POSTERN_HOME"); !home.empty()) {
    exec["env"] = Json::array(
        {{{"name", "POSTERN_HOME"}, {"value", std::filesystem::absolute(home).string()}}});
  }
  return {{"exec", std::move(exec)}};
}

/// The entry for a cluster. An entry of that name that leads somewhere else is not taken over.
Outcome<KubeconfigEntry> make_entry(const KubeLoginArguments& arguments, const Profile& profile,
                                    const std::string& cluster, const Json& present,
                                    const Context& context) {
  KubeconfigEntry entry;
  entry.name = arguments.context_name;
  if (entry.name.empty()) entry.name = cluster.empty() ? "postern" : "postern-" + cluster;
  entry.make_current = !arguments.keep_current;
  const std::string server = profile.url() + (cluster.empty() ? "" : path_to(cluster));
  for (const auto& [list, what] : {std::pair("clusters", "cluster"), std::pair("users", "user")}) {
    const Json& there = named_entry(present, list, entry.name, what);
    const bool ours = std::string_view(what) == "cluster" ? text_at(there, {"server"}) == server
                                                          : !find(there, {"exec"}).is_null();
    if (!there.is_null() && !ours) {
      return failed("the kubeconfig has another " + std::string(what) + " under the name " +
                    entry.name + "; choose one with --context-name");
    }
  }
  entry.cluster = {{"server", server}};
  if (!profile.authorities.empty()) {
    entry.cluster["certificate-authority-data"] = kube::encode_base64(profile.authorities);
  }
  if (!profile.tls_server_name.empty()) entry.cluster["tls-server-name"] = profile.tls_server_name;
  entry.user = exec_user(profile, cluster, context.surroundings);
  entry.context = {{"cluster", entry.name}, {"user", entry.name}};
  const std::string former =
      text_at(named_entry(present, "contexts", entry.name, "context"), {"namespace"});
  const std::string& space = arguments.namespace_.empty() ? former : arguments.namespace_;
  if (!space.empty()) entry.context["namespace"] = space;
  return entry;
}

/// The version of ExecCredential that kubectl asks for.
Outcome<std::string> wanted_version(const Surroundings& surroundings) {
  const std::string info = surroundings.variable("KUBERNETES_EXEC_INFO");
  if (info.empty()) return std::string(kCredentialGroup) + "v1";
  const Json asked = Json::parse(info, nullptr, false);
  const std::string version = text_at(asked, {"apiVersion"});
  if (version == "client.authentication.k8s.io/v1" ||
      version == "client.authentication.k8s.io/v1beta1") {
    return version;
  }
  return failed("KUBERNETES_EXEC_INFO: cannot give a credential of the version \"" + version +
                "\"");
}

}  // namespace

Outcome<void> run_kube_login(const KubeLoginArguments& arguments, const Context& context) {
  GlobalOptions options = context.options;
  options.kubeconfig.clear();  // here it is what is written, as in kubectl config
  options.context.clear();
  const Context by_profile{context.surroundings, options};
  const auto profile = chosen_profile(by_profile);
  if (!profile) return tl::unexpected(profile.error());
  const auto connection = connect(by_profile);
  if (!connection) return tl::unexpected(connection.error());
  const auto cluster = choose_cluster(connection->api(), arguments.cluster);
  if (!cluster) return tl::unexpected(cluster.error());
  const std::string path = context.options.kubeconfig.empty()
                               ? kubeconfig_to_write(context.surroundings)
                               : context.options.kubeconfig;
  if (path.empty()) return failed("HOME is not set; say with --kubeconfig where to write to");
  if (auto checked = check_place(path); !checked) return checked;
  const auto present = read_merged({path});
  if (!present) return tl::unexpected(present.error());
  const auto entry = make_entry(arguments, *profile, *cluster, *present, context);
  if (!entry) return tl::unexpected(entry.error());
  if (auto written = write_entry(path, *entry); !written) return written;
  context.out() << "Context " << kube::printable(entry->name) << " is in " << kube::printable(path)
                << (entry->make_current ? ", and is the current one" : "") << "\n";
  if (cluster->empty()) {
    context.err() << "note: no cluster is open to you; kubectl gets what postern itself serves: "
                     "kubectl get accessrequests\n";
  }
  return {};
}

Outcome<void> run_kube_credential(const std::string& cluster, const Context& context) {
  (void)cluster;  // tokens are good for every cluster of the proxy; the name is for people
  const auto version = wanted_version(context.surroundings);
  if (!version) return tl::unexpected(version.error());
  const auto profile = chosen_profile(context);
  if (!profile) return tl::unexpected(profile.error());
  const auto ends = parse_time(profile->expires);
  const bool over = ends && *ends <= std::chrono::system_clock::now();
  if (!profile->has_session() || over) {
    return failed((over ? "your session at " : "you are not logged in at ") + profile->proxy +
                  (over ? " has ended" : "") + "; log in with: " + login_command(*profile));
  }
  Json status{{"token", profile->token}};
  if (ends) status["expirationTimestamp"] = profile->expires;
  const Json credential{
      {"apiVersion", *version}, {"kind", "ExecCredential"}, {"status", std::move(status)}};
  context.out() << compact_json(credential) << "\n";
  return {};
}

}  // namespace postern::cli
