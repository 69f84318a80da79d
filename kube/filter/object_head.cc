#include "kube/filter/object_head.h"

#include "kube/filter/member_reader.h"

namespace postern::kube::filter {

Want ObjectHead::on_reference_key(std::string_view key) {
  if (key == "involvedObject" || key == "regarding") {
    reference_ = &regarding_;
  } else if (key == "related") {
    reference_ = &related_;
  } else {
    return Want::kSkip;
  }
  return once(reference_->seen, Want::kRaw, "duplicate reference key");
}

bool ObjectHead::on_text(std::string_view raw) {
  if (!decode_json_string(raw, *text_)) reason_ = "a name cannot be decoded";
  on_null();
  return reason_ == nullptr;
}

bool ObjectHead::on_raw(std::string_view value) {
  if (!read_reference(value, *reference_)) reason_ = "a reference cannot be read";
  return reason_ == nullptr;
}

bool ObjectHead::read_reference(std::string_view value, Reference& reference) {
  if (value == "null") return true;
  reference.present = true;
  std::string_view api_version = "null";
  std::string_view kind = "null";
  std::string_view ns = "null";
  std::string_view name = "null";
  return read_members(value, {{"apiVersion", &api_version},
                              {"kind", &kind},
                              {"namespace", &ns},
                              {"name", &name}}) &&
         read_text(api_version, reference.api_version) && read_text(kind, reference.kind) &&
         read_text(ns, reference.namespace_) && read_text(name, reference.name);
}

ObjectReference ObjectHead::view(const Reference& reference) {
  return {reference.api_version, reference.kind, reference.namespace_, reference.name};
}

const Item& ObjectHead::item() {
  item_.namespace_ = namespace_;
  item_.name = name_;
  item_.regarding = item_.related = std::nullopt;
  if (regarding_.present) item_.regarding = view(regarding_);
  if (related_.present) item_.related = view(related_);
  return item_;
}

const char* ObjectHead::read(std::string_view object) {
  reset();
  Member member;
  MemberReader reader(object);
  while (reader.next(member)) {
    const Want want = on_object_key(member.key);
    if (reason_ != nullptr) return reason_;
    if (want == Want::kRaw && !on_raw(member.value)) return reason_;
    if (want != Want::kObject || member.value == "null") continue;
    if (!read_metadata(member.value)) return reason_;
  }
  return reader.failed() ? "the object cannot be read" : nullptr;
}

bool ObjectHead::read_metadata(std::string_view metadata) {
  Member member;
  MemberReader reader(metadata);
  while (reader.next(member)) {
    const Want want = on_metadata_key(member.key);
    if (reason_ == nullptr && want == Want::kText && !read_text(member.value, *text_)) {
      reason_ = "a name cannot be decoded";
    }
    if (reason_ != nullptr) return false;
  }
  if (reader.failed()) reason_ = "the metadata cannot be read";
  return reason_ == nullptr;
}

}  // namespace postern::kube::filter
