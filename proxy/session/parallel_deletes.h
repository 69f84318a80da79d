#pragma once

#include "kube/delete_options.h"
#include "proxy/net/event.h"
#include "proxy/session/client_connection.h"
#include "proxy/session/proxied_request.h"
#include "proxy/session/visible_objects.h"
#include "proxy/session/worker_state.h"
#include "proxy/upstream/impersonation.h"
#include "proxy/upstream/upstream.h"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace postern::proxy {

/// Deletes objects one by one, a few calls at a time, each asked for its UID; stops at the first
/// failure. An object that is gone already is no failure. Asks before each whether the request is
/// still allowed. Every call is audited as a part of the request.
class ParallelDeletes {
 public:
  /// Refers to all of its parameters.
  ParallelDeletes(WorkerState& state, ClientConnection& client, ProxiedRequest& request,
                  const kube::DeleteOptions& options, const HeaderFields& impersonation,
                  const std::vector<Victim>& victims)
      : state_(state),
        client_(client),
        request_(request),
        options_(options),
        impersonation_(impersonation),
        victims_(victims),
        finished_(state.worker().executor()) {}

  /// Waits for every call that it has begun.
  Task<Result<void>> run();

 private:
  Task<void> delete_in_turn();
  Task<Result<void>> delete_one(const Victim& victim);
  void audit_delete(const Victim& victim, const std::string& audit_id,
                    const Result<FetchedResponse>& response);

  WorkerState& state_;
  ClientConnection& client_;
  ProxiedRequest& request_;
  const kube::DeleteOptions& options_;
  const HeaderFields& impersonation_;
  const std::vector<Victim>& victims_;
  Event finished_;
  std::size_t next_ = 0;
  std::size_t running_ = 0;
  std::optional<kube::Status> failure_;
};

}  // namespace postern::proxy
