#pragma once

#include "proxy/session/client_connection.h"
#include "proxy/session/proxied_request.h"
#include "proxy/session/worker_state.h"

namespace postern::proxy {

/// The steps that decide about a request, in the order in which Session takes them. Each fills its
/// part of the ProxiedRequest; a Status ends the request with that answer.

/// Who is it? 401. Fills user, policy, subject and the client's own choice of principals (403 for
/// any `Impersonate-*` field but User and Group). When a cluster has to be asked about a token
/// first, there is no outcome yet: unreviewed_token is filled, and authenticate_by_review() comes
/// next; in the same way unknown_session, and authenticate_by_seeking(). Never waits.
Result<void> authenticate(WorkerState& state, ClientConnection& client, ProxiedRequest& request);

/// Whether authenticate() left it to authenticate_by_seeking() or authenticate_by_review().
inline bool asks_others(const ProxiedRequest& request) {
  return !request.unknown_session.empty() || !request.unreviewed_token.empty();
}

/// Has the session looked for that authenticate() does not know, and authenticates then, which may
/// still leave a token to be reviewed. 429 and 503 when it could not be looked for
/// (SessionSeeker::seek).
Task<Result<void>> authenticate_by_seeking(WorkerState& state, ClientConnection& client,
                                           ProxiedRequest& request);

/// Has the tokens reviewed that authenticate() has met, and authenticates then. 503, 500 and 429
/// when there was no review (TokenReviewer::review).
Task<Result<void>> authenticate_by_review(WorkerState& state, ClientConnection& client,
                                          ProxiedRequest& request);

/// Whether what a session has assumed can be relied on. 503 while nothing is heard from the store
/// of access requests: what was revoked meanwhile is not known here (design §4). Sessions without
/// grants, and other credentials (nullptr), do not rest on it.
Result<void> require_fresh_grants(const WorkerState& state, const access::SessionEntry* session);

/// Which cluster, and what is asked of it? 400 and 405 for what is no request of Kubernetes'
/// grammar, 404 for a cluster that does not exist or that the user may not know of. Fills cluster
/// and info.
Result<void> find_cluster(WorkerState& state, ProxiedRequest& request);

/// Which kind is it about? One targeted refresh of the discovery for an unknown one, then 404.
/// Fills catalog and resource.
Task<Result<void>> resolve_kind(WorkerState& state, ProxiedRequest& request);
/// The same where the discovery does not have to be refreshed.
Settled resolve_kind_now(ProxiedRequest& request);

/// May they? 403; nullopt when the body has to be read for the decision. Fills decision,
/// patch_type, upgrade.
Settled decide_now(WorkerState& state, ProxiedRequest& request);

/// The rest of the decision where decide_now() came to none: reads the body. 403, 400, 413, 415.
/// Fills body and facts, decision, upgrade.
Task<Result<void>> decide_by_body(WorkerState& state, ClientConnection& client,
                                  ProxiedRequest& request);

/// The same for a read of postern's own on somebody's behalf, which has no body.
Result<void> decide_read(WorkerState& state, ProxiedRequest& request);

/// In whose name? Asks the cluster where roles with different principals cover a collection. Fills
/// shares and accept (406).
Task<Result<void>> choose_principals(WorkerState& state, ProxiedRequest& request);
/// The same where the cluster does not have to be asked.
Settled choose_principals_now(ProxiedRequest& request);

}  // namespace postern::proxy
