#include "kube/text.h"
#include "rbac/load_sections.h"

#include <algorithm>
#include <array>

namespace postern::rbac {
namespace {

constexpr std::string_view kNoMeaning = "has no meaning here and is left out";

constexpr std::array<std::string_view, 5> kAdminResources = {"access_request", "role", "user",
                                                             "session", "kube_cluster"};
constexpr std::array<std::string_view, 5> kAdminVerbs = {"read", "list", "create", "update",
                                                         "delete"};

/// Keys of Teleport that only permit: claims of another identity provider, and remarks.
void warn_of(DocumentLog& log, MapReader& map, std::initializer_list<std::string_view> keys) {
  for (const std::string_view key : keys) {
    if (const auto place = map.take(key); place && !place->node.is_empty()) {
      log.warn(*place, std::string(kNoMeaning));
    }
  }
}

/// Roles by the claims of an identity provider. Here no claim is a role: what that would have given
/// is left out, but what it would have denied must not be.
void read_claims(DocumentLog& log, MapReader& map, Effect effect) {
  if (effect == Effect::kAllow) {
    warn_of(log, map, {"claims_to_roles"});
  } else if (const auto place = map.take("claims_to_roles"); place && !place->node.is_empty()) {
    log.error(*place, "denies by claims, which postern does not have");
  }
}

ReviewThreshold read_threshold(DocumentLog& log, const Place& place) {
  ReviewThreshold threshold;
  MapReader map(log, place);
  if (const auto name = map.take("name")) threshold.name = read_string(log, *name);
  if (const auto filter = map.take("filter")) threshold.filter = read_string(log, *filter);
  if (const auto approve = map.take("approve")) threshold.approve = read_count(log, *approve);
  if (const auto deny = map.take("deny")) threshold.deny = read_count(log, *deny);
  map.finish();
  return threshold;
}

RequestableKind read_requestable(DocumentLog& log, const Place& place) {
  RequestableKind requestable;
  MapReader map(log, place);
  if (const auto kind = map.require("kind")) requestable.kind = read_string(log, *kind);
  if (const auto group = map.take("api_group")) requestable.api_group = read_string(log, *group);
  map.finish();
  return requestable;
}

void read_reason(DocumentLog& log, const Place& place, RequestConditions& request) {
  MapReader map(log, place);
  if (const auto mode = map.take("mode")) {
    const std::string text = read_string(log, *mode);
    request.reason_required = text == "required";
    if (text != "required" && text != "optional" && !text.empty()) {
      log.error(*mode, "must be required or optional");
    }
  }
  if (const auto prompt = map.take("prompt")) request.reason_prompt = read_string(log, *prompt);
  map.finish();
}

template <typename List>
std::vector<std::string> read_known_words(DocumentLog& log, const Place& place, const List& known,
                                          Effect effect) {
  std::vector<std::string> words;
  for (const Place& item : read_items(log, place)) {
    std::string word = read_string(log, item);
    if (word == "*" || std::find(known.begin(), known.end(), word) != known.end()) {
      words.push_back(std::move(word));
    } else if (effect == Effect::kAllow) {
      log.warn(item, std::string(kNoMeaning));
    } else {
      log.error(item, "denies what postern does not have");
    }
  }
  return words;
}

}  // namespace

RequestConditions read_request(DocumentLog& log, const Place& place, Effect effect) {
  RequestConditions request;
  MapReader map(log, place);
  if (const auto roles = map.take("roles")) request.roles = read_patterns(log, *roles);
  if (const auto roles = map.take("search_as_roles")) {
    request.search_as_roles = read_strings(log, *roles);
  }
  if (const auto thresholds = map.take("thresholds")) {
    for (const Place& item : read_items(log, *thresholds)) {
      request.thresholds.push_back(read_threshold(log, item));
    }
    if (effect == Effect::kDeny && !request.thresholds.empty()) {
      log.error(*thresholds, "means nothing under deny");
    }
  }
  if (const auto reviewers = map.take("suggested_reviewers")) {
    request.suggested_reviewers = read_strings(log, *reviewers);
  }
  if (const auto duration = map.take("max_duration")) {
    request.max_duration = read_duration(log, *duration);
  }
  if (const auto kinds = map.take("kubernetes_resources")) {
    request.kubernetes_resources.emplace();
    for (const Place& item : read_items(log, *kinds)) {
      request.kubernetes_resources->push_back(read_requestable(log, item));
    }
  }
  if (const auto reason = map.take("reason")) read_reason(log, *reason, request);
  if (const auto annotations = map.take("annotations")) {
    MapReader keys(log, *annotations);
    for (const auto& [key, values] : keys.take_rest()) {
      request.annotations[key] = read_templates(log, values);
    }
  }
  read_claims(log, map, effect);
  map.finish();
  return request;
}

ReviewConditions read_review(DocumentLog& log, const Place& place, Effect effect) {
  ReviewConditions review;
  MapReader map(log, place);
  if (const auto roles = map.take("roles")) review.roles = read_patterns(log, *roles);
  if (const auto roles = map.take("preview_as_roles")) {
    review.preview_as_roles = read_strings(log, *roles);
  }
  if (const auto where = map.take("where")) review.where = read_string(log, *where);
  read_claims(log, map, effect);
  map.finish();
  return review;
}

std::vector<AdminRule> read_rules(DocumentLog& log, const Place& place, Effect effect) {
  std::vector<AdminRule> rules;
  for (const Place& item : read_items(log, place)) {
    AdminRule rule;
    MapReader map(log, item);
    if (const auto resources = map.require("resources")) {
      rule.resources = read_known_words(log, *resources, kAdminResources, effect);
    }
    if (const auto verbs = map.require("verbs")) {
      rule.verbs = read_known_words(log, *verbs, kAdminVerbs, effect);
    }
    if (const auto where = map.take("where"); where && !where->node.is_empty()) {
      log.error(*where,
                "restricts in a way that postern does not have, so that the role cannot be used");
    }
    warn_of(log, map, {"actions"});
    map.finish();
    rules.push_back(std::move(rule));
  }
  return rules;
}

}  // namespace postern::rbac
