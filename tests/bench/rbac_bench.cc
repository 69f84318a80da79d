// What decisions cost: compiling many rules, one request, and one item of a list.
//
//     rbac_bench [ROUNDS]
//
// Every figure is the best of ROUNDS (5) runs; the plain matcher (one rule after the other) runs
// beside, so that ratios can be told within one run.

#include "kube/request_info.h"
#include "rbac/authorize.h"
#include "rbac/load.h"
#include "rbac/rule_index.h"
#include "rbac/subject_rules.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <numeric>
#include <random>
#include <string>
#include <vector>

using namespace postern;
using namespace postern::rbac;

namespace {

constexpr int kRules = 10'000;
int rounds = 5;

volatile std::size_t sink = 0;

/// Nanoseconds of the fastest run.
double best_of(const std::function<void()>& run) {
  double best = 1e18;
  for (int i = 0; i < rounds; ++i) {
    const auto start = std::chrono::steady_clock::now();
    run();
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
    best = std::min(best, took.count());
  }
  return best;
}

void report(const char* what, double value, const char* unit) {
  std::printf("%-58s %10.1f %s\n", what, value, unit);
}

KubeResourceRule rule(const std::string& space, const std::string& name) {
  KubeResourceRule made;
  made.kind = TraitTemplate::parse("pods").value();
  made.namespace_ = PatternTemplate::parse(space).value();
  made.name = PatternTemplate::parse(name).value();
  made.namespace_written = true;
  made.namespace_absent = false;
  made.verbs = kReadVerbs;
  return made;
}

Role role(std::vector<KubeResourceRule> rules) {
  Role made;
  made.name = "bench";
  made.allow.kubernetes_labels.emplace();
  made.allow.kubernetes_labels->labels["*"].push_back(PatternTemplate::parse("*").value());
  made.allow.kubernetes_resources = std::move(rules);
  return made;
}

/// 100 namespaces with 100 rules each: mostly names, some prefixes, a few other globs.
std::vector<KubeResourceRule> mixed_rules() {
  std::vector<KubeResourceRule> rules;
  for (int i = 0; i < kRules; ++i) {
    const std::string space = "team-" + std::to_string(i % 100);
    const std::string number = std::to_string(i / 100);
    const int kind = i / 100 % 10;
    rules.push_back(rule(space, kind < 7   ? "service-" + number + "-7d4b9c6f5d-x2x4z"
                                : kind < 9 ? "batch-" + number + "-*"
                                           : "*-canary-" + number));
  }
  return rules;
}

std::vector<KubeResourceRule> literal_rules() {
  std::vector<KubeResourceRule> rules;
  for (int i = 0; i < kRules; ++i) {
    rules.push_back(rule("team-" + std::to_string(i), "service-" + std::to_string(i)));
  }
  return rules;
}

struct World {
  explicit World(std::vector<KubeResourceRule> rules, std::vector<Grant> grants = {})
      : policy("c", {role(std::move(rules))}, {alice()}, {}, {}),
        subject(policy.subject({"alice", {}, ""}, grants)) {}

  static User alice() {
    User user;
    user.name = "alice";
    user.roles = {"bench"};
    return user;
  }

  Decision ask(const kube::RequestInfo& info) const {
    return authorize(policy, *subject, cluster, {"k", info, &pods, nullptr, ""}, {},
                     TimePoint(std::chrono::seconds(1)));
  }

  static kube::ApiResource pod_kind() {
    kube::ApiResource kind;
    kind.version = "v1";
    kind.resource = "pods";
    kind.kind = "Pod";
    kind.namespaced = true;
    return kind;
  }

