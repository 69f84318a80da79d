#pragma once

#include "kube/filter/event_parts.h"
#include "kube/filter/filter.h"
#include "kube/filter/object_head.h"
#include "kube/filter/table_row.h"

#include <string>
#include <string_view>

namespace postern::kube::filter {

/// The Table events of one watch: one row each, and the column definitions in the stream's first
/// event only (apiserver handlers/response.go), whether or not the client may see that one.
class WatchTable {
 public:
  /// `options` must outlive the object.
  explicit WatchTable(const FilterOptions& options)
      : options_(options), head_(options.event_references) {}

  enum class Outcome { kKept, kDropped, kFailed };

  /// Filters a Table and appends what the client may see of it. A Table without a row, and
  /// a row without a name, is dropped; one with several rows is refused.
  Outcome filter(std::string_view type, const EventParts& table, Predicate& predicate,
                 std::string& out);
  /// Keeps the column definitions of a Table that is not filtered (a bookmark that came first) for
  /// the first visible event. false: it has them twice.
  bool remember_columns(const EventParts& table);
  const char* reason() const { return reason_; }

 private:
  Outcome fail(const char* reason);
  Outcome append(std::string_view type, const EventParts& table, const TableRow& row,
                 std::string& out);
  bool append_row(const EventParts& table, const TableRow& row, std::string& out);

  const FilterOptions& options_;
  ObjectHead head_;
  std::string columns_;  ///< not yet seen by the client, as written
  const char* reason_ = nullptr;
};

}  // namespace postern::kube::filter
