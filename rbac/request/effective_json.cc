#include "rbac/request/effective.h"

#include <exception>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

namespace postern::rbac::request {
namespace {

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

FrozenPattern pattern_from(const json& value) {
  auto pattern = value.is_array() ? FrozenPattern::around(value.at(0).get<std::string>(),
                                                          value.at(1).get<std::string>(),
                                                          value.at(2).get<std::string>())
                                  : FrozenPattern::written(value.get<std::string>());
  if (!pattern) {
    throw std::invalid_argument("a pattern does not compile");
  }
  return std::move(*pattern);
}

FrozenRule rule_from(const json& value) {
  FrozenRule rule;
  rule.kind = value.at("kind").get<std::string>();
  rule.name = pattern_from(value.at("name"));
  rule.api_group = pattern_from(value.at("api_group"));
  rule.namespace_written = value.contains("namespace");
  if (rule.namespace_written) {
    rule.namespace_ = pattern_from(value.at("namespace"));
  }
  for (const json& each : value.at("verbs")) {
    const auto word = each.get<std::string>();
    const auto verb = parse_verb(word);
    if (!verb && word != "*") {
      throw std::invalid_argument("an unknown verb");
    }
    rule.all_verbs |= !verb;
    rule.verbs |= verb ? VerbSet(*verb) : VerbSet();
  }
  return rule;
}

FrozenConditions conditions_from(const json& value) {
  FrozenConditions conditions;
  if (value.contains("labels")) {
    conditions.labels.emplace();
    for (const auto& [label, patterns] : value.at("labels").items()) {
      auto& list = (*conditions.labels)[label];
      for (const json& each : patterns) {
        list.push_back(pattern_from(each));
      }
    }
  }
  for (const json& each : value.value("resources", json::array())) {
    conditions.resources.push_back(rule_from(each));
  }
  conditions.groups = value.value("groups", std::vector<std::string>());
  conditions.users = value.value("users", std::vector<std::string>());
  return conditions;
}

FrozenRole role_from(const json& value) {
  return {value.at("name").get<std::string>(), value.at("version").get<int>(),
          conditions_from(value.at("allow")), conditions_from(value.at("deny"))};
}

EffectiveRules rules_from(const json& value) {
  EffectiveRules rules;
  rules.user = value.at("user").get<std::string>();
  for (const json& each : value.at("roles")) {
    rules.roles.push_back(role_from(each));
  }
  rules.resource_ids = value.value("resources", std::vector<std::string>());
  rules.clusters = value.value("clusters", std::map<std::string, std::string>());
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

Result<EffectiveRules> EffectiveRules::from_json(std::string_view text) {
  const auto broken = [](const std::string& why) {
    return fail(kube::Status::internal("stored effective rules cannot be read: " + why));
  };
  // nlohmann's only way to say that a member is missing or of another type is an exception.
  try {
    EffectiveRules rules = rules_from(json::parse(text));
    if (rules.to_json() != text) {
      return broken("they are not in their canonical form");
    }
    return rules;
  } catch (const std::exception& error) {
    return broken(error.what());
  }
}

}  // namespace postern::rbac::request
