#include "kube/filter/watch_table.h"

#include "kube/filter/list_metadata.h"
#include "kube/filter/member_reader.h"

namespace postern::kube::filter {
namespace {

using Part = EventParts::Part;

/// Later events have none, written as null (Go's nil slice) or as an empty list.
bool has_columns(std::string_view columns) {
  return columns != "null" && columns != "[]";
}

}  // namespace

WatchTable::Outcome WatchTable::fail(const char* reason) {
  reason_ = reason;
  return Outcome::kFailed;
}

WatchTable::Outcome WatchTable::filter(const EventParts& table, Predicate& predicate,
                                       std::string& out) {
  if (table.repeats(Part::kKind, Part::kApiVersion, Part::kRows) || !remember_columns(table)) {
    return fail("a table event cannot be read");
  }
  std::string_view row = "null";
  int count = 0;
  const std::string_view rows = table.or_null(Part::kRows);
  if (rows != "null" && !read_first_element(rows, row, count)) {
    return fail("a table event cannot be read");
  }
  if (count > 1) return fail("more than one row in an event");
  std::string_view row_object = "null";
  if (row != "null" && !read_members(row, {{"object", &row_object}})) {
    return fail("a row cannot be read");
  }
  if (row_object == "null") return Outcome::kDropped;
  if (const char* const reason = head_.read(row_object)) return fail(reason);
  if (!head_.named() || !predicate.allows(head_.item())) return Outcome::kDropped;
  return append(table, row, row_object, out);
}

bool WatchTable::remember_columns(const EventParts& table) {
  const std::string_view columns = table.or_null(Part::kColumnDefinitions);
  if (has_columns(columns)) columns_ = columns;
  return !table.repeats(Part::kColumnDefinitions);
}

WatchTable::Outcome WatchTable::append(const EventParts& table, std::string_view row,
                                       std::string_view object, std::string& out) {
  if (table.repeats_list_metadata()) return fail("a table event cannot be read");
  out.append(R"({"kind":)").append(table[Part::kKind]);
  out.append(R"(,"apiVersion":)").append(table[Part::kApiVersion]).append(R"(,"metadata":)");
  std::string token;
  if (const char* bad = rewrite_list_metadata(table.list_metadata(), {}, true, token, out)) {
    return fail(bad);
  }
  out.append(R"(,"columnDefinitions":)").append(columns_.empty() ? "null" : columns_);
  columns_.clear();
  out.append(R"(,"rows":[)");
  if (!append_row(table, row, object, out)) return fail("a row cannot be read");
  out.append("]}");
  return Outcome::kKept;
}

bool WatchTable::append_row(const EventParts& table, std::string_view row, std::string_view object,
                            std::string& out) {
  if (!options_.blank_table_objects && !options_.reduce_table_objects) {
    out.append(row);
    return true;
  }
  const auto before = static_cast<std::size_t>(object.data() - row.data());
  out.append(row.substr(0, before));
  if (options_.blank_table_objects) {
    out.append("null");
  } else {
    std::string_view metadata;
    if (!read_members(object, {{"metadata", &metadata}})) return false;
    out.append(R"({"kind":"PartialObjectMetadata","apiVersion":)").append(table[Part::kApiVersion]);
    out.append(R"(,"metadata":)").append(metadata).append("}");
  }
  out.append(row.substr(before + object.size()));
  return true;
}

}  // namespace postern::kube::filter
