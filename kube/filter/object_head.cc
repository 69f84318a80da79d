#include "kube/filter/object_head.h"

#include "kube/filter/member_reader.h"
#include "kube/filter/white_space.h"

namespace postern::kube::filter {
namespace {

/// Reads a value that must be a string; `null` is "". false: it is anything else.
bool read_head_text(std::string_view value, bool stays, HeadText& text) {
  text.clear();
  if (is_word(value, "null")) return true;
  if (value.size() < 2 || value.front() != '"') return false;
  return text.read(value.substr(1, value.size() - 2), stays);
}

}  // namespace

Want ObjectHead::on_reference_key(std::string_view key) {
  constexpr const char* kTwice = "duplicate reference key";
  if (is_word(key, "involvedObject") || is_word(key, "regarding")) {
    reference_ = &regarding_;
    return once(kSeenRegarding, Want::kRaw, kTwice);
  }
  if (!is_word(key, "related")) return Want::kSkip;
  reference_ = &related_;
  return once(kSeenRelated, Want::kRaw, kTwice);
}

bool ObjectHead::on_raw(const RawValue& value) {
  if (!read_reference(value, *reference_)) reason_ = "a reference cannot be read";
  return reason_ == nullptr;
}

void ObjectHead::keep() {
  name_.keep();
  namespace_.keep();
  if (!event_references_) return;
  regarding_.keep();
  related_.keep();
}

bool ObjectHead::read_reference(const RawValue& value, Reference& reference) {
  if (is_word(value.text, "null")) return true;
  reference.clear();
  reference.present = true;
  unsigned seen = 0;
  Member member;
  MemberReader reader({value.text.data(), value.readable});
  while (reader.next(member)) {
    const unsigned field = Reference::field_of(member.key);
    if (field == Reference::kFields) continue;
    if ((seen & 1U << field) != 0) return false;
    if (!read_head_text(member.value, value.stays, reference.fields[field])) return false;
    seen |= 1U << field;
  }
  return reader.complete(value.text.data() + value.text.size());
}

unsigned ObjectHead::Reference::field_of(std::string_view key) {
  if (is_word(key, "apiVersion")) return kApiVersion;
  if (is_word(key, "kind")) return kKind;
  if (is_word(key, "namespace")) return kNamespace;
  return is_word(key, "name") ? kName : kFields;
}

void ObjectHead::Reference::clear() {
  for (HeadText& field : fields) field.clear();
}

void ObjectHead::Reference::keep() {
  for (HeadText& field : fields) field.keep();
}

ObjectReference ObjectHead::view(const Reference& reference) {
  const auto& fields = reference.fields;
  return {fields[Reference::kApiVersion].view(), fields[Reference::kKind].view(),
          fields[Reference::kNamespace].view(), fields[Reference::kName].view()};
}

const Item& ObjectHead::item() {
  item_.namespace_ = namespace_.view();
  item_.name = name_.view();
  if (!event_references_) return item_;
  item_.regarding = item_.related = std::nullopt;
  if (regarding_.present) item_.regarding = view(regarding_);
  if (related_.present) item_.related = view(related_);
  return item_;
}

const char* ObjectHead::read(std::string_view object) {
  std::string_view rest;
  if (const char* const reason = read(object, rest)) return reason;
  return past_space(rest).empty() ? nullptr : "the object cannot be read";
}

const char* ObjectHead::read(std::string_view text, std::string_view& rest) {
  reset();
  MemberReader reader(text);
  Member member;
  while (reader.next_key(member.key)) {
    const Want want = on_object_key(member.key);
    if (want == Want::kRefuse) return reason_;
    if (want == Want::kObject && reader.text().starts_with('{')) {
      std::string_view behind;
      if (!read_metadata(reader.text(), behind)) return reason_;
      reader.go_on(behind);
      continue;
    }
    if (!reader.skip_value(member.value)) break;
    if (want == Want::kRaw && !on_raw({member.value, reader.text_end(), true})) return reason_;
    if (want == Want::kObject && !is_word(member.value, "null"))
      return "the metadata cannot be read";
  }
  rest = reader.text();
  return reader.failed() ? "the object cannot be read" : nullptr;
}

bool ObjectHead::read_metadata(std::string_view text, std::string_view& rest) {
  Member member;
  MemberReader reader(text);
  while (reader.next(member)) {
    const Want want = on_metadata_key(member.key);
    if (want == Want::kText && !read_head_text(member.value, true, *text_)) {
      reason_ = "a name cannot be decoded";
    }
    if (reason_ != nullptr) return false;
  }
  rest = reader.text();
  if (reader.failed()) reason_ = "the metadata cannot be read";
  return reason_ == nullptr;
}

}  // namespace postern::kube::filter
