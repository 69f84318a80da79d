#include "kube/filter/watch_handler.h"

#include "kube/filter/json_string.h"
#include "kube/filter/walk_filter.h"
#include "kube/filter/watch_special.h"

#include <memory>
#include <utility>

namespace postern::kube::filter {

WatchHandler::WatchHandler(FilterOptions options, Predicate& predicate)
    : options_(std::move(options)),
      predicate_(predicate),
      head_(options_.event_references),
      table_(options_) {}

void WatchHandler::chunk_begin(std::string_view chunk, std::string& out) {
  out_ = &out;
  chunk_end_ = chunk.data() + chunk.size();
  if (from_ != nullptr) from_ = chunk.data();
}

Step WatchHandler::chunk_end(const char* end) {
  head_.keep();
  if (from_ == nullptr) return Step::kGo;
  held_.append(from_, end);
  from_ = end;
  return held_.size() <= options_.max_undecided_bytes ? Step::kGo : fail("an event is too large");
}

Step WatchHandler::fail(const char* reason) {
  reason_ = reason;
  return Step::kFail;
}

Want WatchHandler::refuse(const char* reason) {
  reason_ = reason;
  return Want::kRefuse;
}

Want WatchHandler::once(bool& seen, Want want, const char* reason) {
  if (seen) return refuse(reason);
  seen = true;
  return want;
}

Want WatchHandler::on_event_key(std::string_view key) {
  if (is_word(key, "type")) {
    text_ = Text::kType;
    return once(seen_type_, Want::kText, "duplicate type key");
  }
  if (is_word(key, "object")) return once(seen_object_, Want::kObject, "duplicate object key");
  return refuse("an unknown key in an event");
}

Step WatchHandler::on_text(std::string_view raw, const char* after) {
  if (text_ == Text::kHead) {
    if (!head_.on_text(raw, after)) return fail(head_.reason());
    return decide_early(after);
  }
  std::string_view text;
  if (text_ == Text::kType) {
    if (on_type(raw)) return Step::kGo;
    if (!decode_json_string(raw, decoded_, text)) return fail("an event's type cannot be read");
    return on_type(text) ? Step::kGo : fail("an unknown event type");
  }
  if (!decode_json_string(raw, decoded_, text)) return fail("an object's kind cannot be read");
  may_be_table_ = is_word(text, "Table");
  return decide_early(after);
}

bool WatchHandler::on_type(std::string_view type) {
  const auto is = [this, type](const auto& name, Type meant) {
    if (!is_word(type, name)) return false;
    type_ = meant;
    type_name_ = name;
    return true;
  };
  return is("ADDED", Type::kObject) || is("MODIFIED", Type::kObject) ||
         is("DELETED", Type::kObject) || is("BOOKMARK", Type::kBookmark) ||
         is("ERROR", Type::kError);
}

Step WatchHandler::on_raw(const RawValue& value) {
  return head_.on_raw(value) ? Step::kGo : fail(head_.reason());
}

Step WatchHandler::on_null(const char* after) {
  if (at_ == At::kEvent) return fail("an event without type or object");

  return decide_early(after);
}

Step WatchHandler::on_open(const char* at) {
  switch (at_) {
    case At::kStream:
      at_ = At::kEvent;
      type_ = Type::kUnknown;
      seen_type_ = seen_object_ = seen_kind_ = false;
      may_be_table_ = object_over_ = decided_ = allowed_ = false;
      head_.reset();
      parts_.reset();
      held_.clear();
      from_ = at;
      break;
    case At::kEvent:
      at_ = At::kObject;
      break;
    default:
      at_ = At::kMetadata;
      break;
  }
  return Step::kGo;
}

Step WatchHandler::on_close(const char* after) {
  switch (at_) {
    case At::kMetadata:
      at_ = At::kObject;
      head_.on_metadata_end();
      return decide_early(after);
    case At::kObject:
      at_ = At::kEvent;
      object_over_ = true;
      return decide_early(after);
    default:
      at_ = At::kStream;
      return on_event_close(after);
  }
}

/// Decides when enough is known to do so for good: that this is an event about an object, which is
/// no Table, and whose name and namespace have been read.
Step WatchHandler::decide_early(const char* at) {
  if (decided_ || type_ != Type::kObject || may_be_table_) return Step::kGo;
  if (!object_over_ && (!seen_kind_ || !head_.complete())) return Step::kGo;
  if (!fits(at)) return fail("an event is too large");
  if (decide()) return Step::kGo;
  ++summary_.dropped;
  from_ = nullptr;
  return Step::kAbandon;
}

bool WatchHandler::decide() {
  decided_ = true;
  allowed_ = head_.named() && predicate_.allows(head_.item());
  return allowed_;
}

bool WatchHandler::fits(const char* at) const {
  return offset_of(at) <= options_.max_undecided_bytes;
}

Step WatchHandler::on_abandoned(const char*) {
  at_ = At::kStream;
  return Step::kGo;
}

Step WatchHandler::on_event_close(const char* after) {
  if (!seen_type_ || !seen_object_) return fail("an event without type or object");
  if (!fits(after)) return fail("an event is too large");
  std::string_view event(from_, static_cast<std::size_t>(after - from_));
  const char* readable = chunk_end_;
  if (!held_.empty()) {
    event = held_.append(event);
    readable = event.data() + event.size();
  }
  from_ = nullptr;
  if (type_ == Type::kObject && !may_be_table_) return on_object_event(event);

  parts_.read(event, readable);
  if (parts_.repeats(EventParts::Part::kApiVersion)) return fail("an event cannot be read");
  // A custom resource may be called Table, too.
  const std::string_view version = parts_[EventParts::Part::kApiVersion];
  const bool table = may_be_table_ && is_meta_version(version);
  if (type_ == Type::kObject) return table ? on_table_event() : on_object_event(event);
  if (table && !table_.remember_columns(parts_)) return fail("an event cannot be read");
  return on_special_event();
}

Step WatchHandler::on_special_event() {
  const std::size_t before = out_->size();
  const char* const reason = type_ == Type::kBookmark
                                 ? append_bookmark(parts_, *out_)
                                 : append_error(parts_, options_.seal_continue, *out_);
  if (reason == nullptr) return Step::kGo;
  out_->resize(before);
  return fail(reason);
}

Step WatchHandler::on_object_event(std::string_view event) {
  if (!decided_) decide();
  return allowed_ ? keep(event) : (++summary_.dropped, Step::kGo);
}

Step WatchHandler::on_table_event() {
  const std::size_t before = out_->size();
  switch (table_.filter(type_name_, parts_, predicate_, *out_)) {
    case WatchTable::Outcome::kKept:
      ++summary_.kept;
      return Step::kGo;
    case WatchTable::Outcome::kDropped:
      ++summary_.dropped;
      return Step::kGo;
    default:
      out_->resize(before);
      return fail(table_.reason());
  }
}

Step WatchHandler::keep(std::string_view event) {
  ++summary_.kept;
  out_->append(event).push_back('\n');
  return Step::kGo;
}

// Here, so that the walk and its handler are compiled as one.
std::unique_ptr<BodyFilter> make_json_watch_filter(FilterOptions options, Predicate& predicate) {
  return std::make_unique<WalkFilter<WatchHandler>>(std::move(options), predicate);
}

}  // namespace postern::kube::filter
