#include "kube/text.h"
#include "rbac/foreign_keys.h"
#include "rbac/load_sections.h"

#include <array>

namespace postern::rbac {
namespace {

constexpr std::size_t kMaxLabelPattern = 1024;

constexpr std::array<std::string_view, 4> kOtherLabels = {"node_labels", "db_labels", "app_labels",
                                                          "windows_desktop_labels"};
constexpr std::array<std::string_view, 4> kOtherValues = {"logins", "db_users", "db_names",
                                                          "windows_desktop_logins"};

/// Names that an API server is told: nothing that could be read as another name.
std::vector<TraitTemplate> read_principals(DocumentLog& log, const Place& place, Effect effect) {
  std::vector<TraitTemplate> principals;
  for (const Place& item : read_items(log, place)) {
    TraitTemplate principal = read_template(log, item);
    const std::string& text = principal.text();
    if (item.node.is_scalar() && text.empty()) {
      log.error(item, "is empty");
    } else if (text.starts_with(' ') || text.ends_with(' ')) {
      log.error(item, "has spaces at its edges");
    } else if (effect == Effect::kDeny) {
      read_pattern(log, item);  // denied names may be patterns
    }
    principals.push_back(std::move(principal));
  }
  return principals;
}

void read_other_kinds(DocumentLog& log, MapReader& map, RoleConditions& conditions) {
  for (const std::string_view key : kOtherLabels) {
    if (const auto place = map.take(key)) {
      conditions.other_labels.emplace(key, read_labels(log, *place));
    }
  }
  for (const std::string_view key : kOtherValues) {
    if (const auto place = map.take(key)) {
      conditions.other_values.emplace(key, read_templates(log, *place));
    }
  }
}

}  // namespace

LabelSelector read_labels(DocumentLog& log, const Place& place) {
  LabelSelector selector;
  MapReader map(log, place);
  for (const auto& [key, value] : map.take_rest()) {
    std::vector<PatternTemplate>& patterns = selector.labels[key];
    const std::vector<Place> items =
        value.node.is_sequence() ? read_items(log, value) : std::vector<Place>{value};
    for (const Place& item : items) {
      patterns.push_back(read_pattern(log, item, kMaxLabelPattern));
    }
    if (items.empty()) {
      log.error(value, "has no value");
    } else if (key == "*" && (patterns.size() != 1 || patterns.front().text() != "*")) {
      log.error(value, "must be '*' under the key '*'");
    }
  }
  return selector;
}

RoleConditions read_conditions(DocumentLog& log, const std::optional<Place>& place, int version,
                               Effect effect) {
  RoleConditions conditions;
  if (!place) {
    return conditions;
  }
  MapReader map(log, *place);
  if (const auto labels = map.take("kubernetes_labels"); labels && !labels->node.is_empty()) {
    conditions.kubernetes_labels = read_labels(log, *labels);
  }
  if (const auto resources = map.take("kubernetes_resources")) {
    conditions.kubernetes_resources = read_resources(log, *resources, version, effect);
  }
  if (const auto groups = map.take("kubernetes_groups")) {
    conditions.kubernetes_groups = read_principals(log, *groups, effect);
  }
  if (const auto users = map.take("kubernetes_users")) {
    conditions.kubernetes_users = read_principals(log, *users, effect);
  }
  if (const auto request = map.take("request")) {
    conditions.request = read_request(log, *request, effect);
  }
  if (const auto review = map.take("review_requests")) {
    conditions.review_requests = read_review(log, *review, effect);
  }
  if (const auto rules = map.take("rules")) {
    conditions.rules = read_rules(log, *rules, effect);
  }
  read_other_kinds(log, map, conditions);
  if (effect == Effect::kAllow) {
    check_foreign_allow(log, map);
  } else {
    check_foreign_deny(log, map);
  }
  return conditions;
}

}  // namespace postern::rbac
