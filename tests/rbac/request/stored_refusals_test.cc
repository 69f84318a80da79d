#include "rbac/request/agreement.h"
#include "tests/rbac/request/stored_world.h"

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

using namespace postern;
using namespace postern::rbac;
using namespace postern::rbac::request;
using nlohmann::json;

TEST_CASE("nothing is read but what was written") {
  const StoredWorld world;
  const std::string text = to_stored(world.approved()).value();
  for (std::size_t size = 0; size < text.size(); ++size) {
    CHECK(from_stored(std::string_view(text).substr(0, size)).error().code == 500);
  }
  CHECK_HAS(said(from_stored(text + " ")), "not in its canonical form");
  CHECK_HAS(said(from_stored(text + text)), "a stored access request cannot be read: ");
  const json value = json::parse(text);
  CHECK_HAS(said(from_stored(value.dump(1))), "not in its canonical form");

  const auto with = [&](const char* pointer, const json& member) {
    json changed = value;
    changed[json::json_pointer(pointer)] = member;
    return said(from_stored(changed.dump()));
  };
  CHECK_HAS(with("/format", 2), "its format 2 is not known to this version");
  CHECK_HAS(with("/format", "1"), "its format \"1\" is not known");
  CHECK_HAS(with("/format", 1.0), "not in its canonical form");
  CHECK_HAS(with("/more", true), "not in its canonical form");
  CHECK_HAS(with("/reviews/0/more", 1), "not in its canonical form");
  CHECK_HAS(with("/created", 1e300), "not in its canonical form");
  CHECK_HAS(with("/created", "2024-01-01T00:00:00Z"), "requested type");
  CHECK_HAS(with("/created", UINT64_MAX), "not in its canonical form");
  std::string huge = text;
  huge.insert(huge.find(R"("created":1)") + 11, 30, '0');
  CHECK_HAS(said(from_stored(huge)), "not in its canonical form");
  CHECK_HAS(with("/session_ttl", true), "not in its canonical form");
  CHECK_HAS(with("/thresholds/0/approve", 4294967298), "not in its canonical form");
  CHECK_HAS(with("/thresholds/0/approve", -1), "too large or too small");
  CHECK_HAS(with("/thresholds/0/filter", "contains("), "a filter does not compile: column ");
  CHECK_HAS(with("/spec/resources/0", "/mycluster/pod"), "cannot be read: ");
  CHECK_HAS(with("/state", "approved"), "an unknown state");
  CHECK_HAS(with("/reviews/0/vote", "Approve"), "not in its canonical form");
  CHECK_HAS(with("/reviews", json::object()), "requested type");
  CHECK_HAS(with("/effective/format", 2), "stored effective rules cannot be read");
  CHECK_HAS(with("/effective", "text"), "it has no effective rules");
  CHECK_HAS(said(from_stored("{\"format\":1,\"format\":1}")), "cannot be read");
  CHECK_HAS(said(from_stored("[]")), "cannot be read");
  CHECK_HAS(said(from_stored(std::string(1'000'000, '['))), "nested too deeply");
  CHECK_HAS(said(from_stored(R"({"access_expires":1,)" + text.substr(1))),
            "not in its canonical form");
}

