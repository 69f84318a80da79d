#include "proxy/audit/object_text.h"

#include <nlohmann/json.hpp>

// Tested by tests/proxy/audit/object_text_test.cc
namespace postern::proxy::audit {
namespace {

using Json = nlohmann::ordered_json;

/// dump() calls itself for each level.
constexpr int kMaxDepth = 100;

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
  bool too_deep = false;
  Json object = Json::parse(
      body,
      [&too_deep](int depth, Json::parse_event_t, Json&) {
        too_deep |= depth > kMaxDepth;
        return !too_deep;
      },
      false);
  if (too_deep || !object.is_object()) return std::nullopt;
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
