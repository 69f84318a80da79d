#pragma once

#include "kube/filter/event_parts.h"
#include "kube/filter/filter.h"
#include "kube/filter/object_head.h"
#include "kube/filter/walker.h"
#include "kube/filter/watch_table.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace postern::kube::filter {

/// The watch filter's side of the walk. An event is held until it is complete, but one that is
/// about a hidden object is let go of as soon as that is known, however large it is.
///
/// Shape: `{"type":"ADDED","object":{…}}`, one after the other (any order of keys, any whitespace).
class WatchHandler {
 public:
  WatchHandler(FilterOptions options, Predicate& predicate);

  std::size_t cap() const { return options_.max_undecided_bytes; }
  const ListSummary& summary() const { return summary_; }
  const char* reason() const { return reason_; }

  void chunk_begin(std::string_view chunk, std::string& out);
  Step chunk_end(const char* end);
  Step finish(std::string&) { return Step::kGo; }

  Want on_key(std::string_view key, const char* after);
  Want on_element() { return Want::kSkip; }
  void on_empty_elements(std::uint64_t) {}
  Step on_text(std::string_view raw, const char* after);
  Step on_raw(const RawValue& value);
  Step on_null(const char* after);
  Step on_open(const char* at);
  Step on_close(const char* after);
  Step on_abandoned(const char* after);
  std::size_t abandon_level() const { return 1; }

 private:
  enum class At : std::uint8_t { kStream, kEvent, kObject, kMetadata };
  enum class Type : std::uint8_t { kUnknown, kObject, kBookmark, kError };
  enum class Text : std::uint8_t { kType, kKind, kHead };

  Step fail(const char* reason);
  Want refuse(const char* reason);
  Want once(bool& seen, Want want, const char* reason);
  Want head_said(Want want);
  Want on_event_key(std::string_view key);
  Want on_object_key(std::string_view key, const char* after);
  Want on_metadata_key(std::string_view key, const char* after);

  bool on_type(std::string_view type);  ///< false: none that is known
  Step decide_early(const char* at);
  bool decide();
  std::size_t offset_of(const char* at) const;
  bool fits(const char* at) const;

  Step on_event_close(const char* after);
  Step on_object_event(std::string_view event);
  Step on_special_event();
  Step on_table_event();
  Step keep(std::string_view event);

  const FilterOptions options_;
  Predicate& predicate_;
  ObjectHead head_;
  EventParts parts_;
  WatchTable table_;
  ListSummary summary_;

  At at_ = At::kStream;
  Type type_ = Type::kUnknown;
  Text text_ = Text::kHead;
  bool seen_type_ = false;
  bool seen_object_ = false;
  bool seen_kind_ = false;
  bool may_be_table_ = false;
  bool object_over_ = false;
  bool decided_ = false;
  bool allowed_ = false;
  const char* reason_ = nullptr;

  std::string decoded_;         // a type or kind that had escapes
  std::string_view type_name_;  // static
  std::string held_;            // the event's bytes of earlier chunks
  const char* from_ = nullptr;  // and where it goes on in this one
  const char* chunk_end_ = nullptr;
  std::string* out_ = nullptr;
};

// What is called for every member of every event is inline.

[[gnu::always_inline]] inline Want WatchHandler::on_key(std::string_view key, const char* after) {
  if (at_ == At::kEvent) return on_event_key(key);
  return at_ == At::kObject ? on_object_key(key, after) : on_metadata_key(key, after);
}

inline Want WatchHandler::on_object_key(std::string_view key, const char* after) {
  parts_.on_object_key(key, offset_of(after));
  if (is_word(key, "kind")) {
    text_ = Text::kKind;
    return once(seen_kind_, Want::kText, "duplicate kind key");
  }
  return head_said(head_.on_object_key(key));
}

inline Want WatchHandler::on_metadata_key(std::string_view key, const char* after) {
  parts_.on_metadata_key(key, offset_of(after));
  text_ = Text::kHead;
  return head_said(head_.on_metadata_key(key));
}

inline Want WatchHandler::head_said(Want want) {
  if (want == Want::kRefuse) reason_ = head_.reason();
  return want;
}

inline std::size_t WatchHandler::offset_of(const char* at) const {
  return held_.size() + static_cast<std::size_t>(at - from_);
}

}  // namespace postern::kube::filter
