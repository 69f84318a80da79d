// The compiled matchers against the plain reading of rules, and filters against single decisions.

#include "rbac/subject_rules.h"
#include "world.h"

#include <doctest/doctest.h>
#include <random>

using namespace postern;
using namespace postern::rbac;
using namespace postern::rbac::test;

namespace {

class Dice {
 public:
  explicit Dice(unsigned seed) : random_(seed) {}
  std::size_t below(std::size_t limit) { return random_() % limit; }
  template <typename List>
  const auto& pick(const List& list) {
    return list[below(list.size())];
  }

 private:
  std::mt19937 random_;
};

const std::vector<std::string> kNamePatterns = {"a",
                                                "b",
                                                "ab",
                                                "ba",
                                                "a*",
                                                "ab*",
                                                "*b",
                                                "*",
                                                "a*b",
                                                "*a*b",
                                                "^a$",
                                                "^ab*$",
                                                "^a|b$",
                                                "^b.*$",
                                                "^[ab]{2}$",
                                                "{{external.t}}",
                                                "{{external.t}}*"};
const std::vector<std::string> kSpacePatterns = {
    "d", "e", "d*", "*", "^d|e$", "^d.$", "{{external.t}}"};
const std::vector<std::string> kObjects = {"a",   "b",   "ab",  "ba", "aa", "bb",
                                           "aab", "abb", "bab", "t1", "t1x"};
const std::vector<std::string> kSpacesOf = {"d", "e", "de", "dd", "t1"};
const std::vector<std::string> kKinds = {
    "{kind: pods, ", "{kind: widgets, api_group: e.com, ", "{kind: '*', api_group: '*', ",
    "{kind: '*', api_group: e.com, ", "{kind: '*', api_group: 'e*', "};

std::string random_rule(Dice& dice, const char* verbs) {
  return dice.pick(kKinds) + "namespace: '" + dice.pick(kSpacePatterns) + "', name: '" +
         dice.pick(kNamePatterns) + "', verbs: " + verbs + "}";
}

std::vector<std::string> random_rules(Dice& dice, std::size_t most, const char* verbs) {
  std::vector<std::string> rules(dice.below(most + 1));
  for (std::string& rule : rules) rule = random_rule(dice, verbs);
  return rules;
}

const std::string kAlice =
    "kind: user\nmetadata: {name: alice}\nspec: {roles: [r0, r1, r2], traits: {t: [t1, 'a*']}}\n";

/// Three roles; few or many rules, so that both ways of looking up are taken.
std::string random_roles(Dice& dice, std::vector<std::string>& texts) {
  std::string text;
  for (int i = 0; i < 3; ++i) {
    const std::size_t most = dice.below(4) == 0 ? 40 : 3;
    texts.push_back(role_v8(random_rules(dice, most, "[get, list, watch]"),
                            random_rules(dice, dice.below(3), "[watch]"), "r" + std::to_string(i)));
    text += texts.back();
  }
  return text + kAlice;
}

/// By the plain reading of the roles' rules.
bool is_plainly_allowed(const World& world, const ObjectRef& object) {
  const SubjectRules& rules = world.subject().rules();
  const auto reached = [&](const RuleIndex& index, Effect effect) {
    return std::any_of(index.rules().begin(), index.rules().end(), [&](const Rule& rule) {
      return rule.verbs.contains(Verb::kGet) && reaches(rule, object, effect);
    });
  };
  for (const auto& role : rules.denying) {
    if (reached(role->deny, Effect::kDeny)) return false;
  }
  for (const RoleContext& context : rules.contexts) {
    for (const UsableRole& role : context.roles) {
      if (!reached(role.rules->allow, Effect::kAllow)) continue;
      if (role.today && !reached(role.today->allow, Effect::kAllow)) continue;
      if (!context.has_ids) return true;
      const auto ids = context.ids.find("k");
      if (ids != context.ids.end() && reached(*ids->second, Effect::kAllow)) return true;
    }
  }
  return false;
}

/// Every object asked for singly, in the list of its namespace, in that of all, and by name: one
/// answer. An object in a list that is refused as a whole must be refused singly, too.
void check_world(const World& world) {
  const auto all = [](const Decision& decision) {
    std::vector<std::size_t> shares(decision.shares.size());
    for (std::size_t i = 0; i < shares.size(); ++i) shares[i] = i;
    return make_predicate(decision, shares, catalog());
  };
  for (const std::string prefix : {"/api/v1", "/apis/e.com/v1"}) {
    const bool core = prefix == "/api/v1";
    const std::string plural = core ? "/pods" : "/widgets";
    const auto everywhere = all(world.ask("GET", prefix + plural));
    const auto watched = all(world.ask("GET", prefix + plural + "?watch=1"));
    for (const std::string& space : kSpacesOf) {
      const std::string collection = prefix + "/namespaces/" + space + plural;
      const auto inside = all(world.ask("GET", collection));
      for (const std::string& name : kObjects) {
        CAPTURE(collection);
        CAPTURE(name);
        const ObjectRef object{core ? "" : "e.com", core ? "pods" : "widgets", true, space, name};
        const bool expected = is_plainly_allowed(world, object);
        kube::filter::Item item;
        item.namespace_ = space;
        item.name = name;
        REQUIRE((world.verdict("GET", collection + "/" + name) == "allow") == expected);
        REQUIRE(everywhere->allows(item) == expected);
        REQUIRE(watched->allows(item) == expected);
        REQUIRE(inside->allows(item) == expected);
        const Decision named =
            world.ask("GET", collection + "?fieldSelector=metadata.name%3D" + name);
        REQUIRE(all(named)->allows(item) == expected);
        REQUIRE((named.verdict == Verdict::kAllowFiltered) == expected);
      }
    }
  }
}

std::string random_id(Dice& dice) {
  static const std::vector<std::string> names = {"a", "ab*", "*", "^a|b$", "*b"};
  switch (dice.below(5)) {
    case 0:
      return "/c/namespace/k/" + dice.pick(std::vector<std::string>{"d", "e", "d*"});
    case 1:
      return "/c/widgets.e.com/k/" + dice.pick(std::vector<std::string>{"d", "*"}) + "/" +
             dice.pick(names);
    case 2:
      return dice.below(4) == 0 ? "/c/kube_cluster/k" : "/c/kube_cluster/other";
    default:
      return "/c/pod/k/" + dice.pick(std::vector<std::string>{"d", "e*", "*"}) + "/" +
             dice.pick(names);
  }
}

}  // namespace

