#include "proxy/access/api/presentation.h"

#include "proxy/access/api/wire_values.h"

#include <doctest/doctest.h>
#include <string>

namespace {

using namespace postern::proxy::access::api;
using postern::kube::Conversion;
using postern::proxy::access::RequestObject;
using postern::proxy::access::TimePoint;
using postern::rbac::request::Expression;
using postern::rbac::request::ExpressionUse;
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

std::string text_of(const RequestObject& request) {
  std::string text;
  make_object(std::make_shared<const RequestObject>(request))->append_document(text);
  return text;
}

/// A request with every member that there is.
RequestObject full_request() {
  RequestObject object = approved_request();
  auto& request = object.request;
  object.meta.annotations = {{"pager", "on"}};
  object.meta.generate_name = "a";
  request.spec.suggested_reviewers = {"bob", "zoe"};
  request.spec.max_duration = std::chrono::hours(4);
  request.spec.request_ttl = std::chrono::hours(1);
  request.spec.session_ttl = std::chrono::minutes(90);
  request.spec.assume_start = request.assume_start = at("2026-11-23T14:00:00Z");
  request.reviews.front().assume_start = request.assume_start;
  request.thresholds.push_back(
      {.name = "two",
       .filter = *Expression::parse("contains(reviewer.roles,\"ra\")", ExpressionUse::kFilter),
       .approve = 2,
       .deny = 1});
  request.denied = request.revoked = request.expired = at("2026-11-23T15:00:00Z");
  request.revoked_by = "root";
  request.revoke_reason = "over";
  return object;
}

TEST_CASE("a request written straight out is the text of its tree") {
  const RequestObject full = full_request();
  RequestObject bare = approved_request();
  bare.meta.labels.clear();
  bare.request.reviews.clear();
  bare.request.spec.resource_ids.clear();
  bare.request.spec.roles.clear();
  bare.request.approved.reset();
  RequestObject odd = full;
  odd.meta.labels = {{"a", "\x01"}};
  odd.request.spec.reason = "\t\"\\ \xc3\xa9 \xff \x7f \"effective\":null";
  RequestObject unreadable = full;
  unreadable.kept_effective = "{";
  for (const RequestObject& each : {full, bare, odd, unreadable}) {
    const std::string text = text_of(each);
    CAPTURE(text);
    const Json tree = Json::parse(text);
    CHECK(json_text(tree) == text);  // as the keys are sorted, and each is there once
    CHECK(present(*make_object(std::make_shared<const RequestObject>(each)), Media{}, {}) == tree);
  }
  CHECK(Json::parse(text_of(odd))["spec"]["reason"] ==
        "\t\"\\ \xc3\xa9 \xef\xbf\xbd \x7f \"effective\":null");
  CHECK(Json::parse(text_of(unreadable))["status"]["effective"].is_null());
  CHECK_FALSE(Json::parse(text_of(bare))["status"].contains("conditions"));
}

TEST_CASE("every member of a request is shown") {
  const Json json = Json::parse(text_of(full_request()));
  CHECK(json["metadata"]["generateName"] == "a");
  CHECK(json["spec"]["maxDuration"] == "4h");
  CHECK(json["spec"]["requestTTL"] == "1h");
  CHECK(json["spec"]["sessionTTL"] == "1h30m");
  CHECK(json["spec"]["assumeStartTime"] == "2026-11-23T14:00:00Z");
  CHECK(json["spec"]["suggestedReviewers"] == Json({"bob", "zoe"}));
  const Json& status = json["status"];
  CHECK(status["assumeStartTime"] == "2026-11-23T14:00:00Z");
  CHECK(status["reviews"][0]["assumeStartTime"] == "2026-11-23T14:00:00Z");
  CHECK(status["thresholds"] == Json{{{"approve", 2},
                                      {"deny", 1},
                                      {"filter", "contains(reviewer.roles,\"ra\")"},
                                      {"name", "two"}}});
  CHECK(status["revokedBy"] == "root");
  CHECK(status["revokeReason"] == "over");
  std::string types;
  for (const Json& condition : status["conditions"]) {
    types += condition["type"].get<std::string>() + " ";
  }
  CHECK(types == "Approved Denied Revoked Expired Resolved ");
  CHECK(status["conditions"][4]["lastTransitionTime"] == "2026-11-23T12:05:00Z");
}

TEST_CASE("what a document has, its schema has") {
  const Json json = Json::parse(text_of(full_request()));
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

TEST_CASE("one object is encoded as it is presented") {
  Media metadata;
  metadata.conversion = Conversion::kPartialObjectMetadata;
  Media yaml;
  yaml.yaml = true;
  const TimePoint now = at("2026-11-23T12:30:00Z");
  for (const Media& media : {Media{}, metadata, yaml, table(), table(Media::Include::kObject)}) {
    CHECK(encoded(*object(), media, now) == encoded(present(*object(), media, now), media));
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
  CHECK(plain.event("MODIFIED", *object(), 7, now) ==
        json_text({{"type", "MODIFIED"}, {"object", present(*object(), Media{}, now)}}) + "\n");
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
