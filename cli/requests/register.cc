#include "cli/requests/assume.h"
#include "cli/requests/create_command.h"
#include "cli/requests/review_commands.h"
#include "cli/requests/search_command.h"
#include "cli/shell/command_set.h"

namespace postern::cli {
namespace {

using Names = std::vector<std::string>;

constexpr const char* kSearchFooter = R"(
KIND is a short kind of resource IDs (pod, deployment, namespace, kube_cluster, …) or PLURAL.GROUP.

Examples:
  postern request search --kind pod --kube-cluster staging --kube-namespace dev
  postern request search --kind deployment --kube-cluster staging --all-kube-namespaces --labels app=web
  postern request search --kind widgets.example.com --kube-cluster staging --kube-namespace dev
  postern request search --kind kube_cluster)";

constexpr const char* kCreateFooter = R"(
A resource ID is /CLUSTER/KIND/KUBE_CLUSTER/NAMESPACE/NAME; NAMESPACE and NAME may be globs (web-*) or
regular expressions (^web-[0-9]+$). Waits for the decision: 0 approved, 3 denied, 5 --timeout is
over, 130 Ctrl-C (the request stays pending).

Examples:
  postern request create --resource /postern/pod/staging/dev/web-0 --reason 'ticket 4711'
  postern request create --resource '/postern/pod/staging/dev/web-*' --max-duration 2h --nowait
  postern request create --roles dev-admin --reviewers bob --reason rollout --dry-run)";

constexpr const char* kListFooter = R"(
The newest come first. Those that have expired are left out, unless --all or --state asks for them.

Examples:
  postern request ls --mine
  postern request ls --reviewable -o wide
  postern request ls -w)";

constexpr const char* kReviewFooter = R"(
Shows what would be approved, and sends the digest of exactly that with the review: when the request
would give something else by then, the review is refused. With --digest (as `request show` prints it)
nothing is shown again. It asks before it sends; where there is no terminal to ask at, an approval takes
--yes or --digest.

Examples:
  postern request review --approve k3n5x0a1b2 --reason 'looks good'
  postern request review --deny k3n5x0a1b2 --reason 'ask for one pod')";

Outcome<int> done(Outcome<void> outcome) {
  return std::move(outcome).map([] { return static_cast<int>(kDone); });
}

/// For an ID: the request's name, or request/NAME.
CLI::Validator request_name() {
  return names_of("accessrequests");
}

/// CLI11 takes a negative number for a very large one.
const CLI::Validator kNotNegative(
    [](const std::string& number) { return number.starts_with("-") ? "must be 0 or more" : ""; },
    "");

void add_search(CommandSet& set, CLI::App& group) {
  auto& command = set.command(group, "search", "List what may be asked for", kSearchFooter);
  auto arguments = std::make_shared<SearchArguments>();
  command.add_option("--kind", arguments->kind, "Which kind")->required();
  command.add_option("--kube-cluster", arguments->cluster,
                     "In which cluster; left out: the default one");
  auto* const space =
      command.add_option("--kube-namespace", arguments->namespace_, "In which namespace");
  command.add_flag("--all-kube-namespaces", arguments->all_namespaces, "In every namespace")
      ->excludes(space);
  add_list(command, "--search", arguments->words, "A word that it has (repeatable)")
      ->delimiter(',');
  add_list(command, "--labels", arguments->labels, "KEY=VALUE (repeatable, or with commas)")
      ->delimiter(',');
  command.add_option("--limit", arguments->limit, "At most so many; 0: all")
      ->check(kNotNegative)
      ->capture_default_str();
  command.add_flag("--no-headers", arguments->no_headers, "Rows alone");
  add_output(command, arguments->output, {"table", "wide", "json", "yaml", "name"});
  set.on(command, std::move(arguments), run_search);
}

void add_create(CommandSet& set, CLI::App& group) {
  auto& command = set.command(group, "create", "Ask for access", kCreateFooter);
  auto arguments = std::make_shared<RequestArguments>();
  add_list(command, "--resource", arguments->resources, "A resource ID (repeatable)");
  add_list(command, "--roles", arguments->roles, "Roles, with commas")->delimiter(',');
  add_list(command, "--reviewers", arguments->reviewers, "Who is to review it, with commas")
      ->delimiter(',');
  command.add_option("--reason", arguments->reason, "Why");
  command.add_option("--max-duration", arguments->max_duration, "How long you need it, e.g. 4h");
  command.add_option("--request-ttl", arguments->request_ttl, "How long it waits for reviews");
  command.add_option("--session-ttl", arguments->session_ttl, "How long sessions with it live");
  command.add_option("--assume-start-time", arguments->assume_start,
                     "Not before, e.g. 2026-01-31T09:00:00Z");
  add_list(command, "--label", arguments->labels, "KEY=VALUE, a label of the request (repeatable)");
  command.add_option("--timeout", arguments->timeout, "Wait no longer than this");
  command.add_flag("--dry-run", arguments->dry_run, "Show what it would be");
  auto* const no_wait = command.add_flag("--nowait", arguments->no_wait, "Do not wait");
  command.add_flag("--assume", arguments->assume, "Work with it as soon as it is approved")
      ->excludes(no_wait);
  add_output(command, arguments->output, {"json", "yaml", "name"});
  set.on(command, std::move(arguments), run_request_create);
}

