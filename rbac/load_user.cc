#include "kube/text.h"
#include "rbac/load_sections.h"

namespace postern::rbac {
namespace {

Traits read_traits(DocumentLog& log, const Place& place) {
  Traits traits;
  MapReader map(log, place);
  for (const auto& [key, value] : map.take_rest()) {
    if (!value.node.is_null()) {
      traits[key] = read_strings(log, value);
    }
  }
  return traits;
}

bool read_locked(DocumentLog& log, const Place& place) {
  MapReader map(log, place);
  const auto locked = map.take("is_locked");
  for (const char* key :
       {"locked_message", "locked_time", "lock_expires", "recovery_attempt_lock_expires"}) {
    map.take(key);
  }
  map.finish();
  return locked && read_bool(log, *locked);
}

void warn_of_identities(DocumentLog& log, MapReader& map) {
  for (const char* key : {"oidc_identities", "saml_identities", "github_identities",
                          "trusted_device_ids", "local_auth", "password_state", "mfa"}) {
    if (const auto place = map.take(key); place && !place->node.is_empty()) {
      log.warn(*place, "has no meaning here and is left out");
    }
  }
  map.take("created_by");
}

}  // namespace

User read_user(DocumentLog& log, MapReader& document) {
  User user;
  user.name = read_metadata(log, document, "user").name;
  user.origin = log.file() + ":" + std::to_string(document.place().node.line);
  user.source = document.place().node.canonical();
  if (const auto version = document.take("version")) {
    if (const std::string text = read_string(log, *version); text != "v2") {
      log.error(*version, "must be v2, not " + kube::quoted(text));
    }
  }
  if (const auto sub_kind = document.take("sub_kind"); sub_kind && !sub_kind->node.is_empty()) {
    log.error(*sub_kind, "is not supported");
  }
  if (const auto spec = document.require("spec")) {
    MapReader map(log, *spec);
    if (const auto roles = map.take("roles")) user.roles = read_strings(log, *roles);
    if (const auto traits = map.take("traits")) user.traits = read_traits(log, *traits);
    if (const auto status = map.take("status")) user.locked = read_locked(log, *status);
    if (const auto locked = map.take("locked")) {
      user.locked = read_bool(log, *locked) || user.locked;
    }
    if (const auto expires = map.take("expires");
        expires && !expires->node.is_empty() && !expires->node.text.starts_with("0001-01-01")) {
      log.error(*expires, "is not supported: the user would outlive its end");
    }
    warn_of_identities(log, map);
    map.finish();
  }
  document.finish();
  return user;
}

}  // namespace postern::rbac
