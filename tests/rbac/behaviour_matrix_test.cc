// The behaviour reference's matrix 3.7 of rules by inputs: everything fast that matches names must
// say what the plain reading of a rule says.

#include "behaviour.h"
#include "rbac/rule_index.h"
#include "rbac/subject_rules.h"

#include <algorithm>

using namespace postern;
using namespace postern::rbac;
using namespace postern::rbac::test;

namespace {

const std::vector<std::string> kNames = {"nginx", "nginx-*", "^nginx-[a-z]+$", "*", ""};
const std::vector<std::string> kSpaces = {"default", "kube-*", "^staging-.*$", "*", ""};

struct Input {
  std::string name;
  std::string space;
  std::string group;
};

std::vector<Input> matrix_inputs(const char* other_group) {
  std::vector<Input> inputs;
  for (const char* name : {"nginx", "nginx-web", "nginx-123", "redis", ""}) {
    for (const char* space : {"default", "kube-system", "staging-prod", "other", ""}) {
      for (const char* group : {"", other_group}) inputs.push_back({name, space, group});
    }
  }
  return inputs;
}

Rule make_rule(std::string_view name, std::string_view space, std::string_view group,
               Effect effect) {
  const auto pattern = [](std::string_view text) { return Pattern::compile(text).value(); };
  Rule rule;
  rule.plural = "pods";
  rule.group = pattern(group);
  rule.namespace_ = pattern(space);
  rule.namespaced = !space.empty();
  rule.cluster_scoped = rule.namespace_.matches("", effect);
  rule.name = pattern(name);
  rule.verbs = Verb::kGet;
  return rule;
}

ObjectRef object_of(const Input& input) {
  return {input.group, "pods", !input.space.empty(), input.space, input.name};
}

/// Whether index and plain reading agree about every input, in both scopes.
std::size_t check_same(const std::vector<Rule>& rules, const std::vector<Input>& inputs,
                       Effect effect) {
  const RuleIndex index(rules, effect);
  std::size_t matched = 0;
  for (const Input& input : inputs) {
    for (const VerbSet verbs : {VerbSet(Verb::kGet), VerbSet(Verb::kList)}) {
      const ObjectRef object = object_of(input);
      const bool plain =
          std::any_of(index.rules().begin(), index.rules().end(), [&](const Rule& rule) {
            return rule.verbs.intersects(verbs) && reaches(rule, object, effect);
          });
      const int found = index.find(object, verbs);
      CAPTURE(input.name);
      CAPTURE(input.space);
      CAPTURE(input.group);
      REQUIRE((found != RuleIndex::kNone) == plain);
      if (found != RuleIndex::kNone) {
        REQUIRE(reaches(index.rules()[static_cast<std::size_t>(found)], object, effect));
      }
      matched += plain ? 1 : 0;
    }
  }
  return matched;
}

/// Whether one of the roles' rules gives the object in a list, by their plain reading.
bool is_plainly_listed(const World& world, const Input& input) {
  for (const RoleContext& context : world.subject().rules().contexts) {
    for (const UsableRole& role : context.roles) {
      for (const Rule& rule : role.rules->allow.rules()) {
        if (rule.verbs.contains(Verb::kList) && reaches(rule, object_of(input), Effect::kAllow)) {
          return true;
        }
      }
    }
  }
  return false;
}

}  // namespace

TEST_CASE("behaviour 3.7: 75 rules by 50 inputs, each alone and all together") {
  const std::vector<Input> inputs = matrix_inputs("apps");
  CHECK(inputs.size() == 50);
  for (const Effect effect : {Effect::kAllow, Effect::kDeny}) {
    std::vector<Rule> all;
    std::size_t matched = 0;
    for (const std::string& name : kNames) {
      for (const std::string& space : kSpaces) {
        for (const char* group : {"", "apps", "*"}) {
          all.push_back(make_rule(name, space, group, effect));
          matched += check_same({all.back()}, inputs, effect);
        }
      }
    }
    CHECK(all.size() == 75);
    CHECK(matched > 100);
    CHECK(matched < 75 * 50);
    check_same(all, inputs, effect);
    std::reverse(all.begin(), all.end());
    check_same(all, inputs, effect);
  }
}

TEST_CASE("behaviour 3.7: the same rules in roles, by the predicate that filters lists") {
  const std::vector<Input> inputs = matrix_inputs("e.com");
  std::size_t roles = 0;
  std::size_t shown = 0;
  for (const std::string& name : kNames) {
    for (const std::string& space : kSpaces) {
      for (const char* group : {"", "e.com", "*"}) {
        const std::string role = role_v8({group_rule("pods", group, space, name)});
        // A rule that could mean nothing is a mistake: of no name, or of no namespace where the
        // kind is known to have them.
        const bool mistake = name.empty() || (space.empty() && *group == '\0');
        CAPTURE(role);
        const LoadResult loaded = load_documents("r.yaml", role);
        REQUIRE(loaded.ok() != mistake);
        if (mistake) continue;
        ++roles;
        const World world(role);
        for (const Input& input : inputs) {
          if (input.space.empty() || input.name.empty()) continue;  // pods have both
          const std::string collection =
              (input.group.empty() ? "/api/v1" : "/apis/" + input.group + "/v1") +
              std::string("/namespaces/") + input.space + "/pods";
          const std::string object = input.space + "/" + input.name;
          const std::string seen = world.seen(collection, {object});
          CAPTURE(collection);
          CAPTURE(input.name);
          REQUIRE((seen == object) == is_plainly_listed(world, input));
          REQUIRE((world.verdict("GET", collection + "/" + input.name) == "allow") ==
                  (seen == object));
          shown += seen == object ? 1 : 0;
        }
      }
    }
  }
  CHECK(roles > 50);
  CHECK(shown > 100);
}
