#include "cli/kube/cluster_commands.h"
#include "cli/kube/kubectl_command.h"
#include "cli/objects/get_command.h"
#include "cli/shell/command_set.h"

namespace postern::cli {
namespace {

constexpr const char* kLoginFooter = R"(
Writes a cluster, a user and a context of the name postern-CLUSTER into the file that kubectl would
write to, or into --kubeconfig; everything else in it stays as it is. kubectl then gets the token of
your session from `postern kube credential`.

Examples:
  postern kube login staging
  postern kube login staging --set-context-namespace dev
  KUBECONFIG=~/.kube/staging postern kube login staging)";

constexpr const char* kKubectlFooter = R"(
Everything behind postern's own options is kubectl's. When the proxy refuses something, asks why you
need it (or takes --request-reason), files a request for exactly that, waits for the decision, and
runs kubectl again. Without a terminal nothing is asked for unless there is --request-reason.
$POSTERN_NO_REQUEST or "requestOnRefusal": false in ~/.postern/config.json turn it off.

Examples:
  postern kubectl get pod web-0 -n dev
  postern kubectl --request-reason 'ticket 4711' logs web-0 -n dev
  postern kubectl --no-request get pods)";

void add_clusters(CommandSet& set) {
  auto& kube = set.group(set.program(), "kube", "Kubernetes clusters");
  auto& list = set.command(kube, "ls", "List clusters that you may reach or ask for",
                           "\nExamples:\n  postern kube ls -o wide");
  auto get = std::make_shared<GetArguments>();
  get->words = {"kubeclusters"};
  add_output(list, get->output, {"table", "wide", "json", "yaml", "name"});
  list.add_option("-l,--selector", get->labels, "Label selector");
  list.add_flag("--no-headers", get->no_headers, "Rows alone");
  set.on(list, std::move(get), run_get);

  auto& login = set.command(kube, "login", "Write a context into the kubeconfig", kLoginFooter);
  auto arguments = std::make_shared<KubeLoginArguments>();
  login.add_option("CLUSTER", arguments->cluster, "Which; left out: the default one");
  login.add_option("--set-context-namespace", arguments->namespace_, "The context's namespace");
  login.add_option("--context-name", arguments->context_name, "Instead of postern-CLUSTER");
  login.add_flag("--keep-current-context", arguments->keep_current,
                 "Leave the current context as it is");
  set.on(login, std::move(arguments), run_kube_login);

  auto& credential = set.command(kube, "credential", "The session's token, for kubectl",
                                 "\nExamples:\n  postern kube credential --proxy HOST:PORT");
  auto cluster = std::make_shared<std::string>();
  credential.add_option("--cluster", *cluster, "For which cluster");
  set.on(credential, std::move(cluster), run_kube_credential);
}

}  // namespace

void add_kube_commands(CommandSet& set) {
  add_clusters(set);
  auto& kubectl = set.command(set.program(), "kubectl",
                              "Run kubectl, and ask for what it is refused", kKubectlFooter);
  auto arguments = std::make_shared<KubectlArguments>();
  kubectl.add_option("ARGUMENT", arguments->words, "kubectl's arguments");
  kubectl.add_option("--kube-cluster", arguments->cluster, "Which cluster");
  kubectl.add_option("--request-reason", arguments->reason, "Why, if something is refused");
  kubectl.add_option("--request-max-duration", arguments->max_duration, "For how long, e.g. 1h");
  kubectl.add_option("--request-wait", arguments->timeout, "Wait no longer for the decision");
  kubectl.add_flag("--no-request", arguments->no_request, "Ask for nothing");
  set.on(kubectl, [arguments](const Context& context) { return run_kubectl(*arguments, context); });
}

}  // namespace postern::cli
