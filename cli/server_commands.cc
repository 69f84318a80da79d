#include "cli/can_i_command.h"
#include "cli/proxy_command.h"
#include "cli/shell/command_set.h"

namespace postern::cli {
namespace {

constexpr const char* kProxyFooter = R"(
Examples:
  postern proxy --config /etc/postern/config.yaml
  postern proxy --config config.yaml --check-config)";

constexpr const char* kCanIFooter = R"(
VERB is a verb of Kubernetes (get list watch create update patch delete deletecollection), or exec or
portforward. KIND is a plural (pods), PLURAL.GROUP (deployments.apps), a short name (po, deploy) or a
short kind of resource IDs (kube_node). Nobody is asked unless --discover is given: kinds that are not
Kubernetes' own are taken for namespaced ones.

Examples:
  postern auth can-i list pods -n dev --as alice --config config.yaml
  postern auth can-i get pods/web-0 -n dev --subresource log --as alice --as-group ops
  postern auth can-i exec pods/web-0 -n dev --as alice
  postern auth can-i delete widgets.example.com/w1 -n dev --as alice --discover -o json

The exit code is 0 for yes and 3 for no.)";

void add_proxy(CommandSet& set) {
  auto& command = set.command(set.program(), "proxy", "Run the proxy", kProxyFooter);
  command.fallthrough(false);
  auto arguments = std::make_shared<ProxyArguments>();
  command.add_option("--config", arguments->config_file,
                     "Configuration file; left out: the current kubeconfig context");
  command.add_flag("--check-config", arguments->check_only,
                   "Read the configuration and every file that it names, print what is in force, "
                   "and end");
  command.add_option("--log-level", arguments->log_level, "Instead of logging.level")
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}));
  command.add_option("--log-format", arguments->log_format, "Instead of logging.format")
      ->check(CLI::IsMember({"json", "text"}));
  set.on(command, [arguments](const Context& context) -> Outcome<int> {
    return run_proxy_command(*arguments, context.surroundings);
  });
}

void add_can_i(CommandSet& set) {
  auto& auth = set.group(set.program(), "auth", "Questions about who may do what");
  auto& command = set.command(
      auth, "can-i", "Say whether a user may do something, and by which role", kCanIFooter);
  auto arguments = std::make_shared<CanIArguments>();
  command.add_option("VERB", arguments->verb, "What is to be done")->required();
  command.add_option("KIND[/NAME]", arguments->object, "To what")->required();
  command.add_option("-n,--namespace", arguments->namespace_,
                     "In which namespace; left out: in all");
  command.add_option("--subresource", arguments->subresource, "e.g. log, exec, status");
  command.add_option("--as", arguments->user, "The user, as postern knows them")->required();
  add_list(command, "--as-group", arguments->groups, "A group of theirs (repeatable)");
  command.add_option("--impersonate-user", arguments->impersonate_user,
                     "The Kubernetes user that they choose among those that roles allow");
  add_list(command, "--impersonate-group", arguments->impersonate_groups,
           "A Kubernetes group that they choose (repeatable)");
  command.add_option("--config", arguments->config_file, "Configuration file");
  command.add_option("--cluster", arguments->cluster, "Which kube cluster; left out: the default");
  command.add_flag("--cluster-scoped", arguments->cluster_scoped,
                   "KIND is cluster-scoped (for kinds that are not Kubernetes' own)");
  command.add_flag("--discover", arguments->discover, "Ask the cluster which kinds it serves");
  add_output(command, arguments->output, {"text", "json", "yaml"});
  set.on(command, [arguments](const Context& context) -> Outcome<int> {
    return run_can_i(*arguments, context.surroundings);
  });
}

}  // namespace

void add_server_commands(CommandSet& set) {
  add_proxy(set);
  add_can_i(set);
}

}  // namespace postern::cli
