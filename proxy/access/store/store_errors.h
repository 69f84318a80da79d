#pragma once

#include "proxy/access/store/object_store.h"

#include <string>
#include <string_view>
#include <vector>

/// The answers that every store gives alike.
namespace postern::proxy::access {

kube::Status object_not_found(std::string_view kind, std::string_view name);
kube::Status object_exists(std::string_view kind, std::string_view name);
/// The object has another version than the one that was expected.
kube::Status object_changed(std::string_view kind, std::string_view name, Version expected,
                            Version found);
/// 410: changes after `asked` are no longer known; the store is at `current`.
kube::Status version_too_old(Version asked, Version current);
/// 410: a version that the store has not reached.
kube::Status version_too_new(Version asked, Version current);

/// Whether a write with this precondition may go on, given the version of what is there.
Result<void> check_precondition(const Write& write, std::optional<Version> found);

/// What can be said without looking into the store: sizes, kinds and names, an object twice.
Result<void> check_writes(const std::vector<Write>& writes);

}  // namespace postern::proxy::access
