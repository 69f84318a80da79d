#include "cli/can_i_answer.h"

#include "kube/text.h"
#include "rbac/explain.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <yaml-cpp/yaml.h>

namespace postern::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

Json to_json(const rbac::Decision& decision) {
  const bool allowed = decision.verdict != rbac::Verdict::kDeny;
  Json answer;
  answer["allowed"] = allowed;
  answer["filtered"] = decision.verdict == rbac::Verdict::kAllowFiltered;
  answer["explanation"] = rbac::explanation_line(decision);
  if (!decision.decided_by.role.empty()) {
    answer["decidedBy"] = {{"role", decision.decided_by.role},
                           {"rule", rbac::rule_path(decision.decided_by)}};
  }
  answer["shares"] = Json::array();
  for (const rbac::Share& share : decision.shares) {
    answer["shares"].push_back({{"user", share.principals.user},
                                {"groups", share.principals.groups},
                                {"roles", share.roles}});
  }
  if (allowed) {
    answer["answerShowsObject"] = decision.may_read;
  } else {
    answer["status"] = Json::parse(decision.status.to_json());
  }
  return answer;
}

/// A rule as it stands in its role.
std::string written(const rbac::KubeResourceRule& rule) {
  std::string text = "{kind: " + rule.kind.text();
  const auto add = [&text](const char* key, const std::string& value) {
    if (!value.empty()) text += std::string(", ") + key + ": " + value;
  };
  add("api_group", rule.api_group.text());
  add("namespace", rule.namespace_.text());
  add("name", rule.name.text());
  std::string verbs = rule.all_verbs ? "*" : rbac::verb_names(rule.verbs);
  for (const rbac::TraitTemplate& verb : rule.verb_traits) {
    verbs += (verbs.empty() ? "" : ",") + verb.text();
  }
  return text + ", verbs: [" + verbs + "]}";
}

std::string rule_text(const rbac::DecidingRule& by, const rbac::Policy& policy) {
  const auto role = policy.role(by.role);
  if (role == nullptr) return {};
  const auto& rules = (by.allow ? role->allow : role->deny).kubernetes_resources;
  const bool there = by.source >= 0 && static_cast<std::size_t>(by.source) < rules.size();
  return "  rule: " + by.role + (role->origin.empty() ? "" : " (" + role->origin + ")") + ", " +
         rbac::rule_path(by) +
         (there ? " " + written(rules[static_cast<std::size_t>(by.source)]) : "");
}

void emit(YAML::Emitter& out, const Json& value) {
  switch (value.type()) {
    case Json::value_t::object:
      out << YAML::BeginMap;
      for (const auto& [key, member] : value.items()) {
        out << YAML::Key << key << YAML::Value;
        emit(out, member);
      }
      out << YAML::EndMap;
      break;
    case Json::value_t::array:
      out << YAML::BeginSeq;
      for (const auto& item : value) emit(out, item);
      out << YAML::EndSeq;
      break;
    case Json::value_t::string:
      out << YAML::DoubleQuoted << value.get<std::string>();
      break;
    default:
      out << value.dump();
      break;
  }
}

}  // namespace

std::string answer_text(const rbac::Decision& decision) {
  const bool allowed = decision.verdict != rbac::Verdict::kDeny;
  std::string text = allowed ? "yes" : "no";
  if (decision.verdict == rbac::Verdict::kAllowFiltered) text += " (filtered)";
  text += "\n";
  if (!decision.explanation.empty()) {
    text += "  why: " + kube::printable(rbac::explanation_line(decision)) + "\n";
  }
  for (const rbac::Share& share : decision.shares) {
    text += fmt::format(
        "  as user {}, groups {}, by role {}\n", kube::printable(share.principals.user),
        kube::printable(joined(share.principals.groups)), kube::printable(joined(share.roles)));
  }
  if (allowed && !decision.may_read) {
    text += "  the answer will not show the object: get is not allowed\n";
  }
  if (!allowed) text += "  answer: " + kube::printable(decision.status.message) + "\n";
  return text;
}

std::string explanation_text(const rbac::Decision& decision, const rbac::Policy& policy,
                             const rbac::UserInfo& user) {
  std::string text = rule_text(decision.decided_by, policy);
  if (!text.empty()) text = kube::printable(text) + "\n";
  const rbac::StaticRights rights = policy.static_rights(user);
  std::vector<std::string> names;
  for (const auto& role : rights.roles) names.push_back(role->name);
  text += "  roles of " + kube::printable(user.name) + ": " +
          (names.empty() ? "none" : kube::printable(joined(names))) + "\n";
  if (rights.locked) text += "  the user is locked\n";
  return text;
}

std::string answer_json(const rbac::Decision& decision) {
  return to_json(decision).dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string answer_yaml(const rbac::Decision& decision) {
  YAML::Emitter out;
  emit(out, to_json(decision));
  return std::string(out.c_str()) + "\n";
}

}  // namespace postern::cli
