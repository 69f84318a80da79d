#include "rbac/request/check_roles.h"

#include "rbac/request/expression.h"

#include <string>
#include <utility>

namespace postern::rbac::request {
namespace {

void check(const Role& role, std::string key_path, const std::string& text, ExpressionUse use,
           std::vector<LoadMessage>& messages) {
  const auto parsed = Expression::parse(text, use);
  if (parsed) {
    return;
  }
  LoadMessage message;
  message.file = role.origin;
  message.object = "role/" + role.name;
  message.key_path = std::move(key_path);
  message.message = parsed.error().str();
  messages.push_back(std::move(message));
}

}  // namespace

std::vector<LoadMessage> check_expressions(const std::vector<Role>& roles) {
  std::vector<LoadMessage> messages;
  for (const Role& role : roles) {
    const auto& thresholds = role.allow.request.thresholds;
    for (std::size_t i = 0; i < thresholds.size(); ++i) {
      check(role, "spec.allow.request.thresholds[" + std::to_string(i) + "].filter",
            thresholds[i].filter, ExpressionUse::kFilter, messages);
    }
    check(role, "spec.allow.review_requests.where", role.allow.review_requests.where,
          ExpressionUse::kWhere, messages);
    check(role, "spec.deny.review_requests.where", role.deny.review_requests.where,
          ExpressionUse::kWhere, messages);
  }
  return messages;
}

}  // namespace postern::rbac::request
