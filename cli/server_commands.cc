#include "cli/can_i_command.h"
#include "cli/first_login_command.h"
#include "cli/healthcheck_command.h"
#include "cli/live_can_i.h"
#include "cli/proxy_command.h"
#include "cli/shell/command_set.h"

namespace postern::cli {
namespace {

constexpr const char* kProxyFooter = R"(
Examples:
  postern proxy --config /etc/postern/config.yaml
  postern proxy --config config.yaml --check-config)";

constexpr const char* kFirstLoginFooter = R"(
While nobody can administer a proxy, each of its starts makes a login that is good once and for ten
minutes, and writes it to dataDir/first-login. This reads it, also where there is no shell.

Examples:
  postern auth first-login --config /etc/postern/config.yaml --server postern.example.com:443
  kubectl exec -n postern deploy/postern -- postern auth first-login --config /etc/postern/config.yaml)";

constexpr const char* kHealthcheckFooter = R"(
Asks once, past HTTPS_PROXY and without any credential. The exit code is 0 when the answer is 200,
else 1, with the checks that failed on standard error.

Examples:
  postern healthcheck
  postern healthcheck --url http://127.0.0.1:8081/livez --timeout 1s
  postern healthcheck --url https://postern.postern.svc:8443/livez --ca-file ca.crt --reachable)";

constexpr const char* kCanIFooter = R"(
Without --as the proxy is asked about your own session, with what it has assumed. With --as the roles
and users of a configuration decide about anybody, and no proxy is needed.

VERB is a verb of Kubernetes (get list watch create update patch delete deletecollection), or exec or
portforward. KIND is a plural (pods), PLURAL.GROUP (deployments.apps), a short name (po, deploy) or a
short kind of resource IDs (kube_node); without --as also one of postern's own (accessrequests) or a
path (/healthz). With --as, kinds that are not Kubernetes' own are taken for
namespaced ones unless the cluster is asked (--discover).

--explain says which role, which of its rules and which access request decided, and until when; of a
refusal, which deny matched.

Examples:
  postern auth can-i get pods/web-0 -n dev --explain
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

void add_can_i(CommandSet& set, CLI::App& auth) {
  auto& command = set.command(
      auth, "can-i", "Say whether a user may do something, and by which role", kCanIFooter);
  auto arguments = std::make_shared<CanIArguments>();
  command.add_option("VERB", arguments->verb, "What is to be done")->required();
  command.add_option("KIND[/NAME]", arguments->object, "To what")->required();
  command.add_option("-n,--namespace", arguments->namespace_,
                     "In which namespace; left out: in all");
  command.add_option("--subresource", arguments->subresource, "e.g. log, exec, status");
  command.add_option("--as", arguments->user,
                     "The user, as postern knows them; left out: yourself, at the proxy");
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
  command.add_flag("--explain", arguments->explain, "Say what decided, and until when");
  add_output(command, arguments->output, {"text", "json", "yaml"});
  set.on(command, [arguments](const Context& context) -> Outcome<int> {
    if (!arguments->user.empty()) return run_can_i(*arguments, context.surroundings);
    if (!arguments->config_file.empty() || !arguments->groups.empty() || arguments->discover) {
      return wrong_usage("--config, --as-group and --discover go with --as");
    }
    return run_live_can_i(*arguments, context);
  });
}

void add_first_login(CommandSet& set, CLI::App& auth) {
  auto& command = set.command(auth, "first-login", "Print the first administrator's one-time login",
                              kFirstLoginFooter);
  auto arguments = std::make_shared<FirstLoginArguments>();
  command.add_option("--config", arguments->config_file, "Configuration file of the proxy");
  command.add_option("--server", arguments->server,
                     "HOST:PORT by which you reach the proxy; left out: its own address");
  command.add_option("--ca-file", arguments->ca_file,
                     "Put into the login: the file that you keep the proxy's authority in");
  command.add_option("--tls-server-name", arguments->tls_server_name,
                     "Put into the login: the name in the proxy's certificate");
  set.on(command, [arguments](const Context& context) -> Outcome<int> {
    return run_first_login(*arguments, context);
  });
}

void add_healthcheck(CommandSet& set) {
  auto& command = set.command(set.program(), "healthcheck",
                              "Ask a proxy whether it is healthy, for probes without a shell",
                              kHealthcheckFooter);
  auto arguments = std::make_shared<HealthcheckArguments>();
  command.add_option("--url", arguments->url, "Whom to ask; https:// too")->capture_default_str();
  command.add_option("--timeout", arguments->timeout, "Of the whole question")
      ->capture_default_str();
  auto* const ca_file =
      command.add_option("--ca-file", arguments->ca_file,
                         "Authorities that know an https:// server, PEM; left out: the system's");
  command
      .add_option("--ca-pin", arguments->ca_pin,
                  "sha256:… of a certificate that an https:// server shows, or of its public key")
      ->excludes(ca_file);
  command.add_option("--tls-server-name", arguments->tls_server_name,
                     "The name in the server's certificate");
  command.add_flag("--reachable", arguments->reachable,
                   "Be content with any answer below 500, such as the 401 that the proxy's own "
                   "listener has for who shows no identity; without --ca-file or --ca-pin the "
                   "certificate may be anybody's");
  command.add_flag("-v,--verbose", arguments->verbose, "Print every check, also when all is well");
  set.on(command, std::move(arguments), run_healthcheck);
}

}  // namespace

void add_server_commands(CommandSet& set) {
  add_proxy(set);
  add_healthcheck(set);
  auto& auth = set.group(set.program(), "auth", "Who may do what, and the first to do so");
  add_can_i(set, auth);
  add_first_login(set, auth);
}

}  // namespace postern::cli
