#pragma once

#include "proxy/access/api/plan.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// What the plans of the kinds are made of. Internal to proxy/access/api.
namespace postern::proxy::access::api {

using Call = decltype(Plan::call);

/// A request on its way to a plan.
struct Planning {
  const ApiRequest& request;
  const KindInfo& kind;
  WriteOptions options;
  std::vector<std::string> warnings;

  const std::string& name() const { return request.info.name; }
  /// The body as a document of this kind; an empty body is {} where it `may_be_empty`.
  Result<Json> body(std::string_view kind_name, const Schema& schema, bool may_be_empty = false);
};

/// `run` with what it gives as an outcome with this code.
template <typename Run>
StateCall state_call(unsigned code, Run run) {
  return {[code, run = std::move(run)](AccessState& state) -> Result<Outcome> {
    auto gave = run(state);
    if (!gave) return fail(std::move(gave.error()));
    Outcome outcome;
    outcome.code = code;
    if constexpr (std::is_same_v<std::decay_t<decltype(*gave)>, Json>) {
      outcome.body = std::move(*gave);
    } else {
      outcome.body = make_object(std::move(*gave));
    }
    return outcome;
  }};
}

/// metav1.Status of a delete that is done.
Json deleted_status(const KindInfo& kind, const ObjectMeta& meta);

/// What a delete rests on, from its body (JSON, YAML or none) and query.
struct DeleteWish {
  Preconditions preconditions;
  bool dry_run = false;
};
Result<DeleteWish> read_delete(const ApiRequest& request);

/// metadata.uid and metadata.resourceVersion of a document, as what a change rests on.
Result<Preconditions> preconditions_of(const Json& document, std::string_view kind);

/// The faults of metadata that hold for every kind: labels and annotations.
void check_metadata(const Json& document, std::vector<kube::StatusCause>& causes);

// One for each kind; called for verbs other than get, list and watch of the kind itself.
Result<Call> plan_access_requests(Planning& planning);
Result<Call> plan_access_roles(Planning& planning);
Result<Call> plan_access_users(Planning& planning);
Result<Call> plan_sessions(Planning& planning);
Result<Call> plan_resource_searches(Planning& planning);

}  // namespace postern::proxy::access::api
