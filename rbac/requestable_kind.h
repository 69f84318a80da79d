#pragma once

#include "rbac/role.h"

#include <string_view>

namespace postern::rbac {

/// Whether an entry of `request.kubernetes_resources` names this kind: by its short word ("pod",
/// "namespace"; "" where it has none), or by its plural with its group ("core" or nothing for
/// core). `*` is no kind here.
bool names_kind(const RequestableKind& entry, std::string_view short_word, std::string_view group,
                std::string_view plural);

/// Whether the entry's group is that one: `*` is every group.
bool group_fits(const RequestableKind& entry, std::string_view group);

}  // namespace postern::rbac
