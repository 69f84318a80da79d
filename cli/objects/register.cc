#include "cli/objects/get_command.h"
#include "cli/objects/user_commands.h"
#include "cli/objects/write_commands.h"
#include "cli/shell/command_set.h"

namespace postern::cli {
namespace {

using Names = std::vector<std::string>;

constexpr const char* kCreateFooter = R"(
Reads roles and users in Teleport's shape (kind: role, kind: user) and objects of
access.postern.dev/v1alpha1, several documents in a file. What has no meaning here is told as a
warning.

Examples:
  postern create -f role.yaml
  postern create -f roles.yaml -f users.yaml --overwrite
  postern export | ssh other postern create -f -)";

constexpr const char* kGetFooter = R"(
KIND is request, role, user, session or kubecluster, or any name that kubectl knows for them.

Examples:
  postern get roles
  postern get role/access -o yaml
  postern get requests -w
  postern get requests -l team=web -o name)";

constexpr const char* kEditFooter = R"(
The editor is $POSTERN_EDITOR, $VISUAL, $EDITOR or vi. A refused document is opened again; when you
give up, the file stays.

Examples:
  postern edit role/access)";

constexpr const char* kUsersAddFooter = R"(
Prints an invite link that holds the proxy's address, its pin and a token that works once.

Examples:
  postern users add alice --roles requester --ttl 24h
  postern users add bob --roles reviewer,access --traits kubernetes_groups=developers)";

constexpr const char* kResetFooter = R"(
For a lost or a leaked password: it counts no more at once, and the sessions that it opened end.

Examples:
  postern users reset alice)";

constexpr const char* kUpdateFooter = R"(
Examples:
  postern users update alice --set-roles requester,reviewer
  postern users update alice --set-traits kubernetes_groups=developers)";

/// For people: their name, or user/NAME.
CLI::Validator user_name() {
  return names_of("accessusers");
}

Outcome<int> done(Outcome<void> outcome) {
  return std::move(outcome).map([] { return static_cast<int>(kDone); });
}

void add_get(CommandSet& set) {
  auto& command = set.command(set.program(), "get", "Show objects", kGetFooter);
  auto arguments = std::make_shared<GetArguments>();
  command.add_option("KIND[/NAME]", arguments->words, "What: KIND, KIND/NAME… or KIND NAME…")
      ->required();
  add_output(command, arguments->output, {"table", "wide", "json", "yaml", "name"});
  command.add_option("-l,--selector", arguments->labels, "Label selector");
  command.add_option("--field-selector", arguments->fields, "Field selector");
  command.add_flag("-w,--watch", arguments->watch, "Then show every change");
  command.add_flag("--no-headers", arguments->no_headers, "Rows alone");
  set.on(command, std::move(arguments), run_get);
}

void add_create(CommandSet& set) {
  auto& command = set.command(set.program(), "create", "Create what files describe", kCreateFooter);
  auto arguments = std::make_shared<CreateArguments>();
  add_list(command, "-f,--filename", arguments->files,
           "A file or a folder (repeatable; -: standard input)")
      ->required();
  command.add_flag("--overwrite", arguments->overwrite, "Replace what is there already");
  command.add_flag("--dry-run", arguments->dry_run, "Have it checked only");
  add_output(command, arguments->output, {"json", "yaml", "name"});
  set.on(command, std::move(arguments), run_create);
}

void add_remove_edit_export(CommandSet& set) {
  auto& remove = set.command(set.program(), "rm", "Delete objects",
                             "\nExamples:\n  postern rm role/old user/carol\n  postern rm request "
                             "k3n5x0a1b2");
  auto words = std::make_shared<Names>();
  remove.add_option("KIND/NAME", *words, "What: KIND/NAME… or KIND NAME…")->required();
  set.on(remove, std::move(words), run_remove);

  auto& edit =
      set.command(set.program(), "edit", "Change a role or user in an editor", kEditFooter);
  auto word = std::make_shared<std::string>();
  edit.add_option("KIND/NAME", *word, "What")->required();
  set.on(edit, std::move(word), run_edit);

  auto& exported = set.command(set.program(), "export", "All roles and users, for create -f",
                               "\nExamples:\n  postern export > backup.yaml");
  auto all = std::make_shared<bool>(false);
  exported.add_flag("--all", *all, "Also those of files and presets");
  set.on(exported, [all](const Context& context) { return done(run_export(*all, context)); });
}

