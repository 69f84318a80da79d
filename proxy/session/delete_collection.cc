#include "proxy/session/delete_collection.h"

#include "kube/delete_options.h"
#include "kube/text.h"
#include "proxy/session/answer.h"
#include "proxy/session/parallel_deletes.h"
#include "proxy/session/visible_objects.h"
#include "proxy/session/whole_body.h"
#include "proxy/upstream/impersonation.h"

#include <utility>
#include <vector>

namespace postern::proxy {
namespace {

Result<void> check_delete_query(const kube::Query& query) {
  if (query.has("continue") || query.has("limit")) {
    return fail(
        kube::Status::bad_request("limit and continue do not go with deletecollection here"));
  }
  return {};
}

Task<Result<kube::DeleteOptions>> read_options(WorkerState& state, ClientConnection& client,
                                               ProxiedRequest& request) {
  const auto encoding = co_await take_object_body(state, client, request);
  if (!encoding) {
    co_return fail(encoding.error());
  }
  auto options = kube::read_delete_options(*encoding, *request.body);
  if (!options) {
    co_return fail(std::move(options.error()));
  }
  if (auto added = options->add_query(request.info.query); !added) {
    co_return fail(std::move(added.error()));
  }
  request.body = std::string();
  co_return options;
}

/// 409 before anything is deleted, where the client wants one object and others are visible, too.
Result<void> check_precondition(const kube::DeleteOptions& options,
                                const std::vector<Victim>& victims) {
  if (!options.precondition_uid) {
    return {};
  }
  for (const Victim& victim : victims) {
    if (victim.uid != *options.precondition_uid) {
      return fail(kube::Status::conflict("the UID in the precondition is not that of " +
                                         kube::quoted(victim.name)));
    }
  }
  return {};
}

}  // namespace

bool needs_expansion(const ProxiedRequest& request) {
  return request.info.verb == "deletecollection" && request.filtered();
}

Task<Result<void>> delete_collection(WorkerState& state, ClientConnection& client,
                                     ProxiedRequest& request) {
  if (auto checked = check_delete_query(request.info.query); !checked) {
    co_return fail(std::move(checked.error()));
  }
  const auto options = co_await read_options(state, client, request);
  if (!options) {
    co_return fail(options.error());
  }
  const auto impersonation = impersonation_fields(request.principals(), request.grant());
  if (!impersonation) {
    co_return fail(impersonation.error());
  }
  auto visible = co_await list_visible(state, client, request, *impersonation);
  if (!visible) {
    co_return fail(std::move(visible.error()));
  }
  if (auto same = check_precondition(*options, visible->victims()); !same) {
    co_return fail(std::move(same.error()));
  }
  ParallelDeletes deletes(state, client, request, *options, *impersonation, visible->victims());
  auto deleted = co_await deletes.run();
  request.audit.note_filtered(visible->victims().size(), visible->hidden());
  if (!deleted) {
    co_return fail(std::move(deleted.error()));
  }
  const std::string list = visible->take_list();
  co_return co_await send_json(client, request, 200, list);
}

}  // namespace postern::proxy
