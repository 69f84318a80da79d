#include "proxy/access/api/api_errors.h"

#include "kube/forbidden.h"
#include "kube/text.h"

#include <utility>

namespace postern::proxy::access::api {

kube::Status invalid(std::string_view kind, std::string_view name,
                     std::vector<kube::StatusCause> causes) {
  std::string faults;
  for (const kube::StatusCause& cause : causes) {
    faults.append(faults.empty() ? "" : ", ").append(cause.field).append(": ");
    faults.append(cause.message);
  }
  if (causes.size() > 1) {
    faults = "[" + faults + "]";
  }
  std::string message(kind);
  message.append(".").append(kGroup).append(" ").append(kube::quoted(name));
  kube::Status status = kube::Status::unprocessable(message + " is invalid: " + faults);
  status.details_name = name;
  status.details_group = kGroup;
  status.details_kind = kind;
  status.causes = std::move(causes);
  return status;
}

kube::StatusCause invalid_value(std::string field, std::string_view value, std::string_view why) {
  return {"FieldValueInvalid",
          "Invalid value: " + kube::quoted(value) + ": " + kube::printable(why),
          kube::printable(field)};
}

kube::StatusCause required_value(std::string field, std::string_view why) {
  std::string message = "Required value";
  if (!why.empty()) {
    message += ": " + kube::printable(why);
  }
  return {"FieldValueRequired", std::move(message), kube::printable(field)};
}

kube::StatusCause forbidden_value(std::string field, std::string_view why) {
  return {"FieldValueForbidden", "Forbidden: " + kube::printable(why), kube::printable(field)};
}

kube::StatusCause wrong_type(std::string field, std::string_view found, std::string_view wanted) {
  const std::string path = kube::printable(field);
  const std::string type = kube::quoted(found);
  return {"FieldValueTypeInvalid",
          "Invalid value: " + type + ": " + path + " in body must be of type " +
              std::string(wanted) + ": " + type,
          path};
}

kube::StatusCause unsupported_value(std::string field, std::string_view value,
                                    const std::vector<std::string>& supported) {
  std::string message = "Unsupported value: " + kube::quoted(value) + ": supported values: ";
  for (std::size_t i = 0; i < supported.size(); ++i) {
    message += (i == 0 ? "" : ", ") + kube::quoted(supported[i]);
  }
  return {"FieldValueNotSupported", std::move(message), kube::printable(field)};
}

kube::StatusCause too_many(std::string field, std::size_t found, std::size_t most) {
  return {"FieldValueTooMany",
          "Too many: " + std::to_string(found) + ": must have at most " + std::to_string(most) +
              " items",
          kube::printable(field)};
}

kube::Status method_not_allowed() {
  return kube::Status::method_not_allowed(
      "the server does not allow this method on the requested resource");
}

kube::Status no_such_object(const KindInfo& kind, std::string_view name) {
  return kube::object_not_found(kGroup, kind.resource, name);
}

kube::Status refused(const KindInfo& kind, std::string_view user, std::string_view verb,
                     std::string_view name, std::string_view why, std::string_view subresource) {
  kube::RefusedAction action;
  action.user = user;
  action.verb = verb;
  action.group = kGroup;
  action.resource = kind.resource;
  action.subresource = subresource;
  action.name = name;
  return kube::forbidden_status(action, why);
}

}  // namespace postern::proxy::access::api
