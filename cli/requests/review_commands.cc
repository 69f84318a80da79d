#include "cli/requests/review_commands.h"

#include "cli/client/interrupt.h"
#include "cli/connect.h"
#include "cli/output/times.h"
#include "cli/requests/show.h"
#include "kube/text.h"

#include <ostream>

namespace postern::cli {
namespace {

constexpr int kConflict = 409;

Json review_of(const std::string& decision, const std::string& reason) {
  Json review = new_object("AccessReview");
  review["spec"] = {{"decision", decision}};
  if (!reason.empty()) review["spec"]["reason"] = reason;
  return review;
}

/// Whether the person at the terminal wants it; true where nobody is to be asked. Nothing is
/// approved that nobody has said yes to; a denial gives nothing away.
Outcome<bool> confirmed(const ReviewArguments& arguments, const Context& context) {
  if (arguments.yes || !arguments.digest.empty()) return true;
  if (!context.surroundings.interactive()) {
    if (!arguments.approve) return true;
    return wrong_usage(
        "nothing was sent: there is no terminal to ask at; approve with --yes, or "
        "with the --digest that `postern request show` prints");
  }
  const char* const question =
      arguments.approve ? "Approve exactly this? [y/N] " : "Deny this? [y/N] ";
  const auto answer = ask(context.surroundings, question);
  if (!answer && Interrupt::signal() != 0) {
    return tl::unexpected(Failure{Interrupt::exit_code(), "interrupted; nothing was sent"});
  }
  const std::string word = kube::ascii_lower(answer.value_or(""));
  return word == "y" || word == "yes";
}

void tell_outcome(const Context& context, const Json& request) {
  const std::string state = text_at(request, {"status", "state"});
  context.out() << "Reviewed. Request " << kube::printable(text_at(request, {"metadata", "name"}))
                << " is " << colored_state(state, context.colors()) << ".\n";
  if (state == "PENDING") context.err() << "More reviews are needed.\n";
}

}  // namespace

Outcome<void> run_request_review(const ReviewArguments& arguments, const Context& context) {
  if (arguments.approve == arguments.deny) return wrong_usage("give one of --approve and --deny");
  Json review = review_of(arguments.approve ? "Approve" : "Deny", arguments.reason);
  if (!arguments.assume_start.empty()) {
    const auto start = parse_time(arguments.assume_start);
    if (!start) return wrong_usage("--assume-start-time is no time; write 2026-01-31T09:00:00Z");
    review["spec"]["assumeStartTime"] = time_text(*start);
  }
  const auto connection = connect(context);
  if (!connection) return tl::unexpected(connection.error());
  AccessClient& api = connection->api();
  const auto request = api.get(path_of({"accessrequests", arguments.name}));
  if (!request) return tl::unexpected(request.error());
  if (arguments.digest.empty()) show_request(api, *request, context);
  const auto wanted = confirmed(arguments, context);
  if (!wanted) return tl::unexpected(wanted.error());
  if (!*wanted) return failed("nothing was sent");
  review["spec"]["uid"] = text_at(*request, {"metadata", "uid"});
  review["spec"]["effectiveDigest"] = arguments.digest.empty()
                                          ? text_at(*request, {"status", "effectiveDigest"})
                                          : arguments.digest;
  auto reviewed = api.post(path_of({"accessrequests", arguments.name, "reviews"}), review);
  if (!reviewed) {
    if (reviewed.error().http_status == kConflict) {
      reviewed.error().message +=
          "\nsee: postern request show " + kube::shell_quote(arguments.name);
    }
    return tl::unexpected(reviewed.error());
  }
  tell_outcome(context, *reviewed);
  return {};
}

Outcome<void> run_request_revoke(const std::vector<std::string>& names, const std::string& reason,
                                 const Context& context) {
  const auto connection = connect(context);
  if (!connection) return tl::unexpected(connection.error());
  for (const std::string& name : names) {
    const auto request = connection->api().get(path_of({"accessrequests", name}));
    if (!request) return tl::unexpected(request.error());
    Json review = review_of("Revoke", reason);
    review["spec"]["uid"] = text_at(*request, {"metadata", "uid"});
    const auto revoked =
        connection->api().post(path_of({"accessrequests", name, "reviews"}), review);
    if (!revoked) return tl::unexpected(revoked.error());
    context.out() << "request/" << kube::printable(name) << " revoked\n";
  }
  return {};
}

}  // namespace postern::cli