TEST_CASE("static roles: filter = single decision = plain reading") {
  Dice dice(7);
  for (int round = 0; round < 25; ++round) {
    std::vector<std::string> texts;
    CAPTURE(round);
    check_world(World(random_roles(dice, texts)));
  }
}

TEST_CASE("grants: filter = single decision = plain reading") {
  Dice dice(11);
  for (int round = 0; round < 25; ++round) {
    CAPTURE(round);
    std::vector<std::string> then;
    random_roles(dice, then);
    std::vector<std::string> now;
    World world(random_roles(dice, now));
    std::vector<Grant> grants;
    for (std::size_t g = 0, count = 1 + dice.below(2); g < count; ++g) {
      std::vector<std::string> ids;
      for (std::size_t i = 0, many = dice.below(5); i < many; ++i) ids.push_back(random_id(dice));
      grants.push_back(grant(
          "g" + std::to_string(g),
          {load_role(dice.pick(dice.below(2) == 0 ? then : now)), load_role(dice.pick(now))}, ids));
    }
    world.assume(std::move(grants));
    check_world(world);
  }
}

TEST_CASE("namespace objects: filter = single decision") {
  Dice dice(13);
  for (int round = 0; round < 40; ++round) {
    std::vector<std::string> texts;
    CAPTURE(round);
    const World world(random_roles(dice, texts));
    for (const std::string& space : kSpacesOf) {
      CAPTURE(space);
      const std::string listed = world.seen("/api/v1/namespaces", {space});
      const bool visible = listed == space;
      CHECK((world.verdict("GET", "/api/v1/namespaces/" + space) == "allow") == visible);
    }
  }
}
