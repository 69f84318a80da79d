#include "proxy/access/api/api_object.h"
#include "proxy/access/api/wire_values.h"

#include <utility>

namespace postern::proxy::access::api {
namespace {

constexpr const char* kOriginAnnotation = "access.postern.dev/origin";

const char* origin_name(Origin origin) {
  switch (origin) {
    case Origin::kStore:
      return "store";
    case Origin::kFile:
      return "file";
    case Origin::kPreset:
      return "preset";
  }
  return "";
}

/// What the wire's metadata has beside ObjectMeta.
Json metadata_of(const ObjectMeta& meta, Origin origin, const std::string& description) {
  Json json = metadata_json(meta);
  if (!description.empty()) json["description"] = description;
  if (origin != Origin::kStore) json["annotations"][kOriginAnnotation] = origin_name(origin);
  return json;
}

/// The typed document in the clothes of the access API.
Json wire_document(const char* kind, Json metadata, const std::string& typed) {
  const Json stored = Json::parse(typed, nullptr, false);
  Json json = document_head(kind, std::move(metadata));
  for (const char* key : {"version", "spec"}) {
    if (stored.is_object() && stored.contains(key)) json[key] = stored[key];
  }
  return json;
}

std::string age_cell(const ObjectMeta& meta, TimePoint now) {
  return age_text(std::chrono::floor<std::chrono::seconds>(now - meta.created));
}

class RoleView : public ApiObject {
 public:
  explicit RoleView(RolePtr role) : object_(std::move(role)) {}

  const KindInfo& kind() const override { return access_roles(); }
  const ObjectMeta& meta() const override { return object_->meta; }
  std::string_view field(std::string_view path) const override { return field_of(*object_, path); }
  Json metadata() const override {
    return metadata_of(object_->meta, object_->origin, object_->role->description);
  }
  Json document() const override {
    return wire_document("AccessRole", metadata(), object_->document);
  }
  std::vector<Json> cells(TimePoint now) const override {
    return {object_->meta.name, "v" + std::to_string(object_->role->version),
            origin_name(object_->origin), age_cell(object_->meta, now), object_->role->description};
  }

 private:
  RolePtr object_;
};

class UserView : public ApiObject {
 public:
  explicit UserView(UserPtr user) : object_(std::move(user)) {}

  const KindInfo& kind() const override { return access_users(); }
  const ObjectMeta& meta() const override { return object_->meta; }
  std::string_view field(std::string_view path) const override { return field_of(*object_, path); }
  Json metadata() const override { return metadata_of(object_->meta, object_->origin, ""); }
  Json document() const override {
    return wire_document("AccessUser", metadata(), object_->document);
  }
  std::vector<Json> cells(TimePoint now) const override {
    std::string roles;
    for (const std::string& role : object_->user->roles) {
      roles.append(roles.empty() ? "" : ",").append(role);
    }
    return {object_->meta.name, roles, object_->user->locked, origin_name(object_->origin),
            age_cell(object_->meta, now)};
  }

 private:
  UserPtr object_;
};

}  // namespace

std::string_view field_of(const RoleObject& role, std::string_view) {
  return role.meta.name;
}

std::string_view field_of(const UserObject& user, std::string_view) {
  return user.meta.name;
}

ObjectPtr make_object(RolePtr role) {
  return std::make_shared<RoleView>(std::move(role));
}

ObjectPtr make_object(UserPtr user) {
  return std::make_shared<UserView>(std::move(user));
}

}  // namespace postern::proxy::access::api