TEST_CASE("what does not agree with itself is neither written nor read") {
  const StoredWorld world;
  const AccessRequest approved = world.approved();
  const auto fault = [](AccessRequest request) {
    const auto written = to_stored(request);
    REQUIRE_FALSE(written.has_value());
    CHECK(written.error().code == 500);
    CHECK(check_agreement(request).error().message == written.error().message);
    return written.error().message;
  };
  using Change = void (*)(AccessRequest&);
  const std::vector<std::pair<Change, std::string>> changes = {
      {[](AccessRequest& r) { r.user = "mallory"; }, "not those of its user, roles and resources"},
      {[](AccessRequest& r) { r.uid.clear(); }, "no name, uid or user"},
      {[](AccessRequest& r) { r.spec.resource_ids.clear(); }, "not those of its user"},
      {[](AccessRequest& r) { r.spec.resource_ids.pop_back(); }, "not those of its user"},
      {[](AccessRequest& r) { r.effective.resource_ids.clear(); }, "not those of its user"},
      {[](AccessRequest& r) { r.spec.roles = {"dev"}; }, "not those of its user"},
      {[](AccessRequest& r) { r.spec.roles.clear(); }, "its roles or reviewers are missing"},
      {[](AccessRequest& r) {
         r.spec.roles = {"web", "dev"};
       },
       "not in order"},
      {[](AccessRequest& r) { r.effective.roles[0].allow.resources.clear(); },
       "a review is of other effective rules"},
      {[](AccessRequest& r) { r.effective.clusters["k"] = "another"; },
       "a review is of other effective rules"},
      {[](AccessRequest& r) { r.effective.clusters.clear(); }, "has no UID"},
      {[](AccessRequest& r) { r.reviews[0].author = "alice"; }, "of their own"},
      {[](AccessRequest& r) { r.reviews[0].author = "carol"; }, "somebody reviewed it twice"},
      {[](AccessRequest& r) {
         r.reviews[0].counts_for = {0, 2};
       },
       "that there is not"},
      {[](AccessRequest& r) {
         r.reviews[0].counts_for = {1, 0};
       },
       "that there is not"},
      {[](AccessRequest& r) { r.reviews.pop_back(); }, "do not come to its state"},
      {[](AccessRequest& r) { r.reviews[0].vote = Vote::kDeny; }, "a denial has a start time"},
      {[](AccessRequest& r) { r.reviews[1].vote = Vote::kDeny; }, "do not come to its state"},
      {[](AccessRequest& r) { r.thresholds[0].approve = 3; }, "do not come to its state"},
      {[](AccessRequest& r) { r.threshold_sets.clear(); }, "do not come to its state"},
      {[](AccessRequest& r) { r.thresholds.pop_back(); }, "names one that there is not"},
      {[](AccessRequest& r) { r.threshold_sets[0].thresholds.clear(); }, "names one that there is"},
      {[](AccessRequest& r) { r.threshold_sets[0].roles = {"ops"}; }, "about other roles"},
      {[](AccessRequest& r) { r.state = State::kPending; }, "not that of its times"},
      {[](AccessRequest& r) { r.state = State::kRevoked; }, "not that of its times"},
      {[](AccessRequest& r) { r.expired = kNow; }, "not that of its times"},
      {[](AccessRequest& r) { r.denied = kNow; }, "not that of its times"},
      {[](AccessRequest& r) {
         r.approved.reset();
         r.state = State::kPending;
       },
       "do not come to its state"},
      {[](AccessRequest& r) {
         r.revoked = kNow;
         r.state = State::kRevoked;
       },
       "who revoked it"},
      {[](AccessRequest& r) { r.revoke_reason = "x"; }, "who revoked it"},
      {[](AccessRequest& r) { r.assume_start = kNow; }, "its start is not the one"},
      {[](AccessRequest& r) { r.assume_start.reset(); }, "its start is not the one"},
      {[](AccessRequest& r) { r.access_expires = r.pending_expires - 1ns; }, "not in order"},
      {[](AccessRequest& r) { r.created = r.access_expires + 1s; }, "not in order"},
      {[](AccessRequest& r) { r.created = TimePoint(-1s); }, "not in order"},
      {[](AccessRequest& r) { r.session_ttl = 3h; }, "not in order"},
      {[](AccessRequest& r) { r.session_ttl = seconds::max(); }, "not in order"},
      {[](AccessRequest& r) { r.session_ttl = -1s; }, "not in order"},
      {[](AccessRequest& r) { r.spec.max_duration = 0s; }, "not in order"},
  };
  for (const auto& [change, expected] : changes) {
    AccessRequest request = approved;
    change(request);
    CHECK_HAS(fault(request), expected);
  }
  AccessRequest unreadable = world.filed();
  unreadable.spec.reason = "\xff";
  CHECK_HAS(said(to_stored(unreadable)), "500 an access request cannot be stored: ");
}

TEST_CASE("taking anything away from a stored request never makes an approved one of it") {
  // Each member and each element, one at a time.
  const StoredWorld world;
  const json whole =
      json::parse(to_stored(world.reviewed(world.filed(), "bob", Vote::kApprove)).value());
  const json flat = whole.flatten();
  int refused = 0;
  int read_back = 0;
  for (const auto& [pointer, ignored] : flat.items()) {
    for (json::json_pointer at(pointer); !at.empty(); at = at.parent_pointer()) {
      json changed = whole;
      json& parent = changed[at.parent_pointer()];
      if (parent.is_array()) {
        parent.erase(std::stoul(at.back()));
      } else {
        parent.erase(at.back());
      }
      const auto request = from_stored(changed.dump());
      ++(request ? read_back : refused);
      if (request) {
        CHECK(request->state == State::kPending);
        CHECK(request->spec.resource_ids.size() == 2);
        CHECK(request->effective.roles.size() == 2);
      }
    }
  }
  CHECK(refused > 50);
  CHECK(read_back > 0);  // a reason, a review: what a request may be without
}