void add_list_and_remove(CommandSet& set, CLI::App& group, const std::string& kind) {
  auto& list =
      set.command(group, "ls", "List them", "\nExamples:\n  postern " + kind + " ls -o wide");
  auto get = std::make_shared<GetArguments>();
  get->words = {kind};
  add_output(list, get->output, {"table", "wide", "json", "yaml", "name"});
  list.add_option("-l,--selector", get->labels, "Label selector");
  list.add_flag("-w,--watch", get->watch, "Then show every change");
  list.add_flag("--no-headers", get->no_headers, "Rows alone");
  set.on(list, std::move(get), run_get);

  auto& remove =
      set.command(group, "rm", "Delete them", "\nExamples:\n  postern " + kind + " rm NAME");
  auto names = std::make_shared<Names>();
  remove.add_option("NAME", *names, "Which")
      ->required()
      ->transform(names_of(kind == "users" ? "accessusers" : kind));
  set.on(remove, [names, kind](const Context& context) {
    Names words{kind};
    words.insert(words.end(), names->begin(), names->end());
    return done(run_remove(words, context));
  });
}

void add_users(CommandSet& set) {
  auto& users = set.group(set.program(), "users", "People and what they may do");
  auto& add = set.command(users, "add", "Create a user, and invite them", kUsersAddFooter);
  auto arguments = std::make_shared<UserArguments>();
  add.add_option("NAME", arguments->name, "Who")->required();
  add_list(add, "--roles", arguments->roles, "Their roles, with commas")
      ->delimiter(',')
      ->required();
  add_list(add, "--traits", arguments->traits, "KEY=VALUE[,VALUE…] (repeatable)");
  add.add_flag("--no-invite", arguments->no_invite, "They log in by other means");
  add.add_option("--ttl", arguments->ttl, "For how long the invite holds, at most 168h");
  add_output(add, arguments->output, {"json", "yaml"});
  set.on(add, std::move(arguments), run_users_add);

  auto& invite = set.command(users, "invite", "A new one-time login for a user",
                             "\nExamples:\n  postern users invite alice");
  auto invited = std::make_shared<UserArguments>();
  invite.add_option("NAME", invited->name, "Who")->required()->transform(user_name());
  invite.add_option("--ttl", invited->ttl, "For how long it holds, at most 168h");
  add_output(invite, invited->output, {"json", "yaml"});
  set.on(invite, std::move(invited), run_users_invite);

  auto& reset = set.command(users, "reset", "Take a password away, and invite anew", kResetFooter);
  auto forgot = std::make_shared<UserArguments>();
  reset.add_option("NAME", forgot->name, "Who")->required()->transform(user_name());
  reset.add_option("--ttl", forgot->ttl, "For how long the invite holds, at most 168h");
  add_output(reset, forgot->output, {"json", "yaml"});
  set.on(reset, std::move(forgot), run_users_reset);

  auto& update = set.command(users, "update", "Give a user other roles or traits", kUpdateFooter);
  auto changed = std::make_shared<UserArguments>();
  update.add_option("NAME", changed->name, "Who")->required()->transform(user_name());
  add_list(update, "--set-roles", changed->roles, "All of their roles, with commas")
      ->delimiter(',');
  add_list(update, "--set-traits", changed->traits, "KEY=VALUE[,VALUE…] (repeatable)");
  set.on(update, std::move(changed), run_users_update);

  for (const bool locked : {true, false}) {
    const std::string name = locked ? "lock" : "unlock";
    auto& command =
        set.command(users, name, locked ? "Keep users out, at once" : "Let them in again",
                    "\nExamples:\n  postern users " + name + " alice");
    auto names = std::make_shared<Names>();
    command.add_option("NAME", *names, "Who")->required()->transform(user_name());
    set.on(command, [names, locked](const Context& context) {
      return done(run_users_lock(*names, locked, context));
    });
  }
  add_list_and_remove(set, users, "users");
}

}  // namespace

void add_object_commands(CommandSet& set) {
  add_create(set);
  add_get(set);
  add_remove_edit_export(set);
  add_users(set);
  add_list_and_remove(set, set.group(set.program(), "sessions", "Who is logged in"), "sessions");
}

}  // namespace postern::cli
