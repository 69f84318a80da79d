#pragma once

#include "proxy/session/client_connection.h"
#include "proxy/session/proxied_request.h"
#include "proxy/session/worker_state.h"

#include <cstddef>

namespace postern::proxy {

/// What such a question may have, which is a few names: everybody may ask, and what is read becomes
/// a tree.
inline constexpr std::size_t kMaxReviewBytes = 64 * 1024;

/// Whether this is a SelfSubjectAccessReview or SelfSubjectRulesReview, which would be wrong if the
/// cluster alone answered: it knows nothing of postern's roles.
bool is_self_review(const ProxiedRequest& request);

/// Answers it for postern and the cluster together: allowed is what both allow. What is asked about
/// the group access.postern.dev postern answers alone.
Task<Result<void>> answer_self_review(WorkerState& state, ClientConnection& client,
                                      ProxiedRequest& request);

/// Whether the request, for which find_cluster() gave this error, is a self review that postern
/// answers alone: of people who may know of no cluster, reviewers and administrators.
bool is_self_review_alone(const WorkerState& state, const ProxiedRequest& request,
                          const kube::Status& error);
Task<Result<void>> answer_self_review_alone(WorkerState& state, ClientConnection& client,
                                            ProxiedRequest& request);

}  // namespace postern::proxy