void add_list_and_show(CommandSet& set, CLI::App& group) {
  auto& list = set.command(group, "ls", "List requests", kListFooter);
  auto arguments = std::make_shared<RequestListArguments>();
  arguments->get.newest_first = true;
  list.add_flag("--mine", arguments->mine, "Your own");
  list.add_flag("--reviewable", arguments->reviewable, "Those that await a review of yours");
  list.add_flag("--all", arguments->all, "Also those that have expired");
  list.add_option("--state", arguments->state, "In this state")
      ->check(CLI::IsMember({"PENDING", "APPROVED", "DENIED", "REVOKED", "EXPIRED"}));
  list.add_option("-l,--selector", arguments->get.labels, "Label selector");
  list.add_flag("-w,--watch", arguments->get.watch, "Then show every change");
  list.add_flag("--no-headers", arguments->get.no_headers, "Rows alone");
  add_output(list, arguments->get.output, {"table", "wide", "json", "yaml", "name"});
  set.on(list, std::move(arguments), run_request_list);

  auto& show = set.command(group, "show", "Everything about a request",
                           "\nExamples:\n  postern request show k3n5x0a1b2");
  struct Show {
    std::string name;
    std::string output;
  };
  auto shown = std::make_shared<Show>();
  show.add_option("ID", shown->name, "Which")->required()->transform(request_name());
  add_output(show, shown->output, {"json", "yaml", "name"});
  set.on(show, [shown](const Context& context) {
    return done(run_request_show(shown->name, shown->output, context));
  });
}

void add_review(CommandSet& set, CLI::App& group) {
  auto& command = set.command(group, "review", "Approve or deny a request", kReviewFooter);
  auto arguments = std::make_shared<ReviewArguments>();
  command.add_option("ID", arguments->name, "Which")->required()->transform(request_name());
  command.add_flag("--approve", arguments->approve, "Approve it");
  command.add_flag("--deny", arguments->deny, "Deny it");
  command.add_option("--reason", arguments->reason, "Why");
  command.add_option("--assume-start-time", arguments->assume_start,
                     "Not to be used before, e.g. 2026-01-31T09:00:00Z");
  command.add_option("--digest", arguments->digest, "Of what you have seen");
  command.add_flag("-y,--yes", arguments->yes, "Do not ask");
  set.on(command, std::move(arguments), run_request_review);
}

void add_use(CommandSet& set, CLI::App& group) {
  auto& assume = set.command(group, "assume", "Work with approved requests",
                             "\nExamples:\n  postern request assume k3n5x0a1b2 p0q9r8s7t6");
  auto assumed = std::make_shared<Names>();
  assume.add_option("ID", *assumed, "Which; they add up")->required()->transform(request_name());
  set.on(assume, std::move(assumed), run_assume);

  auto& drop =
      set.command(group, "drop", "Work without them again",
                  "\nExamples:\n  postern request drop\n  postern request drop k3n5x0a1b2");
  auto dropped = std::make_shared<Names>();
  drop.add_option("ID", *dropped, "Which; left out: all")->transform(request_name());
  set.on(drop, std::move(dropped), run_drop);

  auto& revoke =
      set.command(group, "revoke", "End an approved request for good",
                  "\nExamples:\n  postern request revoke k3n5x0a1b2 --reason 'work is done'");
  struct Revoke {
    Names names;
    std::string reason;
  };
  auto revoked = std::make_shared<Revoke>();
  revoke.add_option("ID", revoked->names, "Which")->required()->transform(request_name());
  revoke.add_option("--reason", revoked->reason, "Why");
  set.on(revoke, [revoked](const Context& context) {
    return done(run_request_revoke(revoked->names, revoked->reason, context));
  });
}

}  // namespace

void add_request_commands(CommandSet& set) {
  auto& group =
      set.group(set.program(), "request", "Ask for access, and review what others ask for");
  group.alias("requests");
  add_search(set, group);
  add_create(set, group);
  add_list_and_show(set, group);
  add_review(set, group);
  add_use(set, group);
}

}  // namespace postern::cli
