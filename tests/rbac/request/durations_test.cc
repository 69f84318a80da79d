#include "tests/rbac/request/fixture.h"

#include <map>
#include <sstream>

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
    role("hour", "allow: {request: {roles: [plain], max_duration: 1h}}") +
    role("month", "allow: {request: {roles: [plain], max_duration: 30d}}");

std::string error_field(const Result<AccessRequest>& request) {
  return request || request.error().causes.empty() ? "" : request.error().causes[0].field;
}

/// "8h", "13m", "30h", "2d", "-1h", "1s".
seconds duration(const std::string& text) {
  const std::map<char, seconds> units = {{'s', 1s}, {'m', 60s}, {'h', 3600s}, {'d', kDay}};
  return std::stoi(text) * units.at(text.back());
}

/// "max 4d, pending 2d, session 8h, dry" as what is asked for.
struct Asked {
  explicit Asked(const std::string& text) {
    std::istringstream words(text);
    for (std::string what, value; words >> what;) {
      if (what == "dry") {
        dry_run = true;
        continue;
      }
      words >> value;
      const std::map<std::string, std::optional<seconds>*> fields = {
          {"max", &times.max_duration},
          {"pending", &times.request_ttl},
          {"session", &times.session_ttl}};
      *fields.at(what) = duration(value);
    }
  }
  AskedTimes times;
  bool dry_run = false;
};

struct Row {
  std::vector<std::string> held;
  std::string requested;
  std::string certificate;  ///< how long the requester's session still lives
  std::string asked;
  std::string want;  ///< how long access, session and wait last; or the field that is refused
};

/// "3d 8h 3d" in hours, minutes or days as `want` writes it.
std::string lengths(const AccessRequest& request, const std::string& want) {
  std::istringstream words(want);
  std::string text;
  for (const seconds length :
       {std::chrono::floor<seconds>(request.access_expires - kNow), request.session_ttl,
        std::chrono::floor<seconds>(request.pending_expires - kNow)}) {
    std::string word;
    words >> word;
    text += (text.empty() ? "" : " ") + (duration(word) == length ? word : duration_text(length));
  }
  return text;
}

void check(const std::vector<Row>& rows) {
  const Directory directory = directory_of(kRoles);
  for (const Row& row : rows) {
    INFO(row.held.front() << " for " << row.requested << ": " << row.asked);
    const Asked terms(row.asked);
    NewRequest asked;
    asked.roles = {row.requested};
    asked.times = terms.times;
    const auto request = create_as(directory, person_of(directory, "alice", row.held), asked, {},
                                   kNow + duration(row.certificate), terms.dry_run);
    if (row.want.starts_with("spec.")) {
      REQUIRE(!request.has_value());
      CHECK(request.error().code == 422);
      CHECK(error_field(request) == row.want);
      continue;
    }
    REQUIRE_MESSAGE(request.has_value(), said(request));
    CHECK(lengths(*request, row.want) == row.want);
    CHECK(request->expires() == request->pending_expires);
  }
}

}  // namespace

