#include "rbac/requestable_kind.h"

// Tested by tests/rbac/request/create_test.cc, tests/rbac/may_ask_test.cc
namespace postern::rbac {

bool group_fits(const RequestableKind& entry, std::string_view group) {
  return entry.api_group == "*" || entry.api_group == group ||
         (entry.api_group == "core" && group.empty());
}

bool names_kind(const RequestableKind& entry, std::string_view short_word, std::string_view group,
                std::string_view plural) {
  if (!short_word.empty() && entry.kind == short_word) {
    return entry.api_group.empty() || group_fits(entry, group);
  }
  return !plural.empty() && entry.kind == plural && group_fits(entry, group);
}

}  // namespace postern::rbac
