#include "cli/requests/create_command.h"

#include "cli/client/interrupt.h"
#include "cli/connect.h"
#include "cli/objects/object_kinds.h"
#include "cli/objects/output_format.h"
#include "cli/output/times.h"
#include "cli/requests/assume.h"
#include "cli/requests/request_text.h"
#include "cli/requests/wait.h"
#include "kube/text.h"

#include <fmt/format.h>
#include <ostream>

namespace postern::cli {
namespace {

Outcome<void> put_duration(Json& spec, const char* key, const std::string& text,
                           const char* option) {
  const auto duration = wire_duration(text, option);
  if (!duration) return tl::unexpected(duration.error());
  if (!duration->empty()) spec[key] = *duration;
  return {};
}

Outcome<void> put_times(Json& spec, const RequestArguments& arguments) {
  const struct {
    const char* key;
    const std::string& text;
    const char* option;
  } durations[] = {{"maxDuration", arguments.max_duration, "--max-duration"},
                   {"requestTTL", arguments.request_ttl, "--request-ttl"},
                   {"sessionTTL", arguments.session_ttl, "--session-ttl"}};
  for (const auto& duration : durations) {
    if (auto done = put_duration(spec, duration.key, duration.text, duration.option); !done) {
      return done;
    }
  }
  if (arguments.assume_start.empty()) return {};
  const auto start = parse_time(arguments.assume_start);
  if (!start) {
    return wrong_usage("--assume-start-time: \"" + arguments.assume_start +
                       "\" is no time; write 2026-01-31T09:00:00Z");
  }
  spec["assumeStartTime"] = time_text(*start);
  return {};
}

void print_whole(const Context& context, const Json& request, const RequestArguments& arguments) {
  if (!arguments.output.empty()) {
    const auto kind = find_object_kind("accessrequests");
    print_object(context.out(), request, **kind, output_format(arguments.output));
    return;
  }
  print_request(context.out(), request, std::chrono::system_clock::now(), context.colors());
  context.out() << std::flush;
}

Outcome<void> use(const Context& context, const Connection& connection, const std::string& name,
                  const RequestArguments& arguments) {
  if (arguments.assume) {
    const auto session = change_requests(connection.api(), {name}, {});
    if (!session) return tl::unexpected(session.error());
    return tell_requests(context, connection, *session);
  }
  if (!arguments.output.empty()) return {};
  context.out() << "\nTo use it:\n\n  postern request assume " << kube::shell_quote(name) << "\n";
  return {};
}

}  // namespace

Outcome<Json> request_object(const RequestArguments& arguments) {
  if (arguments.resources.empty() && arguments.roles.empty()) {
    return wrong_usage("say what you ask for: --resource ID or --roles ROLE");
  }
  Json request = new_object("AccessRequest");
  request["metadata"] = Json::object();
  for (const std::string& label : arguments.labels) {
    const std::size_t equals = label.find('=');
    if (equals == 0 || equals == std::string::npos) {
      return wrong_usage("--label: \"" + label + "\" is not KEY=VALUE");
    }
    request["metadata"]["labels"][label.substr(0, equals)] = label.substr(equals + 1);
  }
  Json spec = Json::object();
  if (!arguments.resources.empty()) spec["resources"] = arguments.resources;
  if (!arguments.roles.empty()) spec["roles"] = arguments.roles;
  if (!arguments.reason.empty()) spec["reason"] = arguments.reason;
  if (!arguments.reviewers.empty()) spec["suggestedReviewers"] = arguments.reviewers;
  if (auto done = put_times(spec, arguments); !done) return tl::unexpected(done.error());
  request["spec"] = std::move(spec);
  return request;
}

Outcome<Json> file_request(AccessClient& api, const Json& request, const QueryList& query) {
  auto filed = api.post("accessrequests", request, query);
  if (!filed && filed.error().exit_code > 128) {
    filed.error().message =
        "interrupted while the request was sent; to see whether it was filed: postern request ls "
        "--mine";
  }
  return filed;
}

Outcome<void> run_request_create(const RequestArguments& arguments, const Context& context) {
  const auto wanted = request_object(arguments);
  if (!wanted) return tl::unexpected(wanted.error());
  const auto patience = parse_patience(arguments.timeout, "--timeout");
  if (!patience) return tl::unexpected(patience.error());
  const auto connection = connect(context);
  if (!connection) return tl::unexpected(connection.error());
  QueryList query;
  if (arguments.dry_run) query.emplace_back("dryRun", "All");
  const Interrupt interrupt;  // from here on Ctrl-C tells what it leaves behind
  const auto filed = file_request(connection->api(), *wanted, query);
  if (!filed) return tl::unexpected(filed.error());
  const std::string name = text_at(*filed, {"metadata", "name"});
  if (arguments.dry_run) {
    print_whole(context, *filed, arguments);
    if (arguments.output.empty()) {
      print_effective(context.out(), *filed);
      context.err() << "Nothing was filed: this was a dry run.\n";
    }
    return {};
  }
  const bool waits = !arguments.no_wait && text_at(*filed, {"status", "state"}) == "PENDING";
  // Programs get one object: the decided one, when it is waited for.
  if (!waits || arguments.output.empty()) print_whole(context, *filed, arguments);
  if (arguments.no_wait) return {};
  if (waits) context.err() << "Waiting for a decision; Ctrl-C leaves the request pending.\n";
  const auto decided = wait_for_decision(connection->api(), *filed, *patience, context);
  if (!decided) return tl::unexpected(decided.error());
  if (!arguments.output.empty() && waits) print_whole(context, *decided, arguments);
  return use(context, *connection, name, arguments);
}

}  // namespace postern::cli
