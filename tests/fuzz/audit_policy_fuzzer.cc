#include "proxy/audit_policy_file.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

// An audit policy: no input may crash, what is refused says where and why, and what is accepted
// decides every request in the same way twice.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace postern;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto policy = proxy::parse_audit_policy("policy.yaml", text);
  if (!policy) {
    if (policy.error().empty()) std::abort();
    for (const proxy::ConfigError& error : policy.error()) {
      if (error.message.empty() || error.file != "policy.yaml") std::abort();
    }
    return 0;
  }
  if (policy->rules.empty()) std::abort();
  const rbac::UserInfo user{"alice", {"dev"}, ""};
  proxy::audit::Attributes asked;
  asked.user = size % 2 == 0 ? &user : nullptr;
  asked.verb = "get";
  asked.is_resource_request = size % 3 == 0;
  asked.resource = "pods";
  asked.subresource = size % 5 == 0 ? "log" : "";
  asked.path = text.substr(0, 32);
  const auto first = policy->evaluate(asked);
  const auto second = policy->evaluate(asked);
  if (first.level != second.level || !(first.omit_stages == second.omit_stages)) std::abort();
  return 0;
}
