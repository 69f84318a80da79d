#pragma once

#include <string>
#include <string_view>

namespace postern::proxy::audit {

/// A request target as it was sent, without secrets: the values of query keys that carry
/// credentials (`access_token`, `password`, …, in any case), what follows `Bearer ` also where it
/// is escaped, and postern's own tokens (`pst_…`, `psi_…`) become `[redacted]`. Everything else
/// stays, a command line's arguments too, as in kube-apiserver's own log.
std::string redact_uri(std::string_view target);

}  // namespace postern::proxy::audit
