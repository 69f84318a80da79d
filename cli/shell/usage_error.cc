#include "cli/shell/usage_error.h"

#include "kube/text.h"

#include <algorithm>
#include <numeric>

namespace postern::cli {
namespace {

/// How many letters have to be put in, taken out, changed or swapped with the next one.
std::size_t distance(const std::string& a, const std::string& b) {
  std::vector<std::vector<std::size_t>> rows(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  std::iota(rows[0].begin(), rows[0].end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    rows[i][0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
      rows[i][j] = std::min({rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        rows[i][j] = std::min(rows[i][j], rows[i - 2][j - 2] + 1);
      }
    }
  }
  return rows[a.size()][b.size()];
}

/// `postern request` for its command `ls`; "" for the program.
std::string path_of(const CLI::App& program, const CLI::App& command) {
  if (&command == &program) return "";
  return path_of(program, *command.get_parent()) + " " + command.get_name();
}

std::vector<std::string> commands_of(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::App* child : command.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(child->get_name());
    for (const std::string& alias : child->get_aliases()) names.push_back(alias);
  }
  return names;
}

std::vector<std::string> options_of(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::App* app = &command; app != nullptr; app = app->get_parent()) {
    for (const CLI::Option* option : app->get_options()) {
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    }
  }
  return names;
}

/// The first of the words that nobody took, as it was typed.
std::string first_unknown(const CLI::App& program, const std::vector<std::string>& words) {
  const std::vector<std::string> left = program.remaining(true);
  const auto found = std::find_first_of(words.begin(), words.end(), left.begin(), left.end());
  return found == words.end() ? "" : *found;
}

std::string with_guess(std::string sentence, const std::string& guess) {
  return guess.empty() ? sentence : sentence + "; did you mean \"" + guess + "\"?";
}

const CLI::App& innermost(const CLI::App& program) {
  const CLI::App* command = &program;
  while (!command->get_subcommands().empty()) command = command->get_subcommands().back();
  return *command;
}

}  // namespace

std::string help_of_innermost(const CLI::App& program) {
  const CLI::App& command = innermost(program);
  if (&command == &program) return program.help();
  return command.help(program.get_name() + path_of(program, *command.get_parent()));
}

std::string nearest(const std::string& word, const std::vector<std::string>& known) {
  constexpr std::size_t kFar = 3;
  std::string best;
  std::size_t least = std::min(kFar, (word.size() + 1) / 2);
  for (const std::string& name : known) {
    if (const std::size_t letters = distance(word, name); letters < least) {
      least = letters;
      best = name;
    }
  }
  return best;
}

std::string usage_error(const CLI::App& program, const std::vector<std::string>& words,
                        const CLI::ParseError& error) {
  const CLI::App& command = innermost(program);
  const bool wants_command = command.get_require_subcommand_min() > 0;
  const std::string unknown = first_unknown(program, words);
  std::string text;
  if (unknown.starts_with("-")) {
    const std::string name = unknown.substr(0, unknown.find('='));
    text = with_guess("there is no option " + name, nearest(name, options_of(command)));
  } else if (!unknown.empty() && wants_command) {
    text = with_guess("there is no command " + kube::quoted(unknown),
                      nearest(unknown, commands_of(command)));
  } else if (!unknown.empty()) {
    text = kube::quoted(unknown) + " is one word too many";
  } else if (wants_command) {
    return "";
  } else {
    text = error.what();
  }
  return text + "\nsee: " + program.get_name() + " help" + path_of(program, command);
}

}  // namespace postern::cli
