#include "proxy/session/list_items.h"

#include "kube/filter/member_reader.h"
#include "kube/filter/white_space.h"

// Tested by tests/proxy/session/list_items_test.cc
namespace postern::proxy {

using kube::filter::past_space;

std::optional<ListParts> split_list(std::string_view list) {
  std::string_view items;
  if (!kube::filter::read_members(list, {{"items", &items}}) || !items.starts_with('[')) {
    return std::nullopt;
  }
  ListParts parts;
  std::string_view rest = past_space(items.substr(1));
  while (!rest.starts_with(']')) {
    std::string_view item;
    if (!rest.starts_with('{') || !kube::filter::read_value(rest, item)) return std::nullopt;
    parts.items.push_back(item);
    rest = past_space(rest.substr(item.size()));
    if (rest.starts_with(',')) {
      rest = past_space(rest.substr(1));
    } else if (!rest.starts_with(']')) {
      return std::nullopt;
    }
  }
  const auto begin = static_cast<std::size_t>(items.data() - list.data()) + 1;
  const auto end = begin + items.size() - 2;
  parts.envelope.append(list.substr(0, begin)).append(list.substr(end));
  return parts;
}

}  // namespace postern::proxy
