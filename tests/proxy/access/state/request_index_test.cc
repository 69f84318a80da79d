#include "proxy/access/state/request_index.h"

#include <algorithm>
#include <doctest/doctest.h>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace {

using namespace postern::proxy::access;
using postern::rbac::request::State;

RequestPtr request(const std::string& name, const std::string& user, State state,
                   const std::vector<std::string>& authors) {
  auto object = std::make_shared<RequestObject>();
  object->meta.name = name;
  object->request.user = user;
  object->request.state = state;
  for (const std::string& author : authors) {
    object->request.reviews.emplace_back().author = author;
  }
  return object;
}

bool involves(const RequestObject& object, const std::string& person) {
  const auto& reviews = object.request.reviews;
  return object.request.user == person ||
         std::any_of(reviews.begin(), reviews.end(),
                     [&](const auto& review) { return review.author == person; });
}

/// As one finds them by looking at each.
template <typename Wanted>
std::vector<RequestPtr> found(const std::map<std::string, RequestPtr>& all, Wanted wanted) {
  std::vector<RequestPtr> some;
  for (const auto& [name, object] : all) {
    if (wanted(*object)) some.push_back(object);
  }
  return some;
}

std::vector<RequestPtr> listed(const RequestSet& set) {
  return {set.begin(), set.end()};
}

TEST_CASE("the index finds what looking at every request finds") {
  const std::vector<std::string> people = {"alice", "bob", "carol", "dave"};
  std::mt19937 random(7);
  const auto below = [&random](std::size_t end) { return random() % end; };
  std::map<std::string, RequestPtr> all;
  RequestIndex index;
  for (int step = 0; step < 2000; ++step) {
    const std::string name = "r" + std::to_string(below(30));
    const RequestPtr before = all.contains(name) ? all.at(name) : nullptr;
    RequestPtr now;
    if (before == nullptr || below(4) != 0) {
      std::vector<std::string> authors;
      for (std::size_t i = below(4); i > 0; --i) authors.push_back(people[below(4)]);
      now = request(name, people[below(4)], below(2) == 0 ? State::kPending : State::kExpired,
                    authors);
      all[name] = now;
    } else {
      all.erase(name);
    }
    index.replace(before, now);
    for (const std::string& person : people) {
      REQUIRE(listed(index.involving(person)) ==
              found(all, [&](const auto& object) { return involves(object, person); }));
    }
    REQUIRE(listed(index.pending()) ==
            found(all, [](const auto& object) { return object.request.state == State::kPending; }));
  }
  CHECK(index.involving("eve").empty());
}

}  // namespace
