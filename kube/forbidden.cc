#include "kube/forbidden.h"

#include "kube/text.h"

#include <fmt/format.h>

namespace postern::kube {
namespace {

/// Keeps a message from looking like HTML to a browser that sniffs (kube-apiserver's sanitizer).
std::string without_html(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string what_was_refused(const RefusedAction& action) {
  const std::string user = quoted(action.user);
  if (action.resource.empty()) {
    return fmt::format("User {} cannot {} path {}", user, action.verb, quoted(action.path));
  }
  std::string resource(action.resource);
  if (!action.subresource.empty()) resource.append("/").append(action.subresource);
  const std::string scope = action.namespace_.empty()
                                ? "at the cluster scope"
                                : fmt::format("in the namespace {}", quoted(action.namespace_));
  return fmt::format("User {} cannot {} resource {} in API group {} {}", user, action.verb,
                     quoted(resource), quoted(action.group), scope);
}

}  // namespace

RefusedAction refused_action(std::string_view user, const RequestInfo& info) {
  RefusedAction action;
  action.user = user;
  action.verb = info.verb;
  action.group = info.api_group;
  action.resource = info.resource;
  action.subresource = info.subresource;
  action.namespace_ = info.namespace_;
  action.name = info.name;
  if (action.name.empty() && (info.verb == "list" || info.verb == "watch")) {
    action.name = info.field_selector_name;
  }
  action.path = info.path;
  return action;
}

std::string group_resource(std::string_view group, std::string_view resource) {
  return group.empty() ? std::string(resource) : fmt::format("{}.{}", resource, group);
}

std::string forbidden_message(const RefusedAction& action, std::string_view why) {
  std::string subject;
  if (!action.resource.empty()) {
    subject = group_resource(action.group, action.resource);
    if (!action.name.empty()) subject.append(" ").append(quoted(action.name));
    subject += " is ";
  }
  std::string message =
      without_html(fmt::format("{}forbidden: {}", subject, what_was_refused(action)));
  if (!why.empty()) message.append(": ").append(why);
  return message;
}

Status forbidden_status(const RefusedAction& action, std::string_view why) {
  Status status = Status::forbidden(forbidden_message(action, why));
  status.details_name = action.name;
  status.details_group = action.group;
  status.details_kind = action.resource;
  return status;
}

Status resource_not_found() {
  return Status::not_found("the server could not find the requested resource");
}

Status object_not_found(std::string_view group, std::string_view resource, std::string_view name) {
  Status status = Status::not_found(
      fmt::format("{} {} not found", group_resource(group, resource), quoted(name)));
  status.details_name = name;
  status.details_group = group;
  status.details_kind = resource;
  return status;
}

}  // namespace postern::kube
