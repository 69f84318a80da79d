#pragma once

#include "cli/context.h"
#include "cli/failure.h"

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace postern::cli {

/// The commands of the program, and what each of them does. The CLI::App must outlive it.
class CommandSet {
 public:
  /// Gives the exit code.
  using Action = std::function<Outcome<int>(const Context&)>;

  explicit CommandSet(CLI::App& program) : program_(program) {}

  CLI::App& program() { return program_; }
  /// A command that has commands.
  CLI::App& group(CLI::App& parent, const std::string& name, const std::string& description);
  /// A command; `footer` has its examples.
  CLI::App& command(CLI::App& parent, const std::string& name, const std::string& description,
                    const std::string& footer = "");
  void on(CLI::App& command, Action action) { actions_.emplace_back(&command, std::move(action)); }
  /// `run(*arguments, context)`; the arguments live as long as this.
  template <typename Arguments>
  void on(CLI::App& command, std::shared_ptr<Arguments> arguments,
          Outcome<void> (*run)(const Arguments&, const Context&)) {
    on(command, [arguments, run](const Context& context) -> Outcome<int> {
      return run(*arguments, context).map([] { return static_cast<int>(kDone); });
    });
  }
  /// What the command that was parsed does; nullptr when none was.
  const Action* chosen() const;

 private:
  CLI::App& program_;
  std::vector<std::pair<CLI::App*, Action>> actions_;
};

/// An option that may be given several times, once with each value.
CLI::Option* add_list(CLI::App& command, const std::string& name, std::vector<std::string>& values,
                      const std::string& description);

/// `-o` with these words.
CLI::Option* add_output(CLI::App& command, std::string& output,
                        const std::vector<std::string>& words);

/// For an argument that names objects of this resource of the access API (name_of_kind()).
CLI::Validator names_of(std::string resource);

// Each adds the commands of its group.
void add_server_commands(CommandSet& set);   ///< proxy, healthcheck, auth can-i|first-login
void add_login_commands(CommandSet& set);    ///< login, logout, status
void add_object_commands(CommandSet& set);   ///< create, get, rm, edit, export, users, sessions
void add_kube_commands(CommandSet& set);     ///< kube ls|login|credential, kubectl
void add_request_commands(CommandSet& set);  ///< request …
void add_shell_commands(CommandSet& set);    ///< completion, man, help, version

/// `postern 0.1.0 (COMMIT)`.
std::string version_text();

}  // namespace postern::cli
