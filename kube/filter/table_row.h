#pragma once

#include "kube/filter/json_string.h"
#include "kube/filter/member_reader.h"
#include "kube/filter/white_space.h"

#include <string_view>

namespace postern::kube::filter {

/// The row of a Table that came as an event, as written; both are empty where there is none.
struct TableRow {
  std::string_view text;
  std::string_view object;  ///< also empty where it is null
};

/// Reads the row that `text` begins with. `read_object(text, rest)` reads its object, which its
/// text begins with, sets `rest` to what follows and returns a reason or nullptr.
template <class ReadObject>
const char* read_table_row(std::string_view text, const ReadObject& read_object, TableRow& row) {
  constexpr const char* kUnreadable = "a row cannot be read";
  MemberReader reader(text);
  Member member;
  bool seen = false;
  while (reader.next_key(member.key)) {
    const std::string_view value = reader.text();
    const bool object = is_word(member.key, "object");
    if (object && seen) return kUnreadable;
    seen |= object;
    if (object && value.starts_with('{')) {
      std::string_view rest;
      if (const char* const reason = read_object(value, rest)) return reason;
      row.object = value.substr(0, value.size() - rest.size());
      reader.go_on(rest);
      continue;
    }
    if (!reader.skip_value(member.value)) break;
    if (object && !is_word(member.value, "null")) return kUnreadable;
  }
  if (reader.failed()) return kUnreadable;
  row.text = text.substr(0, text.size() - reader.text().size());
  return nullptr;
}

/// The same of the `rows` of such a Table, which `rows` begins with ("" for none): one at most.
/// They must end before `end`, the event's, behind which bytes may be read.
template <class ReadObject>
const char* read_table_rows(std::string_view rows, const char* end, const ReadObject& read_object,
                            TableRow& row) {
  if (rows.empty() || rows.front() == 'n') return nullptr;
  if (rows.front() != '[') return "a table event cannot be read";
  std::string_view rest = past_space(rows.substr(1));
  if (rest.starts_with(']')) return nullptr;
  if (rest.starts_with("null")) {
    rest.remove_prefix(4);
  } else {
    if (const char* const reason = read_table_row(rest, read_object, row)) return reason;
    rest.remove_prefix(row.text.size());
  }
  rest = past_space(rest);
  if (rest.data() >= end) return "a table event cannot be read";
  if (rest.starts_with(']')) return nullptr;
  return rest.starts_with(',') ? "more than one row in an event" : "a table event cannot be read";
}

}  // namespace postern::kube::filter
