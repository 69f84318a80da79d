#include "proxy/access/state/stored_forms.h"
#include "proxy/access/state/stored_meta.h"
#include "rbac/request/stored_request.h"

#include <simdjson.h>
#include <utility>

// The stored form of requests. Of these there may be a hundred thousand at a start, most of them
// over: so they are read by a faster parser than the others, and no more of them than is needed.
namespace postern::proxy::access {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

std::map<std::string, std::string> read_map(const object& from) {
  std::map<std::string, std::string> map;
  for (const auto [key, value] : from) {
    map.emplace(key, std::string_view(value));
  }
  return map;
}

ObjectMeta read_meta(const StoredObject& stored, const object& value) {
  ObjectMeta meta;
  meta.name = stored.name;
  meta.version = stored.version;
  meta.uid = std::string_view(value["uid"]);
  meta.created = TimePoint(std::chrono::duration_cast<TimePoint::duration>(
      std::chrono::microseconds(std::int64_t(value["created"]))));
  meta.labels = read_map(value["labels"]);
  meta.annotations = read_map(value["annotations"]);
  meta.generate_name = std::string_view(value["generateName"]);
  return meta;
}

kube::Status unreadable(const StoredObject& stored, const std::string& why) {
  return kube::Status::internal("the stored " + stored.kind + " \"" + stored.name +
                                "\" cannot be read: " + why);
}

/// The request itself, as far as its state wants it to be read.
Result<void> read_request(std::string_view text, RequestObject& object) {
  auto ended = rbac::request::ended_from_stored(text);
  if (!ended) return fail(std::move(ended.error()));
  if (*ended) {
    object.request = std::move((*ended)->request);
    object.kept_effective = std::move((*ended)->effective);
    return {};
  }
  auto request = rbac::request::from_stored(text);
  if (!request) return fail(std::move(request.error()));
  object.request = std::move(*request);
  return {};
}

}  // namespace

std::string RequestObject::effective_json() const {
  return kept_effective.empty() ? request.effective.to_json() : kept_effective;
}

std::string RequestObject::effective_digest() const {
  return rbac::request::EffectiveRules::digest_of(effective_json());
}

Result<rbac::request::EffectiveRules> RequestObject::effective_rules() const {
  if (kept_effective.empty()) return request.effective;
  return rbac::request::EffectiveRules::from_json_to_show(kept_effective);
}

Result<std::string> encode(const RequestObject& request) {
  auto text = rbac::request::to_stored(request.request);
  if (!text) {
    return fail(std::move(text.error()));
  }
  const nlohmann::json stored = {{"meta", meta_json(request.meta)}, {"request", std::move(*text)}};
  return stored.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Result<RequestObject> decode_request(const StoredObject& stored) {
  thread_local simdjson::dom::parser parser;
  // Its only way to say that a member is missing or of another type is an exception.
  try {
    const object value = parser.parse(stored.data);
    RequestObject object;
    object.meta = read_meta(stored, value["meta"]);
    if (auto read = read_request(std::string_view(value["request"]), object); !read) {
      return fail(unreadable(stored, read.error().message));
    }
    if (object.request.name != object.meta.name || object.request.uid != object.meta.uid) {
      return fail(unreadable(stored, "it is about another one"));
    }
    object.request.resource_version = std::to_string(stored.version);
    return object;
  } catch (const simdjson::simdjson_error& error) {
    return fail(unreadable(stored, error.what()));
  }
}

}  // namespace postern::proxy::access
