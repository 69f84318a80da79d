#include "proxy/access/state/stored_forms.h"

#include "proxy/access/state/documents.h"
#include "proxy/access/state/stored_meta.h"

#include <chrono>
#include <nlohmann/json.hpp>
#include <utility>

// Tested by tests/proxy/access/state/life_test.cc
namespace postern::proxy::access {
namespace {

using nlohmann::json;

TimePoint read_time(const json& value) {
  return TimePoint(std::chrono::duration_cast<TimePoint::duration>(
      std::chrono::microseconds(value.get<std::int64_t>())));
}

ObjectMeta read_meta(const StoredObject& stored, const json& value) {
  ObjectMeta meta;
  meta.name = stored.name;
  meta.version = stored.version;
  meta.uid = value.at("uid").get<std::string>();
  meta.created = read_time(value.at("created"));
  meta.labels = value.at("labels").get<std::map<std::string, std::string>>();
  meta.annotations = value.at("annotations").get<std::map<std::string, std::string>>();
  meta.generate_name = value.at("generateName").get<std::string>();
  return meta;
}

std::string dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

kube::Status unreadable(const StoredObject& stored, const std::string& why) {
  return kube::Status::internal("the stored " + stored.kind + " \"" + stored.name +
                                "\" cannot be read: " + why);
}

/// Decodes with `read`; whatever is missing or of another type is an exception of the parser.
template <typename T, typename Read>
Result<T> decode(const StoredObject& stored, Read read) {
  try {
    return read(json::parse(stored.data));
  } catch (const json::exception& error) {
    return fail(unreadable(stored, error.what()));
  }
}

template <typename Object>
void keep_meta(Object& object, const StoredObject& stored, const json& value) {
  ObjectMeta meta = read_meta(stored, value.at("meta"));
  meta.labels = std::move(object.meta.labels);
  meta.annotations = std::move(object.meta.annotations);
  object.meta = std::move(meta);
}

/// A role's or user's document is the whole of it, metadata included.
template <typename Object>
std::string encode_document(const Object& object) {
  return dump({{"meta", meta_json(object.meta)}, {"document", object.document}});
}

template <typename Object>
Result<Object> decode_document(const StoredObject& stored, Result<Object> (*read)(std::string_view),
                               const json& value) {
  json document = json::parse(value.at("document").get<std::string>());
  document["metadata"]["annotations"] = value.at("meta").at("annotations");
  auto object = read(dump(document));
  if (!object) {
    return fail(unreadable(stored, object.error().message));
  }
  if (object->meta.name != stored.name) {
    return fail(unreadable(stored, "it is about " + object->meta.name));
  }
  keep_meta(*object, stored, value);
  return object;
}

}  // namespace

std::string encode(const RoleObject& role) {
  return encode_document(role);
}

std::string encode(const UserObject& user) {
  return encode_document(user);
}

std::string encode(const StoredSession& session) {
  const SessionObject& object = session.object;
  json until = json::object();
  for (const auto& [name, time] : object.assumed_until) {
    until[name] = time_json(time);
  }
  return dump({{"meta", meta_json(object.meta)},
               {"digest", session.digest},
               {"user", object.user.name},
               {"groups", object.user.groups},
               {"uid", object.user.uid},
               {"kubeCluster", object.user.kube_cluster},
               {"expires", time_json(object.expires)},
               {"confined", object.confined},
               {"requests", object.requests},
               {"assumedUntil", until},
               {"parent", object.parent},
               {"byPassword", object.by_password},
               {"basis", object.basis}});
}

std::string encode(const StoredLogin& login) {
  return dump({{"password", login.password},
               {"invite", login.invite},
               {"inviteEnds", time_json(login.invite_ends)},
               {"first", login.first}});
}

Result<RoleObject> decode_role(const StoredObject& stored) {
  return decode<RoleObject>(stored, [&](const json& value) {
    return decode_document<RoleObject>(stored, read_role, value);
  });
}

Result<UserObject> decode_user(const StoredObject& stored) {
  return decode<UserObject>(stored, [&](const json& value) {
    return decode_document<UserObject>(stored, read_user, value);
  });
}

Result<StoredSession> decode_session(const StoredObject& stored) {
  return decode<StoredSession>(stored, [&](const json& value) -> Result<StoredSession> {
    StoredSession session;
    SessionObject& object = session.object;
    object.meta = read_meta(stored, value.at("meta"));
    session.digest = value.at("digest").get<std::string>();
    object.user.name = value.at("user").get<std::string>();
    object.user.groups = value.at("groups").get<std::vector<std::string>>();
    object.user.uid = value.at("uid").get<std::string>();
    // Sessions of before this key were made by those whose names count everywhere.
    object.user.kube_cluster = value.value("kubeCluster", std::string());
    object.expires = read_time(value.at("expires"));
    object.confined = value.at("confined").get<bool>();
    object.requests = value.at("requests").get<std::vector<std::string>>();
    for (const auto& [name, time] : value.at("assumedUntil").items()) {
      object.assumed_until[name] = read_time(time);
    }
    object.parent = value.at("parent").get<std::string>();
    object.by_password = value.at("byPassword").get<bool>();
    object.basis = value.value("basis", std::string());
    // Of before what sessions rest on was kept: nothing would end it with its client CA.
    if (!object.by_password && object.basis.empty()) object.expires = object.meta.created;
    if (session.digest.empty() || object.user.name.empty()) {
      return fail(unreadable(stored, "it is of nobody"));
    }
    return session;
  });
}

Result<StoredLogin> decode_login(const StoredObject& stored) {
  return decode<StoredLogin>(stored, [&](const json& value) -> Result<StoredLogin> {
    StoredLogin login;
    login.password = value.at("password").get<std::string>();
    login.invite = value.at("invite").get<std::string>();
    login.invite_ends = read_time(value.at("inviteEnds"));
    login.first = value.at("first").get<bool>();
    return login;
  });
}

}  // namespace postern::proxy::access
