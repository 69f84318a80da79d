#include "proxy/access/api/presentation.h"

#include "proxy/access/api/wire_values.h"

#include <doctest/doctest.h>
#include <string>

namespace {

using namespace postern::proxy::access::api;
using postern::kube::Conversion;
using postern::proxy::access::RequestObject;
using postern::proxy::access::TimePoint;
using postern::rbac::request::State;

TimePoint at(const char* time) {
  const auto parsed = parse_time(time);
  REQUIRE(parsed);
  return *parsed;
}

RequestObject approved_request() {
  RequestObject object;
  object.meta = {.name = "abc",
                 .uid = "u1",
                 .version = 7,
                 .created = at("2026-11-23T12:00:00Z"),
                 .labels = {{"team", "web"}},
                 .annotations = {},
                 .generate_name = ""};
  auto& request = object.request;
  request.name = "abc";
  request.user = "alice";
  request.spec.roles = {"dev"};
  request.spec.resource_ids.push_back(*postern::rbac::ResourceId::parse("/c/pod/k/dev/nginx-1"));
  request.spec.reason = "fire";
  request.state = State::kApproved;
  request.created = object.meta.created;
  request.approved = at("2026-11-23T12:05:00Z");
  request.access_expires = at("2026-11-23T16:00:00Z");
  request.pending_expires = at("2026-11-23T13:00:00Z");
  request.session_ttl = std::chrono::hours(1);
  request.reviews.push_back({.author = "bob",
                             .vote = postern::rbac::request::Vote::kApprove,
                             .reason = "ok",
                             .created = *request.approved,
                             .assume_start = {},
                             .effective_digest = "",
                             .counts_for = {}});
  return object;
}

ObjectPtr object() {
  return make_object(std::make_shared<const RequestObject>(approved_request()));
}

Media table(Media::Include include = Media::Include::kMetadata) {
  Media media;
  media.conversion = Conversion::kTable;
  media.include = include;
  return media;
}

TEST_CASE("a request as a document") {
  const Json json = present(*object(), Media{}, at("2026-11-23T12:10:00Z"));
  CHECK(json["apiVersion"] == "access.postern.dev/v1alpha1");
  CHECK(json["kind"] == "AccessRequest");
  CHECK(json["metadata"]["resourceVersion"] == "7");
  CHECK(json["spec"]["resources"] == Json({"/c/pod/k/dev/nginx-1"}));
  CHECK(json["status"]["state"] == "APPROVED");
  REQUIRE(json["status"]["conditions"].size() == 2);
  CHECK(json["status"]["conditions"][0]["type"] == "Approved");
  CHECK(json["status"]["conditions"][0]["message"] == "by bob");
  CHECK(json["status"]["conditions"][1]["type"] == "Resolved");
  CHECK(json["status"]["reviews"][0]["decision"] == "Approve");
  CHECK(json["status"]["effectiveDigest"].get<std::string>().starts_with("sha256:"));
  CHECK(json["status"]["effective"].is_object());
}

TEST_CASE("what a document has, its schema has") {
  const Json json = present(*object(), Media{}, at("2026-11-23T12:10:00Z"));
  for (const char* part : {"spec", "status"}) {
    const SchemaField* field = access_requests().schema.field(part);
    REQUIRE(field != nullptr);
    for (const auto& [key, value] : json[part].items()) {
      CAPTURE(key);
      CHECK(field->schema.field(key) != nullptr);
    }
  }
}

TEST_CASE("a list written object by object is the list written at once") {
  Media metadata;
  metadata.conversion = Conversion::kPartialObjectMetadataList;
  Media yaml;
  yaml.yaml = true;
  const TimePoint now = at("2026-11-23T12:30:00Z");
  for (const Media& media : {Media{}, metadata, yaml, table(), table(Media::Include::kNone),
                             table(Media::Include::kObject)}) {
    for (std::size_t count = 0; count < 4; ++count) {
      RequestObject odd = approved_request();
      odd.request.spec.reason = R"("items":[] "rows":[])";
      const auto made = make_object(std::make_shared<const RequestObject>(odd));
      const ObjectList list{&access_requests(), std::vector(count, made), 9, "next"};
      CHECK(encoded(list, media, now) == encoded(present(list, media, now), media));
    }
  }
}

TEST_CASE("a list as a table") {
  const ObjectList list{&access_requests(), {object()}, 9, "next"};
  const Json json = present(list, table(), at("2026-11-23T12:30:00Z"));
  CHECK(json["kind"] == "Table");
  CHECK(json["metadata"] == Json({{"resourceVersion", "9"}, {"continue", "next"}}));
  CHECK(json["columnDefinitions"].size() == json["rows"][0]["cells"].size());
  CHECK(json["rows"][0]["cells"] == Json({"abc", "alice", "dev", "/c/pod/k/dev/nginx-1", "APPROVED",
                                          "3h30m", "30m", "fire", "bob"}));
  CHECK(json["rows"][0]["object"]["kind"] == "PartialObjectMetadata");
  const auto now = at("2026-11-23T12:30:00Z");
  CHECK(present(list, table(Media::Include::kNone), now)["rows"][0]["object"].is_null());
  CHECK(present(list, table(Media::Include::kObject), now)["rows"][0]["object"]["kind"] ==
        "AccessRequest");
}

TEST_CASE("a list as documents, metadata and YAML") {
  const ObjectList list{&access_requests(), {object()}, 9, ""};
  const auto now = at("2026-11-23T12:30:00Z");
  CHECK(present(list, Media{}, now)["kind"] == "AccessRequestList");
  Media metadata;
  metadata.conversion = Conversion::kPartialObjectMetadataList;
  const Json json = present(list, metadata, now);
  CHECK(json["kind"] == "PartialObjectMetadataList");
  CHECK_FALSE(json["items"][0].contains("spec"));
  Media yaml;
  yaml.yaml = true;
  CHECK(encoded(present(list, yaml, now), yaml).starts_with("apiVersion: "));
  const Json empty = present(ObjectList{&access_requests(), {}, 9, ""}, Media{}, now);
  CHECK(empty["items"] == Json::array());
}

TEST_CASE("the events of a watch") {
  const auto now = at("2026-11-23T12:30:00Z");
  WatchWriter plain(access_requests(), Media{});
  const Json event = Json::parse(plain.event("DELETED", *object(), 12, now));
  CHECK(event["type"] == "DELETED");
  CHECK(event["object"]["metadata"]["resourceVersion"] == "12");
  const Json bookmark = Json::parse(plain.bookmark(13, true));
  CHECK(bookmark["object"]["metadata"]["annotations"]["k8s.io/initial-events-end"] == "true");
  CHECK(bookmark["object"]["kind"] == "AccessRequest");

  WatchWriter tables(access_requests(), table(Media::Include::kNone));
  CHECK(Json::parse(tables.event("ADDED", *object(), 7, now))["object"]["columnDefinitions"]
            .is_array());
  const Json second = Json::parse(tables.event("MODIFIED", *object(), 8, now));
  CHECK(second["object"]["columnDefinitions"].is_null());
  CHECK(second["object"]["rows"].size() == 1);
  CHECK(Json::parse(WatchWriter::error(postern::kube::Status::gone("old")))["object"]["code"] ==
        410);
}

}  // namespace
