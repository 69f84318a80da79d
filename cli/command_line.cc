#include "cli/command_line.h"

#include "cli/can_i_command.h"
#include "cli/proxy_command.h"
#include "proxy/observe/version.h"

#include <CLI/CLI.hpp>
#include <ostream>

namespace postern::cli {
namespace {

constexpr const char* kFooter = R"(
Examples:
  postern proxy --config /etc/postern/config.yaml
  postern proxy --config config.yaml --check-config
  postern auth can-i get pods/web-0 -n dev --as alice --config config.yaml

Exit codes: 0 done, 1 failed (or the answer is no), 2 wrong usage or configuration.)";

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

The exit code is 0 for yes and 1 for no.)";

int show_version(const Surroundings& surroundings) {
  surroundings.out << "postern " << proxy::version() << " (" << proxy::revision() << ")\n";
  return kDone;
}

void add_proxy(CLI::App& program, ProxyArguments& arguments) {
  auto* const command = program.add_subcommand("proxy", "Run the proxy");
  command->add_option("--config", arguments.config_file,
                      "Configuration file; left out: the current kubeconfig context");
  command->add_flag("--check-config", arguments.check_only,
                    "Read the configuration and every file that it names, print what is in force, "
                    "and end");
  command->add_option("--log-level", arguments.log_level, "Instead of logging.level")
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}));
  command->add_option("--log-format", arguments.log_format, "Instead of logging.format")
      ->check(CLI::IsMember({"json", "text"}));
}

CLI::App* add_can_i(CLI::App& program, CanIArguments& arguments) {
  auto* const auth = program.add_subcommand("auth", "Questions about who may do what");
  auth->require_subcommand(1);
  auto* const command =
      auth->add_subcommand("can-i", "Say whether a user may do something, and by which role");
  command->footer(kCanIFooter);
  command->add_option("VERB", arguments.verb, "What is to be done")->required();
  command->add_option("KIND[/NAME]", arguments.object, "To what")->required();
  command->add_option("-n,--namespace", arguments.namespace_,
                      "In which namespace; left out: in all");
  command->add_option("--subresource", arguments.subresource, "e.g. log, exec, status");
  command->add_option("--as", arguments.user, "The user, as postern knows them")->required();
  command->add_option("--as-group", arguments.groups, "A group of theirs (repeatable)");
  command->add_option("--impersonate-user", arguments.impersonate_user,
                      "The Kubernetes user that they choose among those that roles allow");
  command->add_option("--impersonate-group", arguments.impersonate_groups,
                      "A Kubernetes group that they choose (repeatable)");
  command->add_option("--config", arguments.config_file, "Configuration file");
  command->add_option("--cluster", arguments.cluster, "Which kube cluster; left out: the default");
  command->add_flag("--cluster-scoped", arguments.cluster_scoped,
                    "KIND is cluster-scoped (for kinds that are not Kubernetes' own)");
  command->add_flag("--discover", arguments.discover, "Ask the cluster which kinds it serves");
  command->add_option("-o,--output", arguments.output, "text, json or yaml")
      ->check(CLI::IsMember({"text", "json", "yaml"}));
  return command;
}

}  // namespace

int run(const std::vector<std::string>& arguments, const Surroundings& surroundings) {
  CLI::App program("Kubernetes access through a small guarded door", "postern");
  program.footer(kFooter);
  program.require_subcommand(1);
  program.set_help_all_flag("--help-all", "Help on every command");
  ProxyArguments proxy_arguments;
  CanIArguments can_i_arguments;
  add_proxy(program, proxy_arguments);
  const CLI::App* const can_i = add_can_i(program, can_i_arguments);
  const CLI::App* const version = program.add_subcommand("version", "Print the version");
  try {
    // CLI11 takes arguments from the end.
    program.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ParseError& error) {
    const int code = program.exit(error, surroundings.out, surroundings.err);
    return code == 0 ? kDone : kUsage;
  }
  if (version->parsed()) return show_version(surroundings);
  if (can_i->parsed()) return run_can_i(can_i_arguments, surroundings);
  return run_proxy_command(proxy_arguments, surroundings);
}

}  // namespace postern::cli
