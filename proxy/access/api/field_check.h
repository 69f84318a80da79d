#pragma once

#include "kube/result.h"
#include "proxy/access/api/json.h"
#include "proxy/access/api/schema.h"

#include <string>
#include <string_view>
#include <vector>

namespace postern::proxy::access::api {

/// What becomes of fields that a kind does not have (query parameter `fieldValidation`).
enum class FieldValidation { kIgnore, kWarn, kStrict };

/// Which kind a body has to be of.
struct ExpectedKind {
  std::string_view kind;
  const Schema& schema;
};

/// A body that fits its kind, and what there is to say about it.
struct CheckedDocument {
  Json document;
  std::vector<std::string> warnings;  ///< `unknown field "spec.reasn"`
};

/// Checks a body against the shape of its kind: apiVersion and kind (may be absent), every value's
/// type, required fields, no characters that terminals act on. Null members count as absent and are
/// taken out, and so are unknown ones, unless the object is open.
///
/// 400 for another kind or version, and for unknown fields when they are validated strictly, in
/// kube-apiserver's words; 422 with a cause for each other fault.
Result<CheckedDocument> check_document(Json document, const ExpectedKind& expected,
                                       FieldValidation validation);

}  // namespace postern::proxy::access::api
