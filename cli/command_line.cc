#include "cli/command_line.h"

#include "cli/context.h"
#include "cli/shell/command_set.h"
#include "cli/shell/complete.h"
#include "cli/shell/help_topics.h"
#include "cli/shell/kubectl_words.h"
#include "cli/shell/usage_error.h"
#include "kube/text.h"

#include <CLI/CLI.hpp>
#include <csignal>
#include <ostream>

namespace postern::cli {
namespace {

constexpr const char* kFooter = R"(
Examples:
  postern login --proxy proxy.example.com:8443 --user alice
  postern request search --kind pod --kube-cluster staging --kube-namespace dev
  postern request create --resource /postern/pod/staging/dev/web-0 --reason 'ticket 4711'
  postern kubectl get pod web-0 -n dev
  postern proxy --config /etc/postern/config.yaml

Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 denied, 5 timed out waiting,
130 interrupted (postern help exit-codes).)";

void add_global_options(CLI::App& program, GlobalOptions& options) {
  program.add_option("--proxy", options.proxy, "HOST:PORT of the proxy; left out: the current one")
      ->group("Everywhere");
  program
      .add_option("--kubeconfig", options.kubeconfig,
                  "Reach the access API as this kubeconfig reaches its server")
      ->group("Everywhere");
  program.add_option("--context", options.context, "The context of the kubeconfig")
      ->group("Everywhere");
  program.add_option("--request-timeout", options.timeout, "Of each call to the proxy")
      ->group("Everywhere")
      ->capture_default_str();
  program.add_option("--color", options.color, "auto, always or never")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->group("Everywhere");
}

constexpr int kCtrlC = 128 + SIGINT;

int tell(const Failure& failure, const Surroundings& surroundings) {
  // The terminal has shown ^C, and the line goes on behind it.
  if (failure.exit_code == kCtrlC && surroundings.terminals.err) surroundings.err << "\n";
  // Who pressed Ctrl-C knows; a longer message says what has become of it.
  if (failure.message == "interrupted") {
    return failure.exit_code;
  }
  std::string_view rest = failure.message;
  const char* begin = "error: ";
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    surroundings.err << begin << kube::printable(line) << "\n";
    begin = "";
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
  }
  return failure.exit_code;
}

/// What CLI11 has stopped at: help and the version, which were asked for, or wrong usage.
int tell_parse_end(const CLI::App& program, const std::vector<std::string>& words,
                   const CLI::ParseError& end, const Surroundings& surroundings) {
  if (end.get_exit_code() == 0) {
    program.exit(end, surroundings.out, surroundings.err);
    return kDone;
  }
  const std::string wrong = usage_error(program, words, end);
  if (!wrong.empty()) return tell({kUsage, wrong}, surroundings);
  surroundings.err << help_of_innermost(program);
  return kUsage;
}

}  // namespace

int run(const std::vector<std::string>& arguments, const Surroundings& surroundings) {
  const bool is_plugin = surroundings.called_as == "kubectl-postern";
  CLI::App program("Kubernetes access through a small guarded door",
                   is_plugin ? "kubectl postern" : "postern");
  program.footer(kFooter);
  program.require_subcommand(1);
  program.set_version_flag("--version", version_text(), "Print the version");
  program.set_help_all_flag("--help-all", "Help on every command");
  program.get_formatter()->column_width(34);
  GlobalOptions options;
  add_global_options(program, options);
  CommandSet set(program);
  add_login_commands(set);
  add_request_commands(set);
  add_kube_commands(set);
  add_object_commands(set);
  add_server_commands(set);
  add_shell_commands(set);
  const Context context{surroundings, options};
  if (!arguments.empty() && arguments.front() == "__complete") {
    return complete(program, {arguments.begin() + 1, arguments.end()}, context);
  }
  const std::vector<std::string> words = with_kubectl_words_apart(program, arguments);
  try {
    // CLI11 takes arguments from the end.
    program.parse(std::vector<std::string>(words.rbegin(), words.rend()));
  } catch (const CLI::ParseError& error) {
    return tell_parse_end(program, arguments, error, surroundings);
  }
  const CommandSet::Action* const action = set.chosen();
  if (action == nullptr) return kUsage;
  const auto code = (*action)(context);
  return code ? *code : tell(code.error(), surroundings);
}

}  // namespace postern::cli
