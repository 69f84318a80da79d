#include "world.h"

#include <doctest/doctest.h>

namespace postern::proxy::access::test {
namespace {

using Decision = ReviewDocument::Decision;

/// Whether the metrics show this line.
bool shows(const World& world, const std::string& line) {
  return ("\n" + world.metrics.serialize()).find("\n" + line + "\n") != std::string::npos;
}

TEST_CASE_FIXTURE(StoryWorld,
                  "metrics: made, reviewed and decided requests, and how long it took") {
  const RequestPtr approved = file_request();
  CHECK(shows(*this, "postern_access_requests_created_total 1"));
  pass(90s);
  REQUIRE(review("bob", approved, Decision::kApprove));
  CHECK(shows(*this, R"(postern_access_request_reviews_total{decision="approve"} 1)"));
  CHECK(shows(*this, R"(postern_access_request_resolutions_total{result="approved"} 1)"));
  CHECK(shows(*this, "postern_access_request_wait_seconds_sum 90"));
  CHECK(shows(*this, R"(postern_access_request_wait_seconds_bucket{le="60"} 0)"));
  CHECK(shows(*this, R"(postern_access_request_wait_seconds_bucket{le="120"} 1)"));

  const RequestPtr denied = file_request();
  REQUIRE(review("bob", denied, Decision::kDeny));
  CHECK(shows(*this, R"(postern_access_request_resolutions_total{result="denied"} 1)"));
  REQUIRE(review("bob", approved, Decision::kRevoke));
  CHECK(shows(*this, R"(postern_access_request_reviews_total{decision="revoke"} 1)"));
  CHECK(shows(*this, "postern_access_request_wait_seconds_count 2"));
}

TEST_CASE_FIXTURE(StoryWorld, "metrics: what nobody decides, and what is taken back") {
  const RequestPtr dropped = file_request();
  REQUIRE(state->delete_request(as("alice"), dropped->meta.name, {}, false));
  CHECK(shows(*this, R"(postern_access_request_resolutions_total{result="deleted"} 1)"));
  file_request();
  pass(std::chrono::hours(24 * 8));
  CHECK(shows(*this, R"(postern_access_request_resolutions_total{result="expired"} 1)"));
  CHECK(shows(*this, "postern_access_request_wait_seconds_count 0"));
}

TEST_CASE_FIXTURE(StoryWorld, "metrics: since when the oldest pending request waits") {
  const auto oldest = [this](TimePoint time) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch());
    return shows(*this, "postern_access_request_oldest_pending_timestamp_seconds " +
                            std::to_string(seconds.count()));
  };
  CHECK(oldest(TimePoint{}));
  const TimePoint first = wall;
  const RequestPtr one = file_request();
  pass(60s);
  file_request();
  CHECK(oldest(first));
  REQUIRE(review("bob", one, Decision::kDeny));
  CHECK(oldest(first + 60s));
  start();
  CHECK(oldest(first + 60s));
}

TEST_CASE_FIXTURE(StoryWorld, "metrics: a dry run counts for nothing") {
  RequestDocument document;
  document.spec.resource_ids = {"/mycluster/pod/k/dev/web-*"};
  document.spec.reason = "it is broken";
  REQUIRE(state->create_request(as("alice"), document, true));
  CHECK(shows(*this, "postern_access_requests_created_total 0"));
}

}  // namespace
}  // namespace postern::proxy::access::test
