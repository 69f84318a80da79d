#include "rbac/request/review.h"
#include "tests/rbac/request/fixture.h"

#include <algorithm>

using namespace postern;
using namespace postern::rbac;
using namespace postern::rbac::request;

namespace {

std::string requester_role(std::string_view name, std::string_view roles, std::string_view how,
                           std::string_view thresholds) {
  return role(name, "allow: {request: {roles: [" + std::string(roles) + "], annotations: {how: [" +
                        std::string(how) + "]}, thresholds: [" + std::string(thresholds) + "]}}");
}

std::string reviewer_role(std::string_view name, std::string_view how) {
  return role(name,
              "allow: {review_requests: {roles: [dictator, never], where: "
              "'contains(request.system_annotations[\"how\"], \"" +
                  std::string(how) + "\")'}}");
}

const std::string kRoles =
    role("dictator", "") + role("never", "") +
    requester_role("populist", "dictator", "uprising, consensus",
                   "{name: overwhelming, approve: 3, deny: 0}, {name: uprising, filter: "
                   "'contains(reviewer.roles,\"proletariat\")', approve: 2, deny: 2}") +
    requester_role("general", "dictator", "coup, consensus",
                   "{name: overwhelming, approve: 3, deny: 0}, {name: coup, filter: "
                   "'contains(reviewer.roles,\"military\")', approve: 2, deny: 2}") +
    role("conqueror", "allow: {request: {roles: [dictator], annotations: {how: [coup]}}}") +
    requester_role("idealist", "never", "consensus", "{approve: 0, deny: 1}") +
    requester_role("worded", "dictator", "coup",
                   "{filter: 'regexp.match(review.reason, \"^Ticket [0-9]+.*$\")', approve: 1, "
                   "deny: 1}") +
    reviewer_role("proletariat", "uprising") + reviewer_role("intelligentsia", "consensus") +
    reviewer_role("military", "coup");

/// "M": the first reviewer who holds military; "MP2": the second with both; and so on.
Person reviewer(const Directory& directory, const std::string& name) {
  std::vector<std::string> roles;
  for (const char c : name) {
    if (c == 'P') roles.push_back("proletariat");
    if (c == 'I') roles.push_back("intelligentsia");
    if (c == 'M') roles.push_back("military");
  }
  return person_of(directory, name, roles);
}

/// "PENDING", "APPROVED by uprising, coup", "DENIED by unnamed": the state, and the thresholds that
/// have as many votes for it as they want.
std::string standing(const AccessRequest& request) {
  std::string text(state_name(request.state));
  if (request.state == State::kPending) {
    return text;
  }
  const Vote vote = request.state == State::kApproved ? Vote::kApprove : Vote::kDeny;
  text += " by";
  for (std::size_t i = 0; i < request.thresholds.size(); ++i) {
    const Threshold& threshold = request.thresholds[i];
    const std::uint32_t wanted = vote == Vote::kApprove ? threshold.approve : threshold.deny;
    const auto votes =
        std::count_if(request.reviews.begin(), request.reviews.end(), [&](const Review& review) {
          return review.vote == vote &&
                 std::count(review.counts_for.begin(), review.counts_for.end(), i) == 1;
        });
    if (wanted > 0 && votes >= wanted) {
      text += (text.ends_with("by") ? " " : ", ") +
              (threshold.name.empty() ? std::string("unnamed") : threshold.name);
    }
  }
  return text;
}

const char* const kOwn = "403 nobody reviews a request of their own";
const char* const kWhere = "403 only where contains(";
const char* const kTwice = "403 you have reviewed it already";
const char* const kIsApproved = "403 it has already been approved";
const char* const kIsDenied = "403 it has already been denied";

/// One review, "WHO+" or "WHO-", and what becomes of the request: its standing, or "403 " and a
/// part of the refusal.
struct Step {
  std::string review;
  std::string want;
};

struct Story {
  const char* what;
  std::vector<std::string> held;  ///< by the requester
  std::vector<std::string> asked;
  std::vector<Step> steps;
};

AccessRequest take(const AccessRequest& request, const Person& who, const Step& step) {
  const Vote vote = step.review.back() == '+' ? Vote::kApprove : Vote::kDeny;
  const auto next = apply(request, review_of(request, who, vote), kNow + 1min, {});
  if (!step.want.starts_with("403 ")) {
    REQUIRE_MESSAGE(next.has_value(), said(next));
    CHECK(standing(*next) == step.want);
    return *next;
  }
  REQUIRE(!next.has_value());
  CHECK(next.error().code == 403);
  CHECK_HAS(next.error().message, step.want.substr(4));
  return request;
}

void check(const Story& story) {
  const Directory directory = directory_of(kRoles);
  const Person requester = person_of(directory, "self", story.held);
  NewRequest asked;
  asked.roles = story.asked;
  const auto created = create_as(directory, requester, asked);
  REQUIRE_MESSAGE(created.has_value(), said(created));
  AccessRequest request = *created;
  for (const Step& step : story.steps) {
    INFO(story.what << ", at " << step.review);
    const std::string name = step.review.substr(0, step.review.size() - 1);
    request = take(request, name == "self" ? requester : reviewer(directory, name), step);
  }
}

}  // namespace

