#include "proxy/session/parallel_deletes.h"

#include "kube/percent.h"
#include "proxy/session/audit_event.h"
#include "proxy/session/audit_request.h"
#include "proxy/session/expansion_call.h"
#include "proxy/session/still_allowed.h"
#include "proxy/upstream/cluster_endpoint.h"
#include "proxy/upstream/request_builder.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <utility>

namespace postern::proxy {
namespace {

constexpr std::size_t kMaxAnswerBytes = 4 * 1024 * 1024;
constexpr std::size_t kParallelDeletes = 8;

std::string path_of(const ProxiedRequest& request, const Victim& victim) {
  return request.info.path + "/" + kube::encode_path_segment(victim.name);
}

}  // namespace

Task<Result<void>> ParallelDeletes::run() {
  running_ = std::min(kParallelDeletes, victims_.size());
  for (std::size_t i = running_; i > 0; --i) {
    asio::co_spawn(state_.worker().executor(), delete_in_turn(), asio::detached);
  }
  if (running_ > 0) {
    co_await finished_.wait();
  }
  if (failure_) {
    co_return fail(*failure_);
  }
  co_return Result<void>();
}

Task<void> ParallelDeletes::delete_in_turn() {
  while (!failure_ && next_ < victims_.size()) {
    const Victim& victim = victims_[next_++];
    try {
      auto deleted = co_await delete_one(victim);
      if (!deleted && !failure_) {
        failure_ = std::move(deleted.error());
      }
    } catch (const std::exception&) {
      // A detached coroutine has nobody to throw to; run() must still come to its end.
      failure_ = kube::Status::internal("a delete failed by a mistake in postern");
    }
  }
  if (--running_ == 0) {
    finished_.set();
  }
}

Task<Result<void>> ParallelDeletes::delete_one(const Victim& victim) {
  if (auto still = still_allowed_now(state_, client_, request_); !still) {
    co_return fail(std::move(still.error()));
  }
  const std::string audit_id = make_audit_id();
  HeaderFields fields = expansion_fields(audit_id, impersonation_);
  fields.emplace_back("Content-Type", "application/json");
  const auto response =
      co_await fetch(request_.cluster->pool, "DELETE", path_of(request_, victim), std::move(fields),
                     options_.to_json(victim.uid), kMaxAnswerBytes);
  audit_delete(victim, audit_id, response);
  if (!response) {
    co_return fail(response.error());
  }
  const bool gone_already = response->status == 404;
  if (response->status >= 300 && !gone_already) {
    co_return fail(expansion_failure(*response, request_, ExpansionCall::kVisibleObject));
  }
  co_return Result<void>();
}

/// A call of its own in both audit logs, which names the request that it is a part of.
void ParallelDeletes::audit_delete(const Victim& victim, const std::string& audit_id,
                                   const Result<FetchedResponse>& response) {
  const std::string path = path_of(request_, victim);  // the event has views only
  RequestEvent made(client_, request_, audit::Stage::kResponseComplete);
  audit::Event& event = made.event();
  event.audit_id = audit_id;
  event.request_uri = path;
  event.request_object = {};
  event.verb = "delete";
  event.object.name = victim.name;
  event.object.uid = victim.uid;
  event.code = response ? response->status : response.error().code;
  event.status = response ? nullptr : &response.error();
  made.annotate("audit.postern.dev/parent-audit-id", request_.audit_id);
  audit_part(state_, request_, made);
}

}  // namespace postern::proxy
