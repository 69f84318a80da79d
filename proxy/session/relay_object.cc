#include "proxy/session/relay_object.h"

#include "proxy/session/answer.h"
#include "proxy/session/filtered_answer.h"
#include "proxy/session/forward.h"

#include <utility>

namespace postern::proxy {

Task<Result<void>> relay_object(WorkerState& state, ClientConnection& client,
                                ProxiedRequest& request) {
  request.accept.upstream_accept = "application/json";
  auto answer = co_await forward(state, client, request);
  if (!answer) {
    co_return fail(std::move(answer.error()));
  }
  if (answer->head.status == 404) {
    co_return fail(request.decision.status);  // hidden and absent are the same 403
  }
  if (!can_be_filtered(answer->head)) {
    co_return co_await relay_unfilterable(state, client, request, *answer);
  }
  auto options = filter_options(state, request);
  const std::size_t max_bytes = options.max_undecided_bytes;
  auto body = co_await read_whole(state, *answer, max_bytes);
  if (!body) {
    co_return fail(std::move(body.error()));
  }
  const auto predicate = predicate_of(request);
  const auto filter = kube::filter::make_json_object_filter(std::move(options), *predicate);
  std::string visible;
  auto outcome = filter->feed(*body, visible);
  if (outcome) {
    outcome = filter->finish(visible);
  }
  if (!outcome) {
    if (std::string_view(outcome.error().reason) == "hidden") {
      co_return fail(request.decision.status);
    }
    co_return fail(filter_failure(state, request, outcome.error()));
  }
  co_return co_await send_whole(client, request, answer->head, ResponseUse::kRewritten, visible);
}

}  // namespace postern::proxy