// Reviewers are called by what they hold: PIM2 is the second with proletariat, intelligentsia and
// military. Every step is a row, so that also what does not decide is seen.
TEST_CASE("behaviour 3.12 thresholds: who decides, in which order") {
  for (const Story& story : std::vector<Story>{
           {"not oneself, not the military; two approvals beside a denial",
            {"populist"},
            {"dictator"},
            {{"self+", kOwn},
             {"M1+", kWhere},
             {"PIM1+", "PENDING"},
             {"PIM2-", "PENDING"},
             {"PIM3+", "APPROVED by uprising"},
             {"PIM4-", kIsApproved}}},
           {"two denials of those who count",
            {"general"},
            {"dictator"},
            {{"M1-", "PENDING"}, {"M2-", "DENIED by coup"}, {"M3+", kIsDenied}}},
           {"three approvals of anybody, past denials that are too few",
            {"populist"},
            {"dictator"},
            {{"I1+", "PENDING"},
             {"P1+", "PENDING"},
             {"P2-", "PENDING"},
             {"I2-", "PENDING"},
             {"I3+", "APPROVED by overwhelming"}}},
           {"denials of others do not count for the coup",
            {"general"},
            {"dictator"},
            {{"I1+", "PENDING"},
             {"M1+", "PENDING"},
             {"M2-", "PENDING"},
             {"I2-", "PENDING"},
             {"M3-", "DENIED by coup"}}},
           {"without thresholds one word decides: yes",
            {"conqueror"},
            {"dictator"},
            {{"M1+", "APPROVED by unnamed"}, {"M2-", kIsApproved}}},
           {"without thresholds one word decides: no",
            {"conqueror"},
            {"dictator"},
            {{"M1-", "DENIED by unnamed"}, {"M2+", kIsDenied}}},
           {"only the military reviews a conqueror",
            {"conqueror"},
            {"dictator"},
            {{"P1+", kWhere}, {"I1-", kWhere}, {"M1+", "APPROVED by unnamed"}}},
           {"every role's set has to pass",
            {"populist", "general", "conqueror"},
            {"dictator"},
            {{"M1+", "PENDING"}, {"P1+", "PENDING"}, {"I1+", "APPROVED by overwhelming, unnamed"}}},
           {"two who count for every set",
            {"populist", "general", "conqueror"},
            {"dictator"},
            {{"MP1+", "PENDING"}, {"MP2+", "APPROVED by uprising, coup, unnamed"}}},
           {"one denial is enough for the set without thresholds",
            {"populist", "general", "conqueror"},
            {"dictator"},
            {{"I1-", "DENIED by unnamed"}}},
           {"one denial is enough for the idealist",
            {"populist", "idealist"},
            {"dictator", "never"},
            {{"I1-", "DENIED by unnamed"}}},
           {"an idealist who does not ask for it has no say",
            {"populist", "idealist"},
            {"dictator"},
            {{"I1-", "PENDING"}, {"I2+", "PENDING"}, {"P1-", "PENDING"}, {"P2+", "PENDING"}}},
           {"nothing approves what nobody can approve",
            {"populist", "idealist"},
            {"dictator", "never"},
            {{"I1+", "PENDING"}, {"I2+", "PENDING"}, {"I3+", "PENDING"}, {"I4+", "PENDING"}}},
           {"once per author",
            {"populist"},
            {"dictator"},
            {{"P1+", "PENDING"},
             {"P1+", kTwice},
             {"P1-", kTwice},
             {"P2+", "APPROVED by uprising"}}},
       }) {
    check(story);
  }
}

