#include "cli/shell/complete.h"

#include "cli/run_program.h"
#include "cli/shell/candidates.h"
#include "cli/shell/kubectl_words.h"
#include "kube/text.h"

#include <algorithm>
#include <ostream>

namespace postern::cli {
namespace {

// Cobra's directives (ShellCompDirective), which add up.
constexpr int kDefault = 0;
constexpr int kNoSpace = 2;
constexpr int kNoFiles = 4;

/// Where in the command line the last word stands.
struct Place {
  CLI::App* command;
  std::string path;                     ///< "request show"
  const CLI::Option* option = nullptr;  ///< whose value the last word is
  std::vector<std::string> positionals;
};

bool takes_value(const CLI::Option& option) {
  return option.get_items_expected_max() > 0;
}

Place find_place(CLI::App& program, const std::vector<std::string>& words) {
  Place place{&program, "", nullptr, {}};
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    const std::string& word = words[i];
    if (word.starts_with("-")) {
      const CLI::Option* const option = find_option(*place.command, word.substr(0, word.find('=')));
      if (option == nullptr || !takes_value(*option) || word.find('=') != std::string::npos) {
        continue;
      }
      if (i + 2 == words.size()) place.option = option;
      ++i;
      continue;
    }
    const auto commands = place.command->get_subcommands(
        [&word](const CLI::App* command) { return command->check_name(word); });
    if (commands.empty()) {
      place.positionals.push_back(word);
      continue;
    }
    place.command = commands.front();
    place.path += (place.path.empty() ? "" : " ") + place.command->get_name();
  }
  return place;
}

class Completion {
 public:
  Completion(const Context& context, std::string current)
      : context_(context), current_(std::move(current)) {}

  void offer(const std::string& value, const std::string& description) {
    if (!value.starts_with(current_)) return;
    std::string line = kube::printable(value);
    if (!description.empty()) line += "\t" + kube::printable(description);
    context_.out() << line << "\n";
    no_space_ = no_space_ || value.ends_with("/");
  }
  void offer(const std::vector<Candidate>& candidates) {
    for (const Candidate& candidate : candidates) offer(candidate.value, candidate.description);
  }
  void end(bool files) const {
    context_.out() << ":" << ((files ? kDefault : kNoFiles) + (no_space_ ? kNoSpace : 0)) << "\n";
  }

 private:
  const Context& context_;
  std::string current_;
  bool no_space_ = false;
};

void offer_options(Completion& completion, const CLI::App& command) {
  for (const CLI::App* app = &command; app != nullptr; app = app->get_parent()) {
    for (const CLI::Option* const option : app->get_options()) {
      for (const std::string& name : option->get_lnames()) {
        completion.offer("--" + name, option->get_description());
      }
    }
  }
}

void offer_commands(Completion& completion, const CLI::App& command) {
  for (const CLI::App* const child :
       command.get_subcommands([](const CLI::App*) { return true; })) {
    completion.offer(child->get_name(), child->get_description());
  }
}

/// kubectl completes its own words.
bool complete_by_kubectl(const std::vector<std::string>& words) {
  const auto at = std::find(words.begin(), words.end(), "kubectl");
  if (at == words.end() || at + 1 == words.end()) return false;
  std::vector<std::string> command{"kubectl", "__complete"};
  command.insert(command.end(), at + 1, words.end());
  const auto code = run_program(command, {});
  return code && *code == 0;
}

}  // namespace

int complete(CLI::App& program, const std::vector<std::string>& words, const Context& context) {
  const std::string current = words.empty() ? "" : words.back();
  const Place place = find_place(program, words);
  Completion completion(context, current);
  if (place.option != nullptr) {
    const auto candidates = option_candidates(*place.option, context);
    completion.offer(candidates);
    completion.end(candidates.empty() && takes_file(*place.option));
    return kDone;
  }
  if (place.path == "kubectl" && !current.starts_with("--request") &&
      !current.starts_with("--no-") && complete_by_kubectl(words)) {
    return kDone;
  }
  if (current.starts_with("-")) {
    offer_options(completion, *place.command);
  } else {
    offer_commands(completion, *place.command);
    const auto positionals = place.command->get_options(
        [](const CLI::Option* option) { return option->get_positional(); });
    if (place.positionals.size() < positionals.size()) {
      completion.offer(option_candidates(*positionals[place.positionals.size()], context));
    }
    completion.offer(word_candidates(place.path, place.positionals, current, context));
  }
  completion.end(false);
  return kDone;
}

}  // namespace postern::cli
