#pragma once

#include "kube/filter/filter.h"
#include "kube/filter/item_sink.h"
#include "kube/filter/object_head.h"
#include "kube/filter/walker.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace postern::kube::filter {

/// The list filter's side of the walk: writes the list's envelope anew, member by member, and its
/// permitted items as they came.
///
/// Shapes (any order of keys, any whitespace):
///   {"kind":"…List","apiVersion":…,"metadata":{…},"items":[ITEM,…]}
///   {"kind":"Table","apiVersion":…,"metadata":{…},"columnDefinitions":…,"rows":[ROW,…]}
/// where ITEM has "metadata" and ROW has "object" with "metadata". Other members of the envelope
/// are left out: nobody has filtered them. An item or row that names no object is dropped.
class ListHandler {
 public:
  ListHandler(FilterOptions options, Predicate& predicate);

  std::size_t cap() const { return options_.max_undecided_bytes; }
  const ListSummary& summary() const { return summary_; }
  const char* reason() const { return reason_; }

  void chunk_begin(const char* begin, std::string& out);
  Step chunk_end(const char* end);
  Step finish(std::string& out);

  Want on_key(std::string_view key);
  Want on_element() { return Want::kObject; }
  Step on_text(std::string_view raw, const char* after);
  Step on_raw(std::string_view value);
  Step on_null(const char* after);
  Step on_open(const char* at);
  Step on_close(const char* after);
  Step on_abandoned(const char* after);
  std::size_t abandon_level() const { return 3; }

 private:
  enum class At : std::uint8_t {
    kStart,
    kEnvelope,
    kItems,
    kItem,
    kRow,
    kRowObject,
    kMetadata,
    kEnd
  };
  enum class Part : std::uint8_t { kKind, kApiVersion, kMetadata, kColumns };
  enum class Shape : std::uint8_t { kUnknown, kList, kTable };

  Step fail(const char* reason);
  Want refuse(const char* reason);
  Want on_envelope_key(std::string_view key);
  Want on_row_key(std::string_view key);
  Want part(Part part);
  bool take_shape(Shape shape);

  Step on_kind(std::string_view value);
  Step on_api_version(std::string_view value);
  Step on_list_metadata(std::string_view value);
  Step on_metadata_close(const char* after);
  Step on_object_close(const char* after);
  Step on_item_close(const char* after);
  Step on_list_close();

  void open_row_object(const char* at);
  bool replaces_objects() const { return options_.blank_table_objects || reduces_objects(); }
  bool reduces_objects() const {
    return options_.reduce_table_objects && !options_.blank_table_objects;
  }

  Step decide(const char* at);
  Step drop();
  std::string& envelope() { return holding_ ? held_envelope_ : *out_; }
  std::string& begin_member(std::string_view key);
  Step check_held();

  const FilterOptions options_;
  Predicate& predicate_;
  ObjectHead head_;
  ItemSink sink_;
  ListSummary summary_;

  At at_ = At::kStart;
  Shape shape_ = Shape::kUnknown;
  Part part_ = Part::kKind;
  bool seen_[4] = {};  // by Part
  bool seen_items_ = false;
  bool seen_object_ = false;  // of this row
  bool decided_ = false;      // this item
  bool first_member_ = true;
  bool holding_;
  const char* reason_ = nullptr;
  std::string api_version_;
  std::string held_envelope_;
  std::string* out_ = nullptr;
};

}  // namespace postern::kube::filter