TEST_CASE("behaviour 3.12 thresholds: an approval that starts after the end") {
  const Directory directory = directory_of(kRoles);
  NewRequest asked;
  asked.roles = {"dictator"};
  const auto request = create_as(directory, person_of(directory, "carol", {"conqueror"}), asked);
  REQUIRE(request.has_value());
  ReviewEvent event = review_of(*request, reviewer(directory, "M1"), Vote::kApprove);
  event.assume_start = request->access_expires + 1s;
  const auto refused = apply(*request, event, kNow, {});
  REQUIRE(!refused.has_value());
  CHECK(refused.error().code == 422);
  CHECK_HAS(said(refused),
            "spec.assumeStartTime: Forbidden: the access would end before it starts");
}

TEST_CASE("behaviour 3.12 thresholds: a filter on the review's words") {
  const Directory directory = directory_of(kRoles);
  NewRequest asked;
  asked.roles = {"dictator"};
  AccessRequest request = *create_as(directory, person_of(directory, "frank", {"worded"}), asked);
  auto next = apply(request, review_of(request, reviewer(directory, "M1"), Vote::kApprove, "fine"),
                    kNow, {});
  REQUIRE(next.has_value());
  CHECK(next->state == State::kPending);
  CHECK(next->reviews.at(0).counts_for.empty());
  next =
      apply(*next, review_of(request, reviewer(directory, "M2"), Vote::kApprove, "Ticket 123, ok"),
            kNow, {});
  REQUIRE(next.has_value());
  CHECK(next->state == State::kApproved);
}

TEST_CASE("behaviour 2.2 thresholds: each role's set, frozen") {
  const Directory directory = directory_of(kRoles);
  NewRequest asked;
  asked.roles = {"dictator"};
  const auto request = create_as(
      directory, person_of(directory, "dave", {"populist", "general", "conqueror"}), asked);
  REQUIRE(request.has_value());
  CHECK(request->threshold_sets.size() == 3);
  CHECK(request->thresholds.size() == 4);  // the two "overwhelming" ones are one
  CHECK(request->threshold_sets[0].requester_role == "populist");
  CHECK(request->threshold_sets[0].thresholds == std::vector<std::size_t>{0, 1});
  CHECK(request->threshold_sets[1].thresholds == std::vector<std::size_t>{0, 2});

  // A role that lists nothing of it has no say.
  const auto other =
      create_as(directory, person_of(directory, "erika", {"populist", "idealist"}), asked);
  CHECK(other->threshold_sets.size() == 1);

  Limits limits;
  limits.thresholds = 3;
  CHECK_HAS(
      said(create_as(directory, person_of(directory, "dave", {"populist", "general", "conqueror"}),
                     asked, limits)),
      "must have at most 3 items");
}

TEST_CASE("thresholds: a filter that does not parse lets nobody through") {
  const Directory directory =
      directory_of(role("dictator", "") + requester_role("broken", "dictator", "coup",
                                                         "{filter: 'contains(x)', approve: 1}"));
  NewRequest asked;
  asked.roles = {"dictator"};
  const auto request = create_as(directory, person_of(directory, "eve", {"broken"}), asked);
  CHECK(request.error().code == 403);
  CHECK_HAS(said(request), "a threshold whose filter cannot be read: column 10");
}

TEST_CASE("tally: a request without sets is never approved") {
  AccessRequest request;
  CHECK(tally(request) == Outcome::kNone);
  request.threshold_sets.push_back({"r", {"x"}, {}});
  CHECK(tally(request) == Outcome::kNone);
}
