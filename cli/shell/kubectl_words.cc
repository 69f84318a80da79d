#include "cli/shell/kubectl_words.h"

namespace postern::cli {
namespace {

/// How many of the words from `at` on are an option of the command and its value; 0: none.
std::size_t option_length(const CLI::App& command, const std::vector<std::string>& words,
                          std::size_t at) {
  const std::string& word = words[at];
  const std::size_t equals = word.find('=');
  const CLI::Option* const option = find_option(command, word.substr(0, equals));
  if (option == nullptr) return 0;
  const bool takes_value = option->get_items_expected_max() > 0;
  return takes_value && equals == std::string::npos ? 2 : 1;
}

}  // namespace

const CLI::Option* find_option(const CLI::App& command, const std::string& word) {
  if (!word.starts_with("-") || word == "-" || word == "--") return nullptr;
  for (const CLI::App* app = &command; app != nullptr; app = app->get_parent()) {
    if (const CLI::Option* const option = app->get_option_no_throw(word)) return option;
  }
  return nullptr;
}

std::vector<std::string> with_kubectl_words_apart(const CLI::App& program,
                                                  const std::vector<std::string>& arguments) {
  std::size_t at = 0;
  while (at < arguments.size()) {
    const std::size_t length = option_length(program, arguments, at);
    if (length == 0) break;
    at += length;
  }
  if (at >= arguments.size() || arguments[at] != "kubectl") return arguments;
  const CLI::App* const kubectl = program.get_subcommand("kubectl");
  ++at;
  // Of the options above only --proxy and --color are ours here; the others are kubectl's, too.
  while (at < arguments.size()) {
    const std::string name = arguments[at].substr(0, arguments[at].find('='));
    const bool ours = kubectl->get_option_no_throw(name) != nullptr && name.starts_with("-");
    if (!ours && name != "--proxy" && name != "--color") break;
    at += std::max<std::size_t>(option_length(*kubectl, arguments, at), 1);
  }
  std::vector<std::string> words = arguments;
  if (at < words.size() && words[at] != "--") {
    words.insert(words.begin() + static_cast<std::ptrdiff_t>(at), "--");
  }
  return words;
}

}  // namespace postern::cli
