#include "proxy/audit/object_text.h"

#include <array>
#include <nlohmann/json.hpp>

// Tested by tests/proxy/audit/object_text_test.cc
namespace postern::proxy::audit {
namespace {

using Json = nlohmann::ordered_json;

/// dump() calls itself for each level.
constexpr int kMaxDepth = 100;
/// Of one object: a member is compared with all that its object has.
constexpr std::size_t kMaxMembers = 1000;

/// Tells while a text is parsed when it is more than events are made of.
class Bounds {
 public:
  bool exceeded() const { return exceeded_; }
  bool keep(int depth, Json::parse_event_t event) {
    exceeded_ = exceeded_ || depth > kMaxDepth;
    if (exceeded_) return false;
    const auto level = static_cast<std::size_t>(depth);
    if (event == Json::parse_event_t::object_start) members_.at(level + 1) = 0;
    if (event == Json::parse_event_t::key) exceeded_ = ++members_.at(level) > kMaxMembers;
    return !exceeded_;
  }

 private:
  std::array<std::size_t, kMaxDepth + 2> members_{};
  bool exceeded_ = false;
};

void drop_managed_fields(Json& object) {
  const auto metadata = object.find("metadata");
  if (metadata != object.end() && metadata->is_object()) metadata->erase("managedFields");
}

}  // namespace

bool may_show_objects(std::string_view group, std::string_view resource,
                      std::string_view subresource) {
  if (group.empty()) {
    return resource != "secrets" && resource != "configmaps" &&
           !(resource == "serviceaccounts" && subresource == "token");
  }
  if (group == "authentication.k8s.io") return resource != "tokenreviews";
  if (group == "access.postern.dev") return resource != "sessions" && resource != "accessusers";
  return true;
}

std::optional<std::string> object_text(std::string_view body, bool omit_managed_fields) {
  if (body.size() > kMaxObjectBytes) return std::nullopt;
  Bounds bounds;
  Json object = Json::parse(
      body,
      [&bounds](int depth, Json::parse_event_t event, Json&) { return bounds.keep(depth, event); },
      false);
  if (bounds.exceeded() || !object.is_object()) return std::nullopt;
  if (omit_managed_fields) {
    drop_managed_fields(object);
    if (const auto items = object.find("items"); items != object.end() && items->is_array()) {
      for (Json& item : *items) {
        if (item.is_object()) drop_managed_fields(item);
      }
    }
  }
  return object.dump(-1, ' ', true, Json::error_handler_t::replace);
}

}  // namespace postern::proxy::audit