TEST_CASE("behaviour 3.12 max duration: access, session and wait") {
  check({
      {{"three"}, "plain", "8h", "max 7d", "3d 8h 3d"},
      {{"three"}, "plain", "8h", "max 10d dry", "3d 8h 3d"},
      {{"three"}, "plain", "8h", "dry", "3d 8h 3d"},
      {{"three"}, "plain", "8h", "", "8h 8h 8h"},
      // Whether a duration is asked for or not, a maximum holds.
      {{"hour"}, "plain", "8h", "", "1h 1h 1h"},
      {{"hour"}, "plain", "8h", "dry", "1h 1h 1h"},
      {{"hour"}, "plain", "8h", "max 2h", "1h 1h 1h"},
      {{"hour", "three"}, "plain", "8h", "", "8h 8h 8h"},
      {{"hour"}, "plain", "30m", "", "30m 30m 30m"},
      {{"any"}, "plain", "8h", "max 5h", "5h 5h 5h"},
      {{"any"}, "plain", "8h", "max 10h", "8h 8h 8h"},
      {{"any"}, "six", "8h", "max 1d", "6h 6h 6h"},
      {{"any"}, "six", "8h", "max 5h", "5h 5h 5h"},
      {{"seven"}, "six", "8h", "max 1d", "1d 6h 1d"},
      {{"seven"}, "six", "8h", "max 2h", "2h 2h 2h"},
      // Only roles that list the requested role count; of these the largest.
      {{"three", "one"}, "plain", "8h", "max 7d", "3d 8h 3d"},
      {{"three", "one"}, "six", "8h", "max 7d", "1d 6h 1d"},
      {{"three", "five"}, "plain", "8h", "max 7d", "5d 8h 5d"},
      {{"five"}, "plain", "8h", "max 4d pending 2d", "4d 8h 2d"},
      // Two weeks are the longest of all, and nothing is no duration.
      {{"month"}, "plain", "8h", "max 14d", "14d 8h 7d"},
      {{"month"}, "plain", "8h", "max 1209601s", "spec.maxDuration"},
      {{"month"}, "plain", "8h", "max 0s", "spec.maxDuration"},
      {{"month"}, "plain", "8h", "max -1h", "spec.maxDuration"},
  });
}

TEST_CASE("behaviour 3.12 pending TTL: within the access and seven days") {
  check({
      {{"five"}, "plain", "8h", "max 4d pending 3d", "4d 8h 3d"},
      {{"five"}, "plain", "8h", "max 4d pending 4d", "4d 8h 4d"},
      {{"month"}, "plain", "8h", "max 10d pending 7d", "10d 8h 7d"},
      {{"month"}, "plain", "8h", "max 10d", "10d 8h 7d"},
      {{"five"}, "plain", "8h", "max 4d", "4d 8h 4d"},
      {{"five"}, "plain", "8h", "max 4d pending 5d", "spec.requestTTL"},
      {{"month"}, "plain", "8h", "max 10d pending 8d", "spec.requestTTL"},
      {{"month"}, "plain", "8h", "max 10d pending 604801s", "spec.requestTTL"},
      {{"five"}, "plain", "8h", "max 4d pending -1h", "spec.requestTTL"},
      {{"five"}, "plain", "8h", "max 4d pending 0s", "spec.requestTTL"},
  });
}

TEST_CASE("behaviour 3.12 session TTL: never more than the certificate, the role or thirty hours") {
  check({
      {{"any"}, "minutes", "8h", "session 13m", "13m 13m 13m"},
      {{"any"}, "plain", "13m", "session 13m", "13m 13m 13m"},
      {{"any"}, "minutes", "13m", "session 14m", "spec.sessionTTL"},
      {{"any"}, "minutes", "8h", "session 14m", "spec.sessionTTL"},
      {{"any"}, "plain", "13m", "session 14m", "spec.sessionTTL"},
      {{"any"}, "plain", "1000h", "session 30h", "30h 30h 30h"},
      {{"any"}, "plain", "1000h", "session 31h", "spec.sessionTTL"},
      {{"any"}, "plain", "8h", "session 0s", "spec.sessionTTL"},
      {{"seven"}, "plain", "8h", "max 1d session 1h", "1d 1h 1d"},
  });
}

TEST_CASE("durations: no number of seconds is too large or too small to be refused") {
  const Directory directory = directory_of(kRoles);
  for (const seconds length : {seconds::min(), seconds::max()}) {
    NewRequest asked;
    asked.roles = {"plain"};
    asked.times.max_duration = length;
    const auto request = create_as(directory, person_of(directory, "alice", {"month"}), asked);
    CHECK(error_field(request) == "spec.maxDuration");
  }
}

TEST_CASE("behaviour 2.2 max duration: of several requested roles the smallest") {
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

TEST_CASE("behaviour 2.2 assume-start: within seven days, before the end") {
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
