#include "cli/kube/kubectl_command.h"

#include "cli/client/interrupt.h"
#include "cli/connect.h"
#include "cli/kube/covering_id.h"
#include "cli/kube/kubectl_session.h"
#include "cli/kube/kubectl_target.h"
#include "cli/kubeconfig/kubeconfig_file.h"
#include "cli/output/times.h"
#include "cli/profile/profile_store.h"
#include "cli/requests/assume.h"
#include "cli/requests/create_command.h"
#include "cli/requests/wait.h"
#include "cli/run_program.h"
#include "kube/text.h"

#include <algorithm>
#include <fmt/format.h>
#include <ostream>

namespace postern::cli {
namespace {

/// So often is kubectl run again for what it is refused next.
constexpr int kMaxRounds = 8;

/// Whether a refusal may lead to a request at all.
Outcome<bool> may_request(const KubectlArguments& arguments, const Context& context) {
  if (arguments.no_request || !context.surroundings.variable("POSTERN_NO_REQUEST").empty()) {
    return false;
  }
  const auto setting = ProfileStore(context.surroundings).request_on_refusal();
  if (!setting) return tl::unexpected(setting.error());
  return *setting && (!arguments.reason.empty() || context.surroundings.interactive());
}

std::string listed(const std::vector<std::string>& ids) {
  std::string text;
  for (const std::string& id : ids) text += "  " + kube::printable(id) + "\n";
  return text;
}

/// The reason: as given, or as typed; "" when nobody wants to ask.
Outcome<std::string> reason_for(const KubectlArguments& arguments, const Context& context) {
  if (!arguments.reason.empty()) return arguments.reason;
  const auto answer = ask(context.surroundings, "Why do you need it? (empty: do not ask) ");
  if (!answer && Interrupt::signal() != 0) {
    return tl::unexpected(Failure{Interrupt::exit_code(), "interrupted; nothing was filed"});
  }
  return answer.value_or("");
}

/// Of one's own open requests, one that is for all of these and not assumed yet; null when there is
/// none. An approved one is better than one that waits.
Outcome<Json> find_open_request(const Connection& connection, const std::vector<std::string>& ids,
                                const std::vector<std::string>& assumed) {
  const auto user = who_am_i(connection);
  if (!user) return tl::unexpected(user.error());
  const TimePoint now = std::chrono::system_clock::now();
  for (const char* const state : {"APPROVED", "PENDING"}) {
    const auto list = connection.api().list(
        "accessrequests",
        {{"fieldSelector", field_equals("spec.user", *user) + ",status.state=" + state}});
    if (!list) return tl::unexpected(list.error());
    for (const Json& request : find(*list, {"items"})) {
      const auto resources = texts_at(request, {"spec", "resources"});
      const bool covers = std::all_of(ids.begin(), ids.end(), [&resources](const auto& id) {
        return std::any_of(resources.begin(), resources.end(),
                           [&id](const auto& wide) { return covers_id(wide, id); });
      });
      const std::string name = text_at(request, {"metadata", "name"});
      const bool used = std::find(assumed.begin(), assumed.end(), name) != assumed.end();
      const auto start = parse_time(text_at(request, {"status", "assumeStartTime"}));
      if (covers && !used && (!start || *start <= now)) return request;
    }
  }
  return Json();
}

class Requesting {
 public:
  Requesting(const KubectlArguments& arguments, const Context& context,
             const Connection& connection, KubectlSession& session)
      : arguments_(arguments), context_(context), connection_(connection), session_(session) {}