  Policy policy;
  std::shared_ptr<const Subject> subject;
  Cluster cluster{"k", {}};
  kube::ApiResource pods = pod_kind();
};

struct Object {
  std::string space;
  std::string name;
};

std::vector<Object> sorted_objects(int spaces, int names) {
  std::vector<Object> objects;
  for (int s = 0; s < spaces; ++s) {
    for (int n = 0; n < names; ++n) {
      objects.push_back(
          {"team-" + std::to_string(s), "service-" + std::to_string(n) + "-7d4b9c6f5d-x2x4z"});
    }
  }
  return objects;
}

std::size_t count_visible(kube::filter::Predicate& predicate, const std::vector<Object>& objects) {
  std::size_t kept = 0;
  for (const Object& object : objects) {
    kube::filter::Item item;
    item.namespace_ = object.space;
    item.name = object.name;
    kept += predicate.allows(item) ? 1 : 0;
  }
  return kept;
}

std::unique_ptr<kube::filter::Predicate> predicate_of(const World& world, const char* target) {
  static const kube::ApiCatalog catalog;
  const Decision decision = world.ask(kube::parse_request_info("GET", target).value());
  return make_predicate(decision, {0}, catalog);
}

double per_item(kube::filter::Predicate& predicate, const std::vector<Object>& objects) {
  return best_of([&] { sink = sink + count_visible(predicate, objects); }) /
         static_cast<double>(objects.size());
}

void bench_compile() {
  const Role made = role(mixed_rules());
  const auto shared = std::make_shared<const Role>(made);
  report("compile 10,000 rules of one role",
         best_of([&] { sink = sink + RoleRules(shared, {}, false).allow.rules().size(); }) / 1e6,
         "ms");
  const Role literal = role(literal_rules());
  const auto many = std::make_shared<const Role>(literal);
  report("compile 10,000 rules, a namespace each",
         best_of([&] { sink = sink + RoleRules(many, {}, false).allow.rules().size(); }) / 1e6,
         "ms");
}

void bench_items() {
  const World world(mixed_rules());
  const std::vector<Object> sorted = sorted_objects(100, 100);
  const auto warm = predicate_of(world, "/api/v1/pods");
  sink = sink + count_visible(*warm, sorted);
  report("item, warm, 10,000 rules (10,000 pods, 100 namespaces)", per_item(*warm, sorted), "ns");

  std::vector<KubeResourceRule> exact;
  for (const Object& object : sorted) {
    exact.push_back(rule(object.space, object.name));
  }
  const World named(std::move(exact));
  const auto by_name = predicate_of(named, "/api/v1/pods");
  report("item, warm, 10,000 exact names", per_item(*by_name, sorted), "ns");

  std::vector<Object> shuffled = sorted_objects(100, 1000);
  std::shuffle(shuffled.begin(), shuffled.end(), std::mt19937(1));
  report("item, 100,000 pods in random order", per_item(*warm, shuffled), "ns");
  report("item, the same with its first namespace lookups",
         best_of([&] {
           const auto fresh = predicate_of(world, "/api/v1/pods");
           sink = sink + count_visible(*fresh, shuffled);
         }) / static_cast<double>(shuffled.size()),
         "ns");

  const RuleIndex& index = world.subject->rules().contexts[0].roles[0].rules->allow;
  const std::vector<Object> few(sorted.begin(), sorted.begin() + 200);
  report("item, the plain matcher (one rule after the other)",
         best_of([&] {
           for (const Object& object : few) {
             const ObjectRef ref{"", "pods", true, object.space, object.name};
             sink = sink + static_cast<std::size_t>(std::any_of(
                               index.rules().begin(), index.rules().end(),
                               [&](const Rule& one) { return reaches(one, ref, Effect::kAllow); }));
           }
         }) / static_cast<double>(few.size()),
         "ns");

  const World everything({rule("*", "*")});
  const auto all = predicate_of(everything, "/api/v1/pods");
  report("item, everything allowed", per_item(*all, sorted), "ns");
}

/// Nanoseconds of each of kRules rules with these names, asked for `name`.
void bench_globs(const std::string& what, const std::function<std::string(int)>& glob,
                 const std::string& name) {
  std::vector<KubeResourceRule> rules;
  for (int i = 0; i < kRules; ++i) {
    rules.push_back(rule("dev", glob(i)));
  }
  const World world(std::move(rules));
  const auto predicate = predicate_of(world, "/api/v1/pods");
  const std::vector<Object> names(100, {"dev", name});
  report(("rule, adversarial " + what).c_str(), per_item(*predicate, names) / kRules, "ns");
}

void bench_adversarial() {
  for (const std::string shape : {"*a*a*a*a*b", "*aaaaaaaab*aaaaaaaab", "a*a*a*a*a*a*a*c"}) {
    bench_globs(
        shape + "N on 200 × a", [&](int i) { return shape + std::to_string(i); },
        std::string(200, 'a'));
  }
  // All letters and both ends agree, so that the middle has to be looked for.
  std::mt19937 random(1);
  const auto letters = [&random](std::size_t count) {
    std::string text;
    while (text.size() < count) {
      text += random() % 2 == 0 ? 'a' : 'b';
    }
    return text;
  };
  const std::string name = "a" + letters(198) + "b";
  bench_globs(
      "a*(40 of a, b)*b on 200 of a, b", [&](int) { return "a*" + letters(40) + "*b"; }, name);
  bench_globs(
      "a*(10 to 100 of a, b)*b", [&](int) { return "a*" + letters(10 + random() % 90) + "*b"; },
      name);
  // All pieces are there, in another order.
  bench_globs(
      "a*(20 of the name)*(what is before)*b",
      [&](int) {
        const std::size_t at = 100 + random() % 79;
        return "a*" + name.substr(at, 20) + "*" + name.substr(random() % 80, 20) + "*b";
      },
      name);
}

void bench_decisions() {
  const auto time_of = [](const World& world, const char* target) {
    const kube::RequestInfo info = kube::parse_request_info("GET", target).value();
    constexpr int kCalls = 2000;
    return best_of([&] {
             for (int i = 0; i < kCalls; ++i) {
               sink = sink + world.ask(info).shares.size();
             }
           }) /
           kCalls;
  };
  const World many(mixed_rules());
  const World few({rule("dev", "nginx-*"), rule("prod", "*")});
  const char* named = "/api/v1/namespaces/dev/pods/nginx-1";
  report("authorize get, 2 rules, allowed", time_of(few, named), "ns");
  report("authorize get, 2 rules, refused", time_of(few, "/api/v1/namespaces/dev/pods/db-0"), "ns");
  report("authorize list, 2 rules", time_of(few, "/api/v1/namespaces/dev/pods"), "ns");
  report("authorize get, 10,000 rules, allowed",
         time_of(many, "/api/v1/namespaces/team-7/pods/service-3-7d4b9c6f5d-x2x4z"), "ns");
  report("authorize get, 10,000 rules, refused",
         time_of(many, "/api/v1/namespaces/team-7/pods/nothing"), "ns");
  report("authorize list of all namespaces, 10,000 rules", time_of(many, "/api/v1/pods"), "ns");
  report("authorize list that nothing matches, 10,000 rules",
         time_of(many, "/api/v1/namespaces/other/pods"), "ns");

  Grant grant;
  grant.request = "r";
  grant.roles = {std::make_shared<const Role>(role({rule("*", "*")}))};
  for (int i = 0; i < 50; ++i) {
    grant.resource_ids.push_back(
        ResourceId::parse("/c/pod/k/dev/nginx-" + std::to_string(i)).value());
  }
  const World assumed({rule("*", "*")}, {grant});
  report("authorize get, a grant with 50 resource IDs", time_of(assumed, named), "ns");
}

}  // namespace

int main(int count, char** arguments) {
  rounds = count > 1 ? std::atoi(arguments[1]) : rounds;
  bench_compile();
  bench_items();
  bench_adversarial();
  bench_decisions();
  return 0;
}
