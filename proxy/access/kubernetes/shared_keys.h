#pragma once

#include "kube/result.h"
#include "proxy/crypto/continue_token.h"
#include "proxy/net/task.h"
#include "proxy/upstream/upstream.h"

#include <string>

namespace postern::proxy::access {

/// What all replicas have in common: a Secret of type Opaque in postern's namespace.
struct SharedKeys {
  MasterKey::Bytes master{};  ///< `master.key`, 32 bytes
  std::string authority;      ///< `ca.crt`, PEM; "" when postern's certificate is not of its making
  std::string authority_key;  ///< `ca.key`, PEM
};

/// The keys of the Secret. Whoever comes first makes it, with what is offered; everybody else gets
/// what is there. A Secret without an authority gets the one that is offered, if there is one.
///
/// 500 for a Secret that cannot be understood (it is never replaced: that would end every session),
/// else as call_api(). The pool must outlive the call.
Task<Result<SharedKeys>> obtain_shared_keys(UpstreamPool& pool, std::string in_namespace,
                                            std::string secret_name, SharedKeys offered);

}  // namespace postern::proxy::access
