#include "cli/can_i_answer.h"

#include "kube/text.h"

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
  answer["explanation"] = decision.explanation;
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
    text += "  why: " + kube::printable(decision.explanation) + "\n";
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

std::string answer_json(const rbac::Decision& decision) {
  return to_json(decision).dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string answer_yaml(const rbac::Decision& decision) {
  YAML::Emitter out;
  emit(out, to_json(decision));
  return std::string(out.c_str()) + "\n";
}

}  // namespace postern::cli
