#pragma once

#include "kube/result.h"
#include "proxy/access/api/kinds.h"

#include <string>
#include <string_view>
#include <vector>

/// The refusals of the access API, in kube-apiserver's words and shapes.
namespace postern::proxy::access::api {

/// 422 `AccessRole.access.postern.dev "dev" is invalid: …` with the causes.
kube::Status invalid(std::string_view kind, std::string_view name,
                     std::vector<kube::StatusCause> causes);

/// Causes (apimachinery pkg/util/validation/field).
kube::StatusCause invalid_value(std::string field, std::string_view value, std::string_view why);
kube::StatusCause required_value(std::string field, std::string_view why = {});
kube::StatusCause forbidden_value(std::string field, std::string_view why);
kube::StatusCause wrong_type(std::string field, std::string_view found, std::string_view wanted);
kube::StatusCause unsupported_value(std::string field, std::string_view value,
                                    const std::vector<std::string>& supported);
kube::StatusCause too_many(std::string field, std::size_t found, std::size_t most);

kube::Status method_not_allowed();
/// 404 for an object, and for who may not know of it.
kube::Status no_such_object(const KindInfo& kind, std::string_view name);
/// 403 for a user who wanted to `verb` this.
kube::Status refused(const KindInfo& kind, std::string_view user, std::string_view verb,
                     std::string_view name, std::string_view why,
                     std::string_view subresource = {});

}  // namespace postern::proxy::access::api
