#include "rbac/load.h"
#include "rbac/policy.h"
#include "rbac/role_rules.h"

#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <utility>

// Any text gives roles and users, or errors that say something; whatever loads also compiles, with
// values for its traits and without.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace postern::rbac;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  LoadResult loaded = load_documents("f.yaml", text);
  for (const LoadMessage& error : loaded.errors) {
    if (error.message.empty() || error.str().empty()) std::abort();
  }
  const Traits some = {{"x", {"a", "b*", "^c$", ""}}};
  for (const Role& role : loaded.roles) {
    if (role.name.empty() || role.version < 3 || role.version > 8 || role.source.empty()) {
      std::abort();
    }
    for (const Traits& traits : {Traits(), some}) {
      for (const Rule& rule : deny_rules(role, traits)) {
        if (rule.verbs.empty()) std::abort();  // a deny never weakens by a gap
      }
      for (const Rule& rule : allow_rules(role, traits, true)) {
        if (rule.total || (rule.source < 0 && !kOrdinaryVerbs.contains(rule.verbs))) std::abort();
      }
    }
  }
  for (const User& user : loaded.users) {
    if (user.name.empty()) std::abort();
  }
  const Policy policy("c", std::move(loaded.roles), std::move(loaded.users), {}, {});
  if (policy.subject({"alice", {}, ""})->fingerprint().empty()) std::abort();
  return 0;
}
