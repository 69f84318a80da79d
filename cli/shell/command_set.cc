#include "cli/shell/command_set.h"

#include "cli/objects/object_kinds.h"

namespace postern::cli {

CLI::App& CommandSet::group(CLI::App& parent, const std::string& name,
                            const std::string& description) {
  auto* const added = parent.add_subcommand(name, description);
  added->require_subcommand(1);
  added->fallthrough();
  added->footer("\n`postern help " + name + " COMMAND` has examples.");  // not the program's
  return *added;
}

CLI::App& CommandSet::command(CLI::App& parent, const std::string& name,
                              const std::string& description, const std::string& footer) {
  auto* const added = parent.add_subcommand(name, description);
  added->fallthrough();
  added->footer(footer);
  return *added;
}

const CommandSet::Action* CommandSet::chosen() const {
  for (const auto& [command, action] : actions_) {
    if (command->parsed()) return &action;
  }
  return nullptr;
}

CLI::Option* add_list(CLI::App& command, const std::string& name, std::vector<std::string>& values,
                      const std::string& description) {
  return command.add_option(name, values, description)->allow_extra_args(false);
}

CLI::Option* add_output(CLI::App& command, std::string& output,
                        const std::vector<std::string>& words) {
  return command.add_option("-o,--output", output, "Format")->check(CLI::IsMember(words));
}

CLI::Validator names_of(std::string resource) {
  return CLI::Validator(
      [resource = std::move(resource)](std::string& word) -> std::string {
        auto name = name_of_kind(resource, word);
        if (!name) return name.error().message;
        word = std::move(*name);
        return "";
      },
      "");
}

}  // namespace postern::cli
