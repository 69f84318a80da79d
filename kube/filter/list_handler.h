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

  void chunk_begin(std::string_view chunk, std::string& out);
  Step chunk_end(const char* end);
  Step finish(std::string& out);

  Want on_key(std::string_view key, const char* after);
  Want on_element() { return Want::kObject; }
  void on_empty_elements(std::uint64_t n) { summary_.dropped += n; }
  Step on_text(std::string_view raw, const char* after);
  Step on_raw(const RawValue& value);
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
  /// What a client gets of a row's object.
  enum class Objects : std::uint8_t { kWhole, kReduced, kNone };

  /// What a reduced object begins with.
  static constexpr std::string_view kReducedV1 =
      R"({"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":)";
  static constexpr std::string_view kReducedV1Beta1 =
      R"({"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1beta1","metadata":)";

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
  Step open_item(const char* at);
  Step open_row_object(const char* at);
  Step open_row_metadata(const char* at);
  Step open_list_or_items();
  Step on_items_close();
  Step on_item_close(const char* after);
  Step on_list_close();

  Step decide(const char* at);
  Step ask();
  Step drop();
  std::string& envelope() { return holding_ ? held_envelope_ : *out_; }
  void release_envelope();
  std::string& begin_member(std::string_view key);
  Step check_held();

  static Objects objects_for(const FilterOptions& options);

  const FilterOptions options_;
  const Objects objects_;
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
  std::string_view reduced_object_ = kReducedV1;
  std::string held_envelope_;
  std::string* out_ = nullptr;
};

// What is called for every item, however small, is inline.

[[gnu::always_inline]] inline Want ListHandler::on_key(std::string_view key, const char*) {
  if (at_ == At::kEnvelope) return on_envelope_key(key);
  if (at_ == At::kRow) return on_row_key(key);
  const bool in_metadata = at_ == At::kMetadata;
  const Want want = in_metadata ? head_.on_metadata_key(key) : head_.on_object_key(key);
  if (want == Want::kRefuse) reason_ = head_.reason();
  return want;
}

inline Want ListHandler::on_row_key(std::string_view key) {
  if (!is_word(key, "object")) return Want::kSkip;
  if (seen_object_) return refuse("duplicate object key in a row");
  seen_object_ = true;
  return Want::kObject;
}

[[gnu::always_inline]] inline Step ListHandler::on_open(const char* at) {
  if (at_ == At::kItems) return open_item(at);
  if (at_ == At::kRow) return open_row_object(at);
  if (at_ == At::kRowObject) return open_row_metadata(at);
  if (at_ != At::kItem) return open_list_or_items();
  at_ = At::kMetadata;
  return Step::kGo;
}

[[gnu::always_inline]] inline Step ListHandler::on_close(const char* after) {
  if (at_ == At::kItem || at_ == At::kRow) return on_item_close(after);
  if (at_ == At::kMetadata) return on_metadata_close(after);
  if (at_ == At::kRowObject) return on_object_close(after);
  return at_ == At::kItems ? on_items_close() : on_list_close();
}

[[gnu::always_inline]] inline Step ListHandler::open_item(const char* at) {
  at_ = shape_ == Shape::kTable ? At::kRow : At::kItem;
  head_.reset();
  sink_.begin(at);
  seen_object_ = decided_ = false;
  return Step::kGo;
}

[[gnu::always_inline]] inline Step ListHandler::on_item_close(const char* after) {
  at_ = At::kItems;
  if (!decided_) {
    if (const Step step = decide(after); step != Step::kGo) {
      return step == Step::kFail ? step : Step::kGo;
    }
  }
  sink_.end(after, *out_);
  return Step::kGo;
}

inline Step ListHandler::decide(const char* at) {
  if (decided_) return Step::kGo;
  decided_ = true;
  if (!sink_.fits(at)) return fail("an item's head is too large");
  return head_.named() ? ask() : drop();
}

inline Step ListHandler::drop() {
  decided_ = true;
  ++summary_.dropped;
  sink_.drop();
  return Step::kAbandon;
}

}  // namespace postern::kube::filter
