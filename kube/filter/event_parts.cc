#include "kube/filter/event_parts.h"

#include "kube/filter/json_string.h"
#include "kube/filter/member_reader.h"
#include "kube/filter/white_space.h"

#include <algorithm>

namespace postern::kube::filter {

void EventParts::note(Part part, std::size_t after) {
  repeated_ |= seen_ & bit(part);
  seen_ |= bit(part);
  after_keys_[index(part)] = after;
}

void EventParts::note_object_key(std::string_view key, std::size_t after) {
  switch (key.size()) {
    case 4:
      if (is_word(key, "kind")) note(Part::kKind, after);
      if (is_word(key, "rows")) note(Part::kRows, after);
      if (is_word(key, "code")) note(Part::kCode, after);
      break;
    case 6:
      if (is_word(key, "status")) note(Part::kStatus, after);
      if (is_word(key, "reason")) note(Part::kReason, after);
      break;
    case 7:
      if (is_word(key, "message")) note(Part::kMessage, after);
      if (is_word(key, "details")) note(Part::kDetails, after);
      break;
    case 10:
      if (is_word(key, "apiVersion")) note(Part::kApiVersion, after);
      break;
    case 17:
      if (is_word(key, "columnDefinitions")) note(Part::kColumnDefinitions, after);
      break;
    default:
      break;
  }
}

void EventParts::note_metadata_key(std::string_view key, std::size_t after) {
  if (is_word(key, "selfLink")) note(Part::kSelfLink, after);
  if (is_word(key, "resourceVersion")) note(Part::kResourceVersion, after);
  if (is_word(key, "continue")) note(Part::kContinue, after);
  if (is_word(key, "annotations")) note(Part::kAnnotations, after);
}

void EventParts::read(std::string_view event, const char* readable) {
  end_ = event.data() + event.size();
  for (std::uint32_t rest = seen_; rest != 0; rest &= rest - 1) {
    const auto i = static_cast<std::size_t>(__builtin_ctz(rest));
    const char* const colon = past_space(event.data() + after_keys_[i], readable);
    values_[i] = {past_space(colon + 1, readable), readable};
    if (i != index(Part::kRows)) read_value(values_[i], values_[i]);
  }
}

std::string EventParts::list_metadata() const {
  struct Member {
    Part part;
    std::string_view key;
  };
  std::array<Member, 3> members{{{Part::kSelfLink, "\"selfLink\":"},
                                 {Part::kResourceVersion, "\"resourceVersion\":"},
                                 {Part::kContinue, "\"continue\":"}}};
  std::sort(members.begin(), members.end(), [this](const Member& a, const Member& b) {
    return after_keys_[index(a.part)] < after_keys_[index(b.part)];
  });
  std::string out = "{";
  for (const Member& member : members) {
    const std::string_view value = (*this)[member.part];
    if (value.empty()) continue;
    if (out.size() > 1) out.push_back(',');
    out.append(member.key).append(value);
  }
  return out.append("}");
}

}  // namespace postern::kube::filter
