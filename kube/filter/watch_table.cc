#include "kube/filter/watch_table.h"

#include "kube/filter/append_all.h"
#include "kube/filter/json_string.h"
#include "kube/filter/list_metadata.h"
#include "kube/filter/member_reader.h"
#include "kube/filter/white_space.h"

namespace postern::kube::filter {
namespace {

using Part = EventParts::Part;

/// Later events have none, written as null (Go's nil slice) or as an empty list.
bool has_columns(std::string_view columns) {
  return !is_word(columns, "null") && !is_word(columns, "[]");
}

}  // namespace

WatchTable::Outcome WatchTable::fail(const char* reason) {
  reason_ = reason;
  return Outcome::kFailed;
}

WatchTable::Outcome WatchTable::filter(std::string_view type, const EventParts& table,
                                       Predicate& predicate, std::string& out) {
  if (table.repeats(Part::kKind, Part::kApiVersion, Part::kRows) || !remember_columns(table)) {
    return fail("a table event cannot be read");
  }
  Row row;
  if (const char* const reason = read_rows(table.rows(), row)) return fail(reason);
  if (row.object.empty() || !head_.named() || !predicate.allows(head_.item())) {
    return Outcome::kDropped;
  }
  return append(type, table, row, out);
}

const char* WatchTable::read_rows(std::string_view rows, Row& row) {
  if (rows.empty() || rows.front() == 'n') return nullptr;
  if (rows.front() != '[') return "a table event cannot be read";
  std::string_view rest = past_space(rows.substr(1));
  if (rest.starts_with(']')) return nullptr;
  if (rest.starts_with("null")) {
    rest.remove_prefix(4);
  } else {
    const char* const reason = read_row(rest, row);
    if (reason != nullptr) return reason;
    rest.remove_prefix(row.text.size());
  }
  rest = past_space(rest);
  if (rest.starts_with(']')) return nullptr;
  return rest.starts_with(',') ? "more than one row in an event" : "a table event cannot be read";
}

const char* WatchTable::read_row(std::string_view text, Row& row) {
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
      if (const char* const reason = head_.read(value, rest)) return reason;
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

bool WatchTable::remember_columns(const EventParts& table) {
  const std::string_view columns = table.or_null(Part::kColumnDefinitions);
  if (has_columns(columns)) columns_ = columns;
  return !table.repeats(Part::kColumnDefinitions);
}

WatchTable::Outcome WatchTable::append(std::string_view type, const EventParts& table,
                                       const Row& row, std::string& out) {
  if (table.repeats_list_metadata()) return fail("a table event cannot be read");
  append_all(out, R"({"type":")", type, R"(","object":{"kind":)", table[Part::kKind],
             R"(,"apiVersion":)", table[Part::kApiVersion], R"(,"metadata":)");
  std::string token;
  if (const char* bad = rewrite_list_metadata(table.list_metadata(), {}, true, token, out)) {
    return fail(bad);
  }
  append_all(out, R"(,"columnDefinitions":)",
             columns_.empty() ? std::string_view("null") : columns_, R"(,"rows":[)");
  columns_.clear();
  if (!append_row(table, row, out)) return fail("a row cannot be read");
  out.append("]}}\n");
  return Outcome::kKept;
}

bool WatchTable::append_row(const EventParts& table, const Row& row, std::string& out) {
  if (!options_.blank_table_objects && !options_.reduce_table_objects) {
    out.append(row.text);
    return true;
  }
  const auto before = static_cast<std::size_t>(row.object.data() - row.text.data());
  const std::string_view head = row.text.substr(0, before);
  const std::string_view tail = row.text.substr(before + row.object.size());
  if (options_.blank_table_objects) {
    append_all(out, head, "null", tail);
    return true;
  }
  std::string_view metadata;
  if (!read_members(row.object, {{"metadata", &metadata}})) return false;
  append_all(out, head, R"({"kind":"PartialObjectMetadata","apiVersion":)",
             table[Part::kApiVersion], R"(,"metadata":)", metadata, "}", tail);
  return true;
}

}  // namespace postern::kube::filter
