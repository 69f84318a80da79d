#include "rbac/request/effective.h"
#include "rbac/request/stored_fields.h"

#include <exception>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

namespace postern::rbac::request {
namespace {

using namespace stored;
using nlohmann::json;

constexpr int kFormat = 1;

json to_value(const FrozenPattern& pattern) {
  if (!pattern.value()) {
    return pattern.before();
  }
  return json::array({pattern.before(), *pattern.value(), pattern.after()});
}

json to_value(const FrozenRule& rule) {
  json value = {{"kind", rule.kind}, {"name", to_value(rule.name)}};
  json verbs = json::array();
  for (std::uint32_t bit = 1; bit <= kAllVerbs.bits(); bit <<= 1) {
    if (rule.verbs.intersects(VerbSet::from_bits(bit))) {
      verbs.push_back(verb_name(static_cast<Verb>(bit)));
    }
  }
  if (rule.all_verbs) {
    verbs.push_back("*");
  }
  value["verbs"] = std::move(verbs);
  value["api_group"] = to_value(rule.api_group);
  if (rule.namespace_written) {
    value["namespace"] = to_value(rule.namespace_);
  }
  return value;
}

json to_value(const FrozenConditions& conditions) {
  json value = json::object();
  if (conditions.labels) {
    value["labels"] = json::object();
    for (const auto& [label, patterns] : *conditions.labels) {
      json& list = value["labels"][label] = json::array();
      for (const FrozenPattern& pattern : patterns) {
        list.push_back(to_value(pattern));
      }
    }
  }
  for (const FrozenRule& rule : conditions.resources) {
    value["resources"].push_back(to_value(rule));
  }
  for (const std::string& group : conditions.groups) {
    value["groups"].push_back(group);
  }
  for (const std::string& user : conditions.users) {
    value["users"].push_back(user);
  }
  return value;
}

json to_value(const FrozenRole& role) {
  return {{"name", role.name},
          {"version", role.version},
          {"allow", to_value(role.allow)},
          {"deny", to_value(role.deny)}};
}

FrozenPattern pattern_from(const element& value) {
  const auto part = [&value](std::size_t at) { return text_from(value.at(at)); };
  auto pattern = value.is_array() ? FrozenPattern::around(part(0), part(1), part(2))
                                  : FrozenPattern::written(text_from(value));
  if (!pattern) {
    throw std::invalid_argument("a pattern does not compile");
  }
  return std::move(*pattern);
}

void read_verbs(const element& value, FrozenRule& rule) {
  for (const element each : value.get_array()) {
    const std::string_view word = each;
    const auto verb = parse_verb(word);
    if (!verb && word != "*") {
      throw std::invalid_argument("an unknown verb");
    }
    rule.all_verbs |= !verb;
    rule.verbs |= verb ? VerbSet(*verb) : VerbSet();
  }
}

FrozenRule rule_from(const object& value) {
  FrozenRule rule;
  rule.kind = text_from(value["kind"]);
  rule.name = pattern_from(value["name"]);
  rule.api_group = pattern_from(value["api_group"]);
  if (element name; value.at_key("namespace").get(name) == simdjson::SUCCESS) {
    rule.namespace_written = true;
    rule.namespace_ = pattern_from(name);
  }
  read_verbs(value["verbs"], rule);
  return rule;
}

FrozenConditions conditions_from(const object& value) {
  FrozenConditions conditions;
  if (element labels; value.at_key("labels").get(labels) == simdjson::SUCCESS) {
    conditions.labels.emplace();
    for (const auto [label, patterns] : labels.get_object()) {
      auto& list = (*conditions.labels)[std::string(label)];
      for (const element each : patterns.get_array()) {
        list.push_back(pattern_from(each));
      }
    }
  }
  get_list(value, "resources", rule_from, conditions.resources);
  get(value, "groups", conditions.groups);
  get(value, "users", conditions.users);
  return conditions;
}

FrozenRole role_from(const object& value) {
  return {text_from(value["name"]), static_cast<int>(std::int64_t(value["version"])),
          conditions_from(value["allow"]), conditions_from(value["deny"])};
}

kube::Status broken(const std::string& why) {
  return kube::Status::internal("stored effective rules cannot be read: " + why);
}

EffectiveRules rules_from(const object& value) {
  EffectiveRules rules;
  rules.user = text_from(value["user"]);
  get_list(value, "roles", role_from, rules.roles);
  get(value, "resources", rules.resource_ids);
  get(value, "clusters", rules.clusters);
  return rules;
}

}  // namespace

std::string frozen_role_json(const FrozenRole& role) {
  return to_value(role).dump();
}

std::string EffectiveRules::to_json() const {
  json value = {{"format", kFormat}, {"user", user}, {"roles", json::array()}};
  for (const FrozenRole& role : roles) {
    value["roles"].push_back(to_value(role));
  }
  for (const std::string& id : resource_ids) {
    value["resources"].push_back(id);
  }
  for (const auto& [name, uid] : clusters) {
    value["clusters"][name] = uid;
  }
  return value.dump();
}

Result<EffectiveRules> EffectiveRules::from_json_to_show(std::string_view text) {
  thread_local simdjson::dom::parser parser;
  try {
    return rules_from(parser.parse(text.data(), text.size()));
  } catch (const std::exception& error) {
    return fail(broken(error.what()));
  }
}

Result<EffectiveRules> EffectiveRules::from_json(std::string_view text) {
  auto rules = from_json_to_show(text);
  if (rules && rules->to_json() != text) {
    return fail(broken("they are not in their canonical form"));
  }
  return rules;
}

}  // namespace postern::rbac::request
