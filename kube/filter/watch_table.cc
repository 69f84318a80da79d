#include "kube/filter/watch_table.h"

#include "kube/filter/append_all.h"
#include "kube/filter/json_string.h"
#include "kube/filter/list_metadata.h"
#include "kube/filter/member_reader.h"

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
  TableRow row;
  const auto read_object = [this](std::string_view text, std::string_view& rest) {
    return head_.read(text, rest);
  };
  if (const char* const bad = read_table_rows(table.rows(), table.end(), read_object, row))
    return fail(bad);
  if (row.object.empty() || !head_.named() || !predicate.allows(head_.item())) {
    return Outcome::kDropped;
  }
  return append(type, table, row, out);
}

bool WatchTable::remember_columns(const EventParts& table) {
  const std::string_view columns = table.or_null(Part::kColumnDefinitions);
  if (has_columns(columns)) columns_ = columns;
  return !table.repeats(Part::kColumnDefinitions);
}

WatchTable::Outcome WatchTable::append(std::string_view type, const EventParts& table,
                                       const TableRow& row, std::string& out) {
  if (table.repeats_list_metadata()) return fail("a table event cannot be read");
  std::string buffer;
  std::string_view metadata;
  if (const char* bad = rewrite_list_metadata(table, {}, buffer, metadata)) return fail(bad);
  append_all(out, R"({"type":")", type, R"(","object":{"kind":)", table[Part::kKind],
             R"(,"apiVersion":)", table[Part::kApiVersion], R"(,"metadata":)", metadata,
             R"(,"columnDefinitions":)", columns_.empty() ? std::string_view("null") : columns_,
             R"(,"rows":[)");
  columns_.clear();
  if (!append_row(table, row, out)) return fail("a row cannot be read");
  out.append("]}}\n");
  return Outcome::kKept;
}

bool WatchTable::append_row(const EventParts& table, const TableRow& row, std::string& out) {
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