  /// Gets access to these, and assumes it. False: nobody wants to.
  Outcome<bool> obtain(const std::vector<std::string>& ids) {
    context_.err() << "\npostern refused:\n" << listed(ids);
    auto request = find_open_request(connection_, ids, session_.assumed());
    if (!request) return tl::unexpected(request.error());
    if (request->is_null()) {
      auto filed = file(ids);
      if (!filed) return tl::unexpected(filed.error());
      if (filed->is_null()) return false;
      request = std::move(*filed);
    }
    const std::string name = text_at(*request, {"metadata", "name"});
    if (text_at(*request, {"status", "state"}) == "PENDING") {
      context_.err() << "Waiting for a decision on request " << kube::printable(name)
                     << "; Ctrl-C leaves it pending.\n"
                     << std::flush;
      const auto patience = parse_patience(arguments_.timeout, "--request-wait");
      if (!patience) return tl::unexpected(patience.error());
      const auto decided = wait_for_decision(connection_.api(), *request, *patience, context_);
      if (!decided) return tl::unexpected(decided.error());
    }
    if (auto done = session_.assume(name); !done) return tl::unexpected(done.error());
    context_.err() << "Request " << kube::printable(name) << " is assumed for this command.\n\n"
                   << std::flush;
    return true;
  }

 private:
  /// A new request; null when no reason was given.
  Outcome<Json> file(const std::vector<std::string>& ids) {
    const auto reason = reason_for(arguments_, context_);
    if (!reason) return tl::unexpected(reason.error());
    if (reason->empty()) return Json();
    RequestArguments wanted;
    wanted.resources = ids;
    wanted.reason = *reason;
    wanted.max_duration = arguments_.max_duration;
    const auto object = request_object(wanted);
    if (!object) return tl::unexpected(object.error());
    return file_request(connection_.api(), *object, {});
  }

  const KubectlArguments& arguments_;
  const Context& context_;
  const Connection& connection_;
  KubectlSession& session_;
};

/// Standard input can be read once: what was piped in is gone when kubectl is run again.
bool reads_input(const std::vector<std::string>& words, const Surroundings& surroundings) {
  return !surroundings.terminals.in && std::any_of(words.begin(), words.end(), [](const auto& w) {
    return w == "-" || w == "-f-" || w == "--filename=-" || w == "-i" || w == "--stdin" ||
           w == "-it";
  });
}

Outcome<int> run_rounds(const KubectlArguments& arguments, const KubectlWords& words,
                        const Context& context, const Connection& connection,
                        KubectlSession& session) {
  std::vector<std::string> command{"kubectl"};
  command.insert(command.end(), words.arguments.begin(), words.arguments.end());
  Requesting requesting(arguments, context, connection, session);
  for (int round = 0;; ++round) {
    context.out() << std::flush;
    const auto code = run_program(command, {{"KUBECONFIG", session.kubeconfig()}});
    if (!code || *code == 0 || *code >= 128 || round == kMaxRounds) return code;
    const auto possible = may_request(arguments, context);
    if (!possible) return tl::unexpected(possible.error());
    if (!*possible) return code;
    const auto ids = session.new_refusals();
    if (!ids) return tl::unexpected(ids.error());
    if (ids->empty()) return code;
    const auto obtained = requesting.obtain(*ids);
    if (!obtained) return tl::unexpected(obtained.error());
    if (!*obtained) return code;
    if (reads_input(words.arguments, context.surroundings)) {
      context.err() << "What was piped in has been read; run the command again.\n";
      return code;
    }
  }
}

}  // namespace

Outcome<int> run_kubectl(const KubectlArguments& arguments, const Context& context) {
  const auto words = split_kubectl_words(arguments.words);
  if (!words) return tl::unexpected(words.error());
  // Before anything is filed.
  if (auto patience = parse_patience(arguments.timeout, "--request-wait"); !patience) {
    return tl::unexpected(patience.error());
  }
  const auto connection = connect(context);
  if (!connection) return tl::unexpected(connection.error());
  const auto config =
      read_merged(words->kubeconfig.empty() ? kubeconfig_files(context.surroundings)
                                            : std::vector<std::string>{words->kubeconfig});
  if (!config) return tl::unexpected(config.error());
  const auto target =
      choose_target(*config, words->context, connection->api().endpoint().url, arguments.cluster);
  if (!target) return tl::unexpected(target.error());
  const Interrupt interrupt;  // whatever happens, the session and its file are tidied up
  auto session = KubectlSession::make(*connection, *target, context);
  if (!session) return tl::unexpected(session.error());
  return run_rounds(arguments, *words, context, *connection, **session);
}

}  // namespace postern::cli
