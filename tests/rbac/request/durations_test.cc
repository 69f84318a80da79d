#include "tests/rbac/request/fixture.h"

using namespace postern;
using namespace postern::rbac;
using namespace postern::rbac::request;

namespace {

const std::string kRoles =
    role("plain", "") + role("six", "options: {max_session_ttl: 6h}") +
    role("minutes", "options: {max_session_ttl: 13m}") +
    role("any", "allow: {request: {roles: [plain, six, minutes]}}") +
    role("three", "allow: {request: {roles: [plain], max_duration: 3d}}") +
    role("one", "allow: {request: {roles: [six], max_duration: 1d}}") +
    role("seven", "allow: {request: {roles: [plain, six], max_duration: 7d}}") +
    role("five", "allow: {request: {roles: [plain], max_duration: 5d}}") +
    role("month", "allow: {request: {roles: [plain], max_duration: 30d}}");

struct Asked {
  std::optional<seconds> max_duration;
  std::optional<seconds> request_ttl;
  std::optional<seconds> session_ttl;
};

struct Row {
  const char* what;
  std::vector<std::string> held;
  std::string requested;
  seconds certificate;
  Asked asked;
  bool dry_run;
  seconds access, session, pending;  ///< access 0: refused
};

std::string error_field(const Result<AccessRequest>& request) {
  return request || request.error().causes.empty() ? "" : request.error().causes[0].field;
}

}  // namespace

TEST_CASE("durations: access, session and pending") {
  const Directory directory = directory_of(kRoles);
  const seconds h = 1h;
  const seconds d = kDay;
  for (
      const Row& row : std::vector<Row>{
          {"capped by the role",
           {"three"},
           "plain",
           8 * h,
           {7 * d, {}, {}},
           false,
           3 * d,
           8 * h,
           3 * d},
          {"dry run", {"three"}, "plain", 8 * h, {10 * d, {}, {}}, true, 3 * d, 8 * h, 3 * d},
          {"dry run, not asked", {"three"}, "plain", 8 * h, {}, true, 3 * d, 8 * h, 3 * d},
          {"not asked", {"three"}, "plain", 8 * h, {}, false, 8 * h, 8 * h, 8 * h},
          {"no maximum, less",
           {"any"},
           "plain",
           8 * h,
           {5 * h, {}, {}},
           false,
           5 * h,
           5 * h,
           5 * h},
          {"no maximum, more",
           {"any"},
           "plain",
           8 * h,
           {10 * h, {}, {}},
           false,
           8 * h,
           8 * h,
           8 * h},
          {"session of the role",
           {"any"},
           "six",
           8 * h,
           {1 * d, {}, {}},
           false,
           6 * h,
           6 * h,
           6 * h},
          {"shorter than that", {"any"}, "six", 8 * h, {5 * h, {}, {}}, false, 5 * h, 5 * h, 5 * h},
          {"long access, short session",
           {"seven"},
           "six",
           8 * h,
           {1 * d, {}, {}},
           false,
           1 * d,
           6 * h,
           1 * d},
          {"short all over", {"seven"}, "six", 8 * h, {2 * h, {}, {}}, false, 2 * h, 2 * h, 2 * h},
          {"only roles that list it",
           {"three", "one"},
           "plain",
           8 * h,
           {7 * d, {}, {}},
           false,
           3 * d,
           8 * h,
           3 * d},
          {"only roles that list it, the other",
           {"three", "one"},
           "six",
           8 * h,
           {7 * d, {}, {}},
           false,
           1 * d,
           6 * h,
           1 * d},
          {"the largest of the roles that list it",
           {"three", "five"},
           "plain",
           8 * h,
           {7 * d, {}, {}},
           false,
           5 * d,
           8 * h,
           5 * d},
          {"asked pending",
           {"five"},
           "plain",
           8 * h,
           {4 * d, 2 * d, {}},
           false,
           4 * d,
           8 * h,
           2 * d},
          {"pending at most seven days",
           {"month"},
           "plain",
           8 * h,
           {10 * d, {}, {}},
           false,
           10 * d,
           8 * h,
           7 * d},
          {"pending, all of it",
           {"month"},
           "plain",
           8 * h,
           {10 * d, 7 * d, {}},
           false,
           10 * d,
           8 * h,
           7 * d},
          {"pending beyond seven days",
           {"month"},
           "plain",
           8 * h,
           {10 * d, 8 * d, {}},
           false,
           0s,
           0s,
           0s},
          {"pending of the access",
           {"five"},
           "plain",
           8 * h,
           {4 * d, 4 * d, {}},
           false,
           4 * d,
           8 * h,
           4 * d},
          {"pending less than the access",
           {"five"},
           "plain",
           8 * h,
           {4 * d, 3 * d, {}},
           false,
           4 * d,
           8 * h,
           3 * d},
          {"pending beyond the access",
           {"five"},
           "plain",
           8 * h,
           {4 * d, 5 * d, {}},
           false,
           0s,
           0s,
           0s},
          {"pending in the past", {"five"}, "plain", 8 * h, {4 * d, -1h, {}}, false, 0s, 0s, 0s},
          {"session asked", {"any"}, "minutes", 8 * h, {{}, {}, 13min}, false, 13min, 13min, 13min},
          {"session above the role", {"any"}, "minutes", 8 * h, {{}, {}, 14min}, false, 0s, 0s, 0s},
          {"session above the certificate",
           {"any"},
           "plain",
           13min,
           {{}, {}, 14min},
           false,
           0s,
           0s,
           0s},
          {"session above the limit",
           {"any"},
           "plain",
           1000 * h,
           {{}, {}, 31 * h},
           false,
           0s,
           0s,
           0s},
          {"session of thirty hours",
           {"any"},
           "plain",
           1000 * h,
           {{}, {}, 30 * h},
           false,
           30 * h,
           30 * h,
           30 * h},
          {"fourteen days at most",
           {"month"},
           "plain",
           8 * h,
           {14 * d, {}, {}},
           false,
           14 * d,
           8 * h,
           7 * d},
          {"more than fourteen days",
           {"month"},
           "plain",
           8 * h,
           {14 * d + 1s, {}, {}},
           false,
           0s,
           0s,
           0s},
          {"nothing", {"month"}, "plain", 8 * h, {0s, {}, {}}, false, 0s, 0s, 0s},
          {"less than nothing",
           {"month"},
           "plain",
           8 * h,
           {seconds::min(), {}, {}},
           false,
           0s,
           0s,
           0s},
          {"for ever", {"month"}, "plain", 8 * h, {seconds::max(), {}, {}}, false, 0s, 0s, 0s},
      }) {
    INFO(row.what);
    NewRequest asked;
    asked.roles = {row.requested};
    asked.times = {row.asked.max_duration, row.asked.request_ttl, row.asked.session_ttl, {}};
    const auto request = create_as(directory, person_of(directory, "alice", row.held), asked, {},
                                   kNow + row.certificate, row.dry_run);
    REQUIRE_MESSAGE(request.has_value() == (row.access > 0s), said(request));
    if (request) {
      CHECK(request->access_expires == kNow + row.access);
      CHECK(request->session_ttl == row.session);
      CHECK(request->pending_expires == kNow + row.pending);
      CHECK(request->expires() == request->pending_expires);
    } else {
      CHECK(request.error().code == 422);
      const char* field = row.asked.session_ttl   ? "spec.sessionTTL"
                          : row.asked.request_ttl ? "spec.requestTTL"
                                                  : "spec.maxDuration";
      CHECK(error_field(request) == field);
    }
  }
}

