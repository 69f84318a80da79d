#include "kube/text.h"
#include "rbac/foreign_keys.h"
#include "rbac/load_sections.h"

namespace postern::rbac {
namespace {

constexpr int kOldestVersion = 3;
constexpr int kNewestVersion = 8;
constexpr std::size_t kMaxName = 253;

int read_version(DocumentLog& log, MapReader& document) {
  const auto place = document.require("version");
  if (!place) {
    return kNewestVersion;
  }
  const std::string text = read_string(log, *place);
  for (int version = kOldestVersion; version <= kNewestVersion; ++version) {
    if (text == "v" + std::to_string(version)) {
      return version;
    }
  }
  log.error(*place, "must be one of v3 to v8, not " + kube::quoted(text));
  return kNewestVersion;
}

bool is_end_of_nothing(const YamlNode& node) {
  return node.is_empty() || node.text.starts_with("0001-01-01T00:00:00");
}

std::string read_name(DocumentLog& log, const Place& place) {
  std::string name = read_string(log, place);
  if (name.empty() || name.size() > kMaxName) {
    log.error(place, name.empty() ? "is empty" : "is longer than 253 bytes");
  } else if (name.front() == ' ' || name.back() == ' ') {
    log.error(place, "has spaces at its edges");
  }
  return name;
}

}  // namespace

Metadata read_metadata(DocumentLog& log, MapReader& document, std::string_view kind) {
  Metadata metadata;
  const auto place = document.require("metadata");
  if (!place) {
    return metadata;
  }
  MapReader map(log, *place);
  if (const auto name = map.require("name")) {
    metadata.name = read_name(log, *name);
    log.name_object(std::string(kind) + "/" + metadata.name);
  }
  if (const auto text = map.take("description")) metadata.description = read_string(log, *text);
  if (const auto labels = map.take("labels")) {
    MapReader pairs(log, *labels);
    for (const auto& [key, value] : pairs.take_rest()) {
      metadata.labels[key] = read_string(log, value);
    }
  }
  if (const auto expires = map.take("expires"); expires && !is_end_of_nothing(expires->node)) {
    log.error(*expires, "is not supported: the object would outlive its end");
  }
  for (const char* key : {"namespace", "id", "revision"}) {
    map.take(key);  // bookkeeping of the store that it was exported from
  }
  map.finish();
  return metadata;
}

RoleOptions read_options(DocumentLog& log, const std::optional<Place>& place) {
  RoleOptions options;
  if (!place) {
    return options;
  }
  MapReader map(log, *place);
  if (const auto ttl = map.take("max_session_ttl"))
    options.max_session_ttl = read_duration(log, *ttl);
  if (const auto access = map.take("request_access")) {
    const std::string text = read_string(log, *access);
    if (text == "always") {
      options.request_access = RequestAccess::kAlways;
    } else if (text == "reason") {
      options.request_access = RequestAccess::kReason;
    } else if (!text.empty() && text != "optional") {
      log.error(*access, "must be optional, always or reason");
    }
  }
  if (const auto prompt = map.take("request_prompt")) {
    options.request_prompt = read_string(log, *prompt);
  }
  check_foreign_options(log, map);
  return options;
}

Role read_role(DocumentLog& log, MapReader& document) {
  Role role;
  Metadata metadata = read_metadata(log, document, "role");
  role.name = std::move(metadata.name);
  role.description = std::move(metadata.description);
  role.labels = std::move(metadata.labels);
  role.version = read_version(log, document);
  role.origin = log.file() + ":" + std::to_string(document.place().node.line);
  role.source = document.place().node.canonical();
  if (const auto sub_kind = document.take("sub_kind"); sub_kind && !sub_kind->node.is_empty()) {
    log.error(*sub_kind, "is not supported");
  }
  if (const auto spec = document.require("spec")) {
    MapReader map(log, *spec);
    role.allow = read_conditions(log, map.take("allow"), role.version, Effect::kAllow);
    role.deny = read_conditions(log, map.take("deny"), role.version, Effect::kDeny);
    role.options = read_options(log, map.take("options"));
    map.finish();
  }
  document.finish();
  return role;
}

}  // namespace postern::rbac
