#include "cli/shell/command_set.h"
#include "cli/shell/completion_scripts.h"
#include "cli/shell/help_topics.h"
#include "cli/shell/man_page.h"
#include "kube/text.h"
#include "proxy/observe/version.h"

#include <algorithm>
#include <ostream>

namespace postern::cli {
namespace {

using Names = std::vector<std::string>;

constexpr const char* kCompletionFooter = R"(
Examples:
  source <(postern completion bash)
  postern completion zsh > "${fpath[1]}/_postern"
  postern completion fish > ~/.config/fish/completions/postern.fish

For `kubectl postern`, make links to this program under the names kubectl-postern and
kubectl_complete-postern in your PATH.)";

constexpr const char* kHelpFooter = R"(
Topics: exit-codes, environment, resource-ids.

Examples:
  postern help request create
  postern help exit-codes)";

Outcome<int> show_help(CLI::App& program, const Names& words, const Context& context) {
  if (words.size() == 1) {
    const auto& topics = help_topics();
    const auto topic = std::find_if(topics.begin(), topics.end(), [&words](const HelpTopic& known) {
      return known.name == words.front();
    });
    if (topic != topics.end()) {
      context.out() << topic->text;
      return kDone;
    }
  }
  CLI::App* command = &program;
  std::string path = program.get_name();
  for (const std::string& word : words) {
    const auto found = command->get_subcommands(
        [&word](const CLI::App* child) { return child->check_name(word); });
    if (found.empty()) return wrong_usage("there is no help on " + kube::quoted(word));
    command = found.front();
    if (&word != &words.back()) path += " " + command->get_name();
  }
  context.out() << command->help(words.empty() ? "" : path);
  return kDone;
}

}  // namespace

std::string version_text() {
  return std::string("postern ") + proxy::version() + " (" + proxy::revision() + ")";
}

void add_shell_commands(CommandSet& set) {
  auto& completion =
      set.command(set.program(), "completion", "Completion for a shell", kCompletionFooter);
  auto shell = std::make_shared<std::string>();
  completion.add_option("SHELL", *shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  set.on(completion, [shell](const Context& context) -> Outcome<int> {
    context.out() << (*shell == "zsh"    ? kZshCompletion
                      : *shell == "fish" ? kFishCompletion
                                         : kBashCompletion);
    return kDone;
  });

  auto& man = set.command(set.program(), "man", "The manual page, in roff",
                          "\nExamples:\n  postern man > postern.1\n  postern man | man -l -");
  CLI::App& program = set.program();
  set.on(man, [&program](const Context& context) -> Outcome<int> {
    context.out() << man_page(program);
    return kDone;
  });

  auto& help = set.command(set.program(), "help", "Help on a command or topic", kHelpFooter);
  auto words = std::make_shared<Names>();
  help.add_option("COMMAND", *words, "A command or a topic");
  set.on(help,
         [&program, words](const Context& context) { return show_help(program, *words, context); });

  auto& version =
      set.command(set.program(), "version", "Print the version", "\nExamples:\n  postern version");
  set.on(version, [](const Context& context) -> Outcome<int> {
    context.out() << version_text() << "\n";
    return kDone;
  });
}

}  // namespace postern::cli