TEST_CASE("durations: several requested roles take the smallest") {
  const Directory directory = directory_of(kRoles);
  NewRequest asked;
  asked.roles = {"plain", "six"};
  asked.times.max_duration = 7 * kDay;
  const auto both =
      create_as(directory, person_of(directory, "alice", {"three", "one"}), asked, {}, kNow + 8h);
  REQUIRE(both.has_value());
  CHECK(both->access_expires == kNow + kDay);
  CHECK(both->session_ttl == 6h);
  // A role for which nobody has a maximum keeps to the session.
  const auto one =
      create_as(directory, person_of(directory, "alice", {"three", "any"}), asked, {}, kNow + 8h);
  REQUIRE(one.has_value());
  CHECK(one->access_expires == kNow + 6h);
}

TEST_CASE("durations: the start of the access") {
  const Directory directory = directory_of(kRoles);
  const Person alice = person_of(directory, "alice", {"month"});
  struct Row {
    TimePoint start;
    bool ok;
  };
  for (const Row& row : std::vector<Row>{{kNow, true},
                                         {kNow - 1s, false},
                                         {kNow + 1h, true},
                                         {kNow + 7 * kDay, true},
                                         {kNow + 7 * kDay + 1s, false},
                                         {TimePoint::max(), false},
                                         {TimePoint::min(), false}}) {
    NewRequest asked;
    asked.roles = {"plain"};
    asked.times.max_duration = 10 * kDay;
    asked.times.assume_start = row.start;
    const auto request = create_as(directory, alice, asked);
    CHECK_MESSAGE(request.has_value() == row.ok, said(request));
    if (request) {
      CHECK(request->assume_start == row.start);
    } else {
      CHECK(error_field(request) == "spec.assumeStartTime");
    }
  }
  NewRequest asked;
  asked.roles = {"plain"};
  asked.times.max_duration = 2h;
  asked.times.assume_start = kNow + 2h;
  CHECK_HAS(said(create_as(directory, alice, asked)), "would end before it starts");
}

TEST_CASE("durations: as text") {
  CHECK(duration_text(0s) == "0s");
  CHECK(duration_text(90s) == "1m30s");
  CHECK(duration_text(30h) == "30h");
  CHECK(duration_text(3661s) == "1h1m1s");
  CHECK(duration_text(seconds::min()) == "a negative time");
}
