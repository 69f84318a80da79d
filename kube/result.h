#pragma once

#include "kube/status.h"

#include <tl/expected.hpp>

namespace postern {

/// A value, or the Kubernetes answer that tells why there is none. Errors of input and of peers
/// travel like this up to the one place that writes answers; a bug is an exception (ARCHITECTURE.md
/// "Errors").
template <typename T>
using Result = tl::expected<T, kube::Status>;

/// `return fail(Status::forbidden(...));` from a function that returns any Result.
inline tl::unexpected<kube::Status> fail(kube::Status status) {
  return tl::unexpected<kube::Status>(std::move(status));
}

}  // namespace postern
