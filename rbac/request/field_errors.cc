#include "rbac/request/field_errors.h"

#include "kube/forbidden.h"

#include <utility>

namespace postern::rbac::request {

void FieldErrors::add(std::string type, std::string field, std::string message) {
  causes_.push_back({std::move(type), std::move(message), std::move(field)});
}

void FieldErrors::required(std::string field, std::string_view why) {
  add("FieldValueRequired", std::move(field), "Required value: " + kube::printable(why));
}

void FieldErrors::invalid(std::string field, std::string_view value, std::string_view why) {
  add("FieldValueInvalid", std::move(field),
      "Invalid value: " + kube::quoted(value) + ": " + kube::printable(why));
}

void FieldErrors::not_found(std::string field, std::string_view value, std::string_view why) {
  add("FieldValueNotFound", std::move(field),
      "Not found: " + kube::quoted(value) + ": " + kube::printable(why));
}

void FieldErrors::forbidden(std::string field, std::string_view why) {
  add("FieldValueForbidden", std::move(field), "Forbidden: " + kube::printable(why));
}

void FieldErrors::too_long(std::string field, std::size_t max_bytes) {
  add("FieldValueTooLong", std::move(field),
      "Too long: may not be more than " + std::to_string(max_bytes) + " bytes");
}

void FieldErrors::too_many(std::string field, std::size_t actual, std::size_t max) {
  add("FieldValueTooMany", std::move(field),
      "Too many: " + std::to_string(actual) + ": must have at most " + std::to_string(max) +
          " items");
}

std::string FieldErrors::joined() const {
  std::string text;
  for (const kube::StatusCause& cause : causes_) {
    text.append(text.empty() ? "" : ", ").append(cause.field).append(": ").append(cause.message);
  }
  return causes_.size() > 1 ? "[" + text + "]" : text;
}

kube::Status FieldErrors::status(std::string_view name) const {
  std::string message(kKind);
  message.append(".").append(kGroup).append(" ").append(kube::quoted(name));
  kube::Status status = kube::Status::unprocessable(message + " is invalid: " + joined());
  status.details_name = name;
  status.details_group = kGroup;
  status.details_kind = kKind;
  status.causes = causes_;
  return status;
}

kube::Status FieldErrors::refusal(std::string_view user) const {
  kube::Status status = refused(user, "create", "", "", joined());
  status.causes = causes_;
  return status;
}

std::string indexed(std::string_view field, std::size_t index) {
  return std::string(field) + "[" + std::to_string(index) + "]";
}

kube::Status refused(std::string_view user, std::string_view verb, std::string_view subresource,
                     std::string_view name, std::string_view why) {
  kube::RefusedAction action;
  action.user = user;
  action.verb = verb;
  action.group = kGroup;
  action.resource = kResource;
  action.subresource = subresource;
  action.name = name;
  return kube::forbidden_status(action, why);
}

}  // namespace postern::rbac::request
