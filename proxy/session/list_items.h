#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern::proxy {

/// A list's text in its parts, so that a reader holds one object at a time as parsed values, which
/// take many times the memory of their text.
struct ListParts {
  std::string envelope;                 ///< the list with an empty `items`
  std::vector<std::string_view> items;  ///< views into the list
};

/// Splits the text of a JSON list, in one pass. nullopt when it is not put together like one: no
/// array `items` in its outermost object, or two, or items that are no objects. For text that a
/// filter let through, which is JSON; whoever parses the parts finds out what else is wrong.
std::optional<ListParts> split_list(std::string_view list);

}  // namespace postern::proxy
