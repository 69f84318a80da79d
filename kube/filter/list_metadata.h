#pragma once

#include "kube/filter/event_parts.h"

#include <functional>
#include <string>
#include <string_view>

namespace postern::kube::filter {

using SealContinue = std::function<std::string(std::string_view)>;

/// Appends to `out` what a client may see of a ListMeta: `selfLink` and `resourceVersion` as they
/// are, a `continue` token sealed. `remainingItemCount` counts hidden objects, `shardInfo` answers
/// a selector that is never sent, and what we do not know we cannot judge: all left out. The
/// upstream's own token goes to `token`.
///
/// An empty `seal` makes a token an error, unless `drop_token` says to leave it out. Returns the
/// reason of an error as static text, or nullptr.
const char* rewrite_list_metadata(std::string_view metadata, const SealContinue& seal,
                                  bool drop_token, std::string& token, std::string& out);

/// The same of an event that is built anew, as a text of its own; without a token. It is a view of
/// `buffer` or static.
const char* rewrite_list_metadata(const EventParts& event, const SealContinue& seal,
                                  std::string& buffer, std::string_view& metadata);

}  // namespace postern::kube::filter
