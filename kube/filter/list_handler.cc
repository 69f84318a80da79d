#include "kube/filter/list_handler.h"

#include "kube/filter/list_metadata.h"
#include "kube/filter/member_reader.h"
#include "kube/filter/walk_filter.h"

#include <memory>
#include <utility>

namespace postern::kube::filter {

ListHandler::ListHandler(FilterOptions options, Predicate& predicate)
    : options_(std::move(options)),
      objects_(objects_for(options_)),
      predicate_(predicate),
      head_(options_.event_references),
      sink_(options_.max_undecided_bytes),
      holding_(options_.hold_until_kept) {}

ListHandler::Objects ListHandler::objects_for(const FilterOptions& options) {
  if (options.blank_table_objects) return Objects::kNone;
  return options.reduce_table_objects ? Objects::kReduced : Objects::kWhole;
}

void ListHandler::chunk_begin(std::string_view chunk, std::string& out) {
  out_ = &out;
  sink_.chunk_begin(chunk.data());
}

Step ListHandler::chunk_end(const char* end) {
  head_.keep();
  return sink_.chunk_end(end, *out_) ? Step::kGo : fail("an item's head is too large");
}

Step ListHandler::finish(std::string& out) {
  if (at_ != At::kEnd) return fail("the body is empty");
  if (holding_) out.append(held_envelope_);
  return Step::kGo;
}

Step ListHandler::fail(const char* reason) {
  reason_ = reason;
  return Step::kFail;
}

Want ListHandler::refuse(const char* reason) {
  reason_ = reason;
  return Want::kRefuse;
}

Want ListHandler::on_envelope_key(std::string_view key) {
  if (key == "kind") return part(Part::kKind);
  if (key == "apiVersion") return part(Part::kApiVersion);
  if (key == "metadata") return part(Part::kMetadata);
  if (key == "columnDefinitions") {
    return take_shape(Shape::kTable) ? part(Part::kColumns) : refuse("neither a list nor a table");
  }
  if (key == "items" || key == "rows") {
    if (seen_items_) return refuse("items or rows twice");
    seen_items_ = true;
    const bool fits = take_shape(key == "items" ? Shape::kList : Shape::kTable);
    return fits ? Want::kArray : refuse("neither a list nor a table");
  }
  return Want::kSkip;
}

Want ListHandler::part(Part part) {
  bool& seen = seen_[static_cast<std::size_t>(part)];
  if (seen) return refuse("duplicate key in the list");
  seen = true;
  part_ = part;
  return Want::kRaw;
}

bool ListHandler::take_shape(Shape shape) {
  if (shape_ == Shape::kUnknown) shape_ = shape;
  return shape_ == shape;
}

Step ListHandler::on_text(std::string_view raw, const char* after) {
  if (!head_.on_text(raw, after)) return fail(head_.reason());
  return head_.complete() ? decide(after) : Step::kGo;
}

Step ListHandler::on_raw(const RawValue& value) {
  if (at_ != At::kEnvelope) return head_.on_raw(value) ? Step::kGo : fail(head_.reason());
  switch (part_) {
    case Part::kKind:
      return on_kind(value.text);
    case Part::kApiVersion:
      return on_api_version(value.text);
    case Part::kMetadata:
      return on_list_metadata(value.text);
    case Part::kColumns:
      begin_member("columnDefinitions").append(value.text);
      break;
  }
  return check_held();
}

Step ListHandler::on_kind(std::string_view value) {
  std::string kind;
  if (!read_text(value, kind)) return fail("the kind cannot be read");
  const bool table = kind == "Table";
  if (!table && !kind.ends_with("List")) return fail("the kind is no list's");
  if (!take_shape(table ? Shape::kTable : Shape::kList)) return fail("neither a list nor a table");
  begin_member("kind").append(value);
  return check_held();
}

Step ListHandler::on_api_version(std::string_view value) {
  std::string version;
  if (!read_text(value, version)) return fail("the apiVersion cannot be read");
  if (version == "meta.k8s.io/v1beta1") reduced_object_ = kReducedV1Beta1;
  begin_member("apiVersion").append(value);
  return check_held();
}

Step ListHandler::on_list_metadata(std::string_view value) {
  const char* const reason = rewrite_list_metadata(
      value, options_.seal_continue, false, summary_.continue_token, begin_member("metadata"));
  return reason == nullptr ? check_held() : fail(reason);
}

Step ListHandler::on_null(const char* after) {
  switch (at_) {
    case At::kEnvelope:
      begin_member(shape_ == Shape::kTable ? "rows" : "items").append("[]");
      return check_held();
    case At::kItems:
      ++summary_.dropped;
      return Step::kGo;
    case At::kRow:
      return drop();
    case At::kMetadata:
      return head_.complete() ? decide(after) : Step::kGo;
    default:
      return drop();
  }
}

Step ListHandler::open_list_or_items() {
  if (at_ == At::kStart) {
    at_ = At::kEnvelope;
    envelope().push_back('{');
    return Step::kGo;
  }
  if (at_ != At::kEnvelope) return fail("data after the list");
  at_ = At::kItems;
  begin_member(shape_ == Shape::kTable ? "rows" : "items").push_back('[');
  return check_held();
}

Step ListHandler::open_row_object(const char* at) {
  at_ = At::kRowObject;
  if (objects_ != Objects::kWhole) sink_.pause(at, *out_);
  return Step::kGo;
}

Step ListHandler::open_row_metadata(const char* at) {
  at_ = At::kMetadata;
  if (objects_ == Objects::kReduced) sink_.resume(at, reduced_object_, *out_);
  return Step::kGo;
}

Step ListHandler::on_items_close() {
  at_ = At::kEnvelope;
  envelope().push_back(']');
  return check_held();
}

Step ListHandler::on_metadata_close(const char* after) {
  at_ = shape_ == Shape::kTable ? At::kRowObject : At::kItem;
  head_.on_metadata_end();
  if (!decided_ && head_.complete()) {
    if (const Step step = decide(after); step != Step::kGo) return step;
  }
  if (at_ == At::kRowObject && objects_ == Objects::kReduced) sink_.pause(after, *out_);
  return Step::kGo;
}

Step ListHandler::on_object_close(const char* after) {
  at_ = At::kRow;
  if (!decided_) {
    if (const Step step = decide(after); step != Step::kGo) return step;
  }
  if (objects_ == Objects::kReduced) sink_.resume(after, "}", *out_);
  if (objects_ == Objects::kNone) sink_.resume(after, "null", *out_);
  return Step::kGo;
}

Step ListHandler::on_list_close() {
  at_ = At::kEnd;
  if (!seen_[static_cast<std::size_t>(Part::kKind)]) return fail("the list has no kind");
  if (!seen_items_) return fail("the list has no items");
  envelope().append("}\n");
  return check_held();
}

Step ListHandler::on_abandoned(const char*) {
  at_ = At::kItems;
  return Step::kGo;
}

Step ListHandler::ask() {
  if (!predicate_.allows(head_.item())) return drop();
  if (holding_) release_envelope();
  if (summary_.kept != 0) out_->push_back(',');
  ++summary_.kept;
  sink_.keep(*out_);
  return Step::kGo;
}

void ListHandler::release_envelope() {
  out_->append(held_envelope_);
  holding_ = false;
}

std::string& ListHandler::begin_member(std::string_view key) {
  std::string& out = envelope();
  if (!first_member_) out.push_back(',');
  first_member_ = false;
  return out.append("\"").append(key).append("\":");
}

Step ListHandler::check_held() {
  return held_envelope_.size() <= options_.max_undecided_bytes
             ? Step::kGo
             : fail("the list's head is too large");
}

// Here, so that the walk and its handler are compiled as one.
std::unique_ptr<BodyFilter> make_json_list_filter(FilterOptions options, Predicate& predicate) {
  return std::make_unique<WalkFilter<ListHandler>>(std::move(options), predicate);
}

}  // namespace postern::kube::filter
