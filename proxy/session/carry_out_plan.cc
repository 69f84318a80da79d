#include "proxy/session/carry_out_plan.h"

#include "proxy/access/api/access_api.h"
#include "proxy/access/api/document.h"
#include "proxy/session/access_answer.h"
#include "proxy/session/access_caller.h"
#include "proxy/session/access_watch.h"
#include "proxy/session/resource_finder.h"

#include <chrono>
#include <utility>

namespace postern::proxy {
namespace {

namespace api = access::api;

/// Answers with what a call gave, as the client likes it.
Task<Result<void>> send_outcome(ClientConnection& client, ProxiedRequest& request,
                                const api::Plan& plan, const api::Outcome& outcome) {
  const auto now = std::chrono::system_clock::now();
  std::string body;
  if (const auto* object = std::get_if<api::ObjectPtr>(&outcome.body)) {
    body = api::encoded(**object, plan.media, now);
  } else if (const auto* list = std::get_if<api::ObjectList>(&outcome.body)) {
    body = api::encoded(*list, plan.media, now);
  } else {
    body = api::encoded(std::get<api::Json>(outcome.body), plan.media);
  }
  OwnAnswer answer{outcome.code, plan.media.content_type(), body, plan.warnings, {}};
  answer.warnings.insert(answer.warnings.end(), outcome.warnings.begin(), outcome.warnings.end());
  co_return co_await send_own(client, request, answer);
}

/// Carries out whatever a plan is but a watch, for one request.
class PlanRunner {
 public:
  PlanRunner(WorkerState& state, access::Caller caller)
      : state_(state), api_(*state.shared().access_api), caller_(std::move(caller)) {}

  Task<Result<api::Outcome>> run(api::StateCall call) {
    co_return co_await api_.service.ask<Result<api::Outcome>>(
        state_.worker(), [run = std::move(call.run)](access::AccessState& state) {
          auto outcome = run(state);
          // What was made at another replica just now is looked for before it is denied.
          return outcome || !state.found_elsewhere(outcome.error()) ? outcome : run(state);
        });
  }

  Task<Result<api::Outcome>> run(api::LoginCall call) {
    const auto issued = co_await api_.service.login(state_.worker(), std::move(call.document));
    if (!issued) co_return fail(issued.error());
    co_return api::Outcome{201, api::issued_session_document(*issued), {}};
  }

  Task<Result<api::Outcome>> run(api::SearchCall call) {
    ClusterResourceFinder finder(state_, api_.state.directory());
    const auto found = co_await finder.search(caller_, std::move(call.question));
    if (!found) co_return fail(found.error());
    co_return api::Outcome{201, api::search_document(*found), {}};
  }

  Task<Result<api::Outcome>> run(api::PreviewCall call) {
    const auto request = co_await api_.service.ask<Result<access::RequestPtr>>(
        state_.worker(), [caller = caller_, name = std::move(call.name)](access::AccessState& s) {
          return api::request_to_preview(s, caller, name);
        });
    if (!request) co_return fail(request.error());
    ClusterResourceFinder finder(state_, api_.state.directory());
    const auto found = co_await finder.preview(caller_, *request);
    if (!found) co_return fail(found.error());
    co_return api::Outcome{200, api::preview_document(**request, *found), {}};
  }

  Task<Result<api::Outcome>> run(api::WatchCall) {
    co_return fail(kube::Status::internal("a watch is no single answer"));
  }

 private:
  WorkerState& state_;
  const api::AccessApi& api_;
  access::Caller caller_;
};

Task<Result<void>> answer_call(WorkerState& state, ClientConnection& client,
                               ProxiedRequest& request, std::unique_ptr<api::Plan> plan) {
  PlanRunner runner(state, caller_of(client, request));
  auto outcome = co_await std::visit([&runner](auto& call) { return runner.run(std::move(call)); },
                                     plan->call);
  if (!outcome) co_return fail(std::move(outcome.error()));
  co_return co_await send_outcome(client, request, *plan, *outcome);
}

}  // namespace

/// No coroutine of its own: a watch stays for long and there are many, and what only calls need
/// would be in the way all the time.
Task<Result<void>> carry_out_plan(WorkerState& state, ClientConnection& client,
                                  ProxiedRequest& request, std::unique_ptr<api::Plan> plan) {
  if (auto* watch = std::get_if<api::WatchCall>(&plan->call)) {
    return begin_access_watch(state, client, request, caller_of(client, request),
                              std::move(plan->media), std::move(*watch));
  }
  return answer_call(state, client, request, std::move(plan));
}

}  // namespace postern::proxy
