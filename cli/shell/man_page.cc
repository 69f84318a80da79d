#include "cli/shell/man_page.h"

#include "cli/shell/help_topics.h"
#include "proxy/observe/version.h"

#include <sstream>

namespace postern::cli {
namespace {

/// Text that roff does not act on.
std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
  }
  return out;
}

/// Lines as they are; none of them begins with a request.
std::string verbatim(const std::string& text) {
  std::istringstream lines(text);
  std::string out = ".nf\n";
  for (std::string line; std::getline(lines, line);) out += "\\&" + escaped(line) + "\n";
  return out + ".fi\n";
}

std::string option_text(const CLI::Option& option) {
  std::string text = ".TP\n.B " + escaped(option.get_name(option.get_positional(), true));
  if (option.get_items_expected_max() > 0 && !option.get_positional()) text += " VALUE";
  return text + "\n" + escaped(option.get_description()) + "\n";
}

void append_options(std::string& out, const CLI::App& command) {
  for (const CLI::Option* const option : command.get_options()) {
    if (option->get_group().empty() || option == command.get_help_ptr()) continue;
    out += option_text(*option);
  }
}

void append_command(std::string& out, const CLI::App& command, const std::string& path) {
  const auto children = command.get_subcommands([](const CLI::App*) { return true; });
  if (children.empty()) {
    out += ".SS " + escaped(path) + "\n" + escaped(command.get_description()) + ".\n";
    append_options(out, command);
    if (!command.get_footer().empty()) out += ".PP\n" + verbatim(command.get_footer());
  }
  for (const CLI::App* const child : children) {
    if (!child->get_group().empty()) append_command(out, *child, path + " " + child->get_name());
  }
}

}  // namespace

std::string man_page(const CLI::App& program) {
  std::string out = std::string(".TH POSTERN 1 \"\" \"postern ") + proxy::version() + "\"\n";
  out += ".SH NAME\npostern \\- " + escaped(program.get_description()) + "\n";
  out += ".SH SYNOPSIS\n.B postern\n[OPTION]... COMMAND [ARGUMENT]...\n";
  out += ".SH OPTIONS\n";
  append_options(out, program);
  out += ".SH COMMANDS\n";
  append_command(out, program, "postern");
  for (const HelpTopic& topic : help_topics()) {
    std::string title = topic.name;
    for (char& c : title) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    out += ".SH \"" + escaped(title) + "\"\n" + verbatim(topic.text);
  }
  return out;
}

}  // namespace postern::cli
