#include "kube/status.h"

#include "kube/json_writer.h"
#include "kube/text.h"

#include <utility>

namespace postern::kube {
namespace {

Status make(std::uint16_t code, const char* reason, std::string message) {
  Status status;
  status.code = code;
  status.reason = reason;
  status.message = std::move(message);
  return status;
}

/// Members without a value are left out (Go's omitempty).
class ObjectWriter : public JsonObjectWriter {
 public:
  using JsonObjectWriter::JsonObjectWriter;

  void text(std::string_view name, std::string_view value) {
    if (!value.empty()) append_json_string(member(name), value);
  }
  void number(std::string_view name, int value) {
    if (value != 0) member(name) += std::to_string(value);
  }
};

void write_causes(std::string& out, const std::vector<StatusCause>& causes) {
  JsonListWriter list(out);
  for (const StatusCause& cause : causes) {
    ObjectWriter object(list.item());
    object.text("reason", cause.type);
    object.text("message", cause.message);
    object.text("field", cause.field);
  }
}

void write_details(std::string& out, const Status& status) {
  ObjectWriter object(out);
  object.text("name", status.details_name);
  object.text("group", status.details_group);
  object.text("kind", status.details_kind);
  if (!status.causes.empty()) write_causes(object.member("causes"), status.causes);
  object.number("retryAfterSeconds", status.retry_after_seconds);
}

/// kube-apiserver's NewForbidden always has details, empty ones for non-resource paths.
bool has_details(const Status& status) {
  return !status.details_name.empty() || !status.details_group.empty() ||
         !status.details_kind.empty() || !status.causes.empty() ||
         status.retry_after_seconds != 0 || status.reason == "Forbidden";
}

}  // namespace

Status Status::bad_request(std::string message) {
  return make(400, "BadRequest", std::move(message));
}
Status Status::unauthorized() {
  return make(401, "Unauthorized", "Unauthorized");
}
Status Status::forbidden(std::string message) {
  return make(403, "Forbidden", std::move(message));
}
Status Status::not_found(std::string message) {
  return make(404, "NotFound", std::move(message));
}
Status Status::method_not_allowed(std::string message) {
  return make(405, "MethodNotAllowed", std::move(message));
}
Status Status::not_acceptable(std::string message) {
  return make(406, "NotAcceptable", std::move(message));
}
Status Status::conflict(std::string message) {
  return make(409, "Conflict", std::move(message));
}
Status Status::gone(std::string message) {
  return make(410, "Expired", std::move(message));
}
Status Status::too_large(std::string message) {
  return make(413, "RequestEntityTooLarge", std::move(message));
}
Status Status::unsupported_media_type(std::string message) {
  return make(415, "UnsupportedMediaType", std::move(message));
}
Status Status::expectation_failed(std::string message) {
  return make(417, "", std::move(message));
}
Status Status::unprocessable(std::string message) {
  return make(422, "Invalid", std::move(message));
}
Status Status::too_many_requests(std::string message, int retry_after_seconds) {
  Status status = make(429, "TooManyRequests", std::move(message));
  status.retry_after_seconds = retry_after_seconds;
  return status;
}
Status Status::head_too_large(std::string message) {
  return make(431, "", std::move(message));
}
Status Status::internal(std::string message) {
  return make(500, "InternalError", std::move(message));
}
Status Status::bad_gateway(std::string message) {
  return make(502, "", std::move(message));
}
Status Status::unavailable(std::string message) {
  return make(503, "ServiceUnavailable", std::move(message));
}
Status Status::gateway_timeout(std::string message) {
  return make(504, "Timeout", std::move(message));
}

std::string Status::to_json() const {
  std::string out;
  {
    ObjectWriter object(out);
    object.text("kind", "Status");
    object.text("apiVersion", "v1");
    object.member("metadata") += "{}";
    object.text("status", "Failure");
    object.text("message", message);
    object.text("reason", reason);
    if (has_details(*this)) write_details(object.member("details"), *this);
    object.number("code", code);
  }
  return out;
}

}  // namespace postern::kube
