#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace postern::proxy::audit {

/// The largest object that goes into an event.
inline constexpr std::size_t kMaxObjectBytes = 64 * 1024;

/// Whether objects of this kind may be in an event at all. Never, whatever the policy says:
/// Secrets, ConfigMaps, what tokens are asked for and reviewed with, and postern's own sessions and
/// users, whose answers carry tokens and invites.
bool may_show_objects(std::string_view group, std::string_view resource,
                      std::string_view subresource);

/// A JSON body as an event has it: one line, without `metadata.managedFields` if so wanted. nullopt
/// for what is no JSON object, too large or too deep.
std::optional<std::string> object_text(std::string_view body, bool omit_managed_fields);

}  // namespace postern::proxy::audit
