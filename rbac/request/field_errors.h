#pragma once

#include "kube/status.h"
#include "kube/text.h"

#include <string>
#include <string_view>
#include <vector>

namespace postern::rbac::request {

inline constexpr std::string_view kGroup = "access.postern.dev";
inline constexpr std::string_view kResource = "accessrequests";
inline constexpr std::string_view kKind = "AccessRequest";

/// Faults of a document's fields, all of them at once, in the words and shapes of apimachinery
/// pkg/util/validation/field: each becomes an entry of `details.causes`. Values are quoted and made
/// printable here.
class FieldErrors {
 public:
  void required(std::string field, std::string_view why);
  void invalid(std::string field, std::string_view value, std::string_view why);
  void not_found(std::string field, std::string_view value, std::string_view why);
  void forbidden(std::string field, std::string_view why);
  void too_long(std::string field, std::size_t max_bytes);
  void too_many(std::string field, std::size_t actual, std::size_t max);

  bool empty() const { return causes_.empty(); }
  /// 422 `AccessRequest.access.postern.dev "NAME" is invalid: FIELD: FAULT`; several faults in
  /// brackets.
  kube::Status status(std::string_view name) const;
  /// 403 for the user who wanted to create: the faults are of what they may, not of the document.
  kube::Status refusal(std::string_view user) const;

 private:
  void add(std::string type, std::string field, std::string message);
  std::string joined() const;

  std::vector<kube::StatusCause> causes_;
};

/// "spec.resources[3]".
std::string indexed(std::string_view field, std::size_t index);

/// 403 in kube-apiserver's words: `accessrequests.access.postern.dev "NAME" is forbidden: User
/// "bob" cannot VERB resource "accessrequests/SUBRESOURCE" in API group …: WHY`.
kube::Status refused(std::string_view user, std::string_view verb, std::string_view subresource,
                     std::string_view name, std::string_view why);

}  // namespace postern::rbac::request
