#include "rbac/explain.h"

#include <cstdio>

namespace postern::rbac {

std::string rule_path(const DecidingRule& rule) {
  if (rule.role.empty()) {
    return {};
  }
  const std::string side = rule.allow ? "allow" : "deny";
  if (rule.source >= 0) {
    return side + ".kubernetes_resources[" + std::to_string(rule.source) + "]";
  }
  return rule.allow ? side + " by its version's default" : side + ".kubernetes_labels";
}

std::string utc_text(TimePoint time) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(time);
  const auto day = std::chrono::floor<std::chrono::days>(whole);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{whole - day};
  char text[40];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02ld:%02ld:%02ldZ",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<long>(clock.hours().count()),
                static_cast<long>(clock.minutes().count()),
                static_cast<long>(clock.seconds().count()));
  return text;
}

std::string explanation_line(const Decision& decision) {
  if (decision.verdict == Verdict::kDeny || !decision.expires_at) {
    return decision.explanation;
  }
  return decision.explanation + ", until " + utc_text(*decision.expires_at);
}

}  // namespace postern::rbac
