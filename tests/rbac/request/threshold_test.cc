#include "rbac/request/review.h"
#include "tests/rbac/request/fixture.h"

#include <sstream>

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

}  // namespace

TEST_CASE("thresholds: who decides, in which order") {
  const Directory directory = directory_of(kRoles);
  struct Row {
    std::vector<std::string> held;
    std::vector<std::string> asked;
    std::string reviews;  ///< WHO+ approves, WHO- denies; a trailing ! is refused
    std::string states;   ///< after each: P, A, D
  };
  for (const Row& row : std::vector<Row>{
           {{"populist"}, {"dictator"}, "self+! M+! P1+ I1- P2+ P3-!", "PPPPAA"},
           {{"general"}, {"dictator"}, "M1- M2- M3+!", "PDD"},
           {{"populist"}, {"dictator"}, "I1+ P1+ P2- I2- I3+", "PPPPA"},
           {{"general"}, {"dictator"}, "I1+ M1+ M2- I2- M3-", "PPPPD"},
           {{"conqueror"}, {"dictator"}, "M1+", "A"},
           {{"conqueror"}, {"dictator"}, "M1-", "D"},
           {{"conqueror"}, {"dictator"}, "P1+! I1+! M1+", "PPA"},
           {{"populist", "general", "conqueror"}, {"dictator"}, "M1+ P1+ I1+", "PPA"},
           {{"populist", "general", "conqueror"}, {"dictator"}, "MP1+ MP2+", "PA"},
           {{"populist", "general", "conqueror"}, {"dictator"}, "I1-", "D"},
           {{"populist", "idealist"}, {"dictator", "never"}, "I1-", "D"},
           {{"populist", "idealist"}, {"dictator"}, "I1- I2+ P1- P2+", "PPPP"},
           {{"populist", "idealist"}, {"dictator", "never"}, "P1+ P2+ I1+ I2+", "PPPP"},
           {{"populist"}, {"dictator"}, "P1+ P1+! P1-! P2+", "PPPA"},  // once per author
       }) {
    const Person alice = person_of(directory, "self", row.held);
    NewRequest asked;
    asked.roles = row.asked;
    auto created = create_as(directory, alice, asked);
    REQUIRE_MESSAGE(created.has_value(), said(created));
    AccessRequest request = *created;
    std::istringstream words(row.reviews);
    std::string word;
    std::string states;
    while (words >> word) {
      const bool refused = word.back() == '!';
      if (refused) word.pop_back();
      const Vote vote = word.back() == '+' ? Vote::kApprove : Vote::kDeny;
      word.pop_back();
      const Person who = word == "self" ? alice : reviewer(directory, word);
      const auto next = apply(request, review_of(request, who, vote), kNow + 1min, {});
      INFO(row.reviews << " at " << word << ": " << said(next));
      CHECK(next.has_value() != refused);
      CHECK((next.has_value() || next.error().code == 403));
      if (next) request = *next;
      states += std::string(state_name(request.state))[0];
    }
    CHECK_MESSAGE(states == row.states, row.reviews);
  }
}

TEST_CASE("thresholds: a filter on the review's words") {
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

TEST_CASE("thresholds: what is frozen") {
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
