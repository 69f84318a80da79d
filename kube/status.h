#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace postern::kube {

/// One entry of `details.causes` (metav1.StatusCause).
struct StatusCause {
  std::string type;  ///< "reason" in JSON, e.g. "FieldValueInvalid" or "ResourceID"
  std::string message;
  std::string field;
};

/// metav1.Status with `status: Failure`: the one error type of postern, and at the same time the
/// body of the HTTP answer (apimachinery pkg/apis/meta/v1/types.go). A plain value.
struct Status {
  std::uint16_t code = 500;
  std::string reason;   ///< metav1.StatusReason, e.g. "Forbidden"
  std::string message;  ///< for people; control characters never reach the wire (see to_json)

  std::string details_name;
  std::string details_group;
  std::string details_kind;  ///< the plural resource, as kube-apiserver fills it
  std::vector<StatusCause> causes;
  int retry_after_seconds = 0;  ///< 0: none; also sent as the Retry-After header

  static Status bad_request(std::string message);  ///< 400 BadRequest
  static Status unauthorized();                    ///< 401 Unauthorized, in kube-apiserver's words
  static Status forbidden(std::string message);    ///< 403 Forbidden
  static Status not_found(std::string message);    ///< 404 NotFound
  static Status method_not_allowed(std::string message);      ///< 405 MethodNotAllowed
  static Status not_acceptable(std::string message);          ///< 406 NotAcceptable
  static Status conflict(std::string message);                ///< 409 Conflict
  static Status gone(std::string message);                    ///< 410 Expired
  static Status too_large(std::string message);               ///< 413 RequestEntityTooLarge
  static Status unsupported_media_type(std::string message);  ///< 415 UnsupportedMediaType
  static Status expectation_failed(std::string message);      ///< 417
  static Status unprocessable(std::string message);           ///< 422 Invalid
  static Status too_many_requests(std::string message, int retry_after_seconds);  ///< 429
  static Status head_too_large(std::string message);                              ///< 431
  static Status internal(std::string message);         ///< 500 InternalError
  static Status bad_gateway(std::string message);      ///< 502
  static Status unavailable(std::string message);      ///< 503 ServiceUnavailable
  static Status gateway_timeout(std::string message);  ///< 504 Timeout

  /// `{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",…}` as kube-apiserver
  /// writes it: the same key order, `&`, `<` and `>` escaped as \u00XX, no newline at the end.
  /// Control and bidirectional characters in any text are written as escapes that no terminal acts
  /// on.
  std::string to_json() const;
};

}  // namespace postern::kube
