#include "kube/text.h"
#include "proxy/access/state/stored_forms.h"

#include <array>
#include <ctime>
#include <nlohmann/json.hpp>

// Tested by tests/proxy/access/state/stored_summary_test.cc
namespace postern::proxy::access {
namespace {

using nlohmann::json;
using Summary = std::map<std::string, std::string>;

constexpr std::size_t kMaxText = 256;

/// One short line.
std::string shown(std::string text) {
  text = kube::printable(text);
  if (text.size() > kMaxText) text = text.substr(0, kMaxText);
  while (!kube::is_utf8(text)) text.pop_back();
  return text;
}

std::string time_text(std::int64_t seconds) {
  const auto whole = static_cast<std::time_t>(seconds);
  std::tm parts{};
  ::gmtime_r(&whole, &parts);
  std::array<char, 64> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text.data(), size};
}

std::string joined(const json& names) {
  std::string text;
  for (const json& name : names) {
    text += (text.empty() ? "" : ",") + name.get<std::string>();
  }
  return shown(std::move(text));
}

Summary of_request(const json& value) {
  const json request = json::parse(value.at("request").get_ref<const std::string&>());
  const json resources = request.at("spec").value("resources", json::array());
  std::string first = resources.empty() ? "" : resources.front().get<std::string>();
  if (resources.size() > 1) first += " +" + std::to_string(resources.size() - 1);
  constexpr std::int64_t kNanos = 1'000'000'000;
  const bool pending = request.at("state") == "PENDING";
  return {
      {"user", shown(request.at("user").get<std::string>())},
      {"state", request.at("state").get<std::string>()},
      {"resources", shown(first)},
      {"created", time_text(request.at("created").get<std::int64_t>() / kNanos)},
      {"expires",
       time_text(request.at(pending ? "pending_expires" : "access_expires").get<std::int64_t>() /
                 kNanos)}};
}

Summary of_role(const json& value) {
  const json document = json::parse(value.at("document").get_ref<const std::string&>());
  return {{"version", shown(document.value("version", ""))}};
}

Summary of_user(const json& value) {
  const json document = json::parse(value.at("document").get_ref<const std::string&>());
  const json spec = document.value("spec", json::object());
  return {{"roles", joined(spec.value("roles", json::array()))},
          {"locked", spec.value("locked", false) ? "true" : "false"}};
}

Summary of_session(const json& value) {
  return {{"user", shown(value.at("user").get<std::string>())},
          {"expires", time_text(value.at("expires").get<std::int64_t>() / 1'000'000)},
          {"requests", joined(value.at("requests"))},
          {"confined", value.at("confined").get<bool>() ? "true" : "false"}};
}

Summary of_login(const json& value) {
  Summary summary{{"password", value.at("password").get<std::string>().empty() ? "no" : "yes"}};
  if (!value.at("invite").get<std::string>().empty()) {
    summary["inviteEnds"] = time_text(value.at("inviteEnds").get<std::int64_t>() / 1'000'000);
  }
  return summary;
}

}  // namespace

Summary summary_of(const std::string& kind, const std::string& data) {
  try {
    if (kind == kGivenKind) return {};
    const json value = json::parse(data);
    if (kind == kRequestKind) return of_request(value);
    if (kind == kRoleKind) return of_role(value);
    if (kind == kUserKind) return of_user(value);
    if (kind == kSessionKind) return of_session(value);
    if (kind == kLoginKind) return of_login(value);
  } catch (const json::exception&) {
    return {};
  }
  return {};
}

}  // namespace postern::proxy::access
