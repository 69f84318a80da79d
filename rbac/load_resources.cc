#include "kube/text.h"
#include "rbac/load_sections.h"
#include "rbac/resource_id.h"

#include <algorithm>
#include <array>

namespace postern::rbac {
namespace {

constexpr int kFirstWithKinds = 7;   // until then rules are about pods only
constexpr int kFirstWithGroups = 8;  // from then on kinds are plurals with a group

constexpr std::array<std::string_view, 17> kCorePlurals = {
    "bindings",
    "componentstatuses",
    "configmaps",
    "endpoints",
    "events",
    "limitranges",
    "namespaces",
    "nodes",
    "persistentvolumeclaims",
    "persistentvolumes",
    "pods",
    "podtemplates",
    "replicationcontrollers",
    "resourcequotas",
    "secrets",
    "serviceaccounts",
    "services",
};

bool is_core_plural(std::string_view kind) {
  return std::find(kCorePlurals.begin(), kCorePlurals.end(), kind) != kCorePlurals.end();
}

bool is_lower_case_word(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

/// One entry while it is being read.
class ResourceReader {
 public:
  ResourceReader(DocumentLog& log, const Place& place, int version, Effect effect)
      : log_(log), map_(log, place), version_(version), effect_(effect) {}

  KubeResourceRule read() {
    read_kind();
    read_group();
    read_namespace();
    if (const auto name = map_.require("name")) {
      rule_.name = read_pattern(log_, *name);
      if (name->node.is_scalar() && name->node.text.empty()) {
        log_.error(*name, "is empty");
      }
    }
    read_verbs();
    map_.finish();
    warn_of_nothing();
    return std::move(rule_);
  }

 private:
  void read_kind() {
    const auto place = map_.require("kind");
    if (!place) {
      return;
    }
    rule_.kind = read_template(log_, *place);
    const std::string& kind = rule_.kind.text();
    if (rule_.kind.has_trait() && version_ >= kFirstWithKinds) {
      return;
    }
    if (version_ < kFirstWithKinds && kind != "pod") {
      log_.error(*place, "must be pod in a role of version v" + std::to_string(version_));
    } else if (version_ == kFirstWithKinds && kind != "*" && find_short_kind(kind) == nullptr) {
      log_.error(*place, "unknown kind " + kube::quoted(kind) + " for a role of version v7");
    } else if (version_ >= kFirstWithGroups && kind != "*" && !is_lower_case_word(kind)) {
      log_.error(*place, "must be a plural in lower case or *, never a pattern");
    }
  }

  void read_group() {
    const std::string& kind = rule_.kind.text();
    const auto place = map_.take("api_group");
    if (version_ < kFirstWithGroups) {
      if (place && !place->node.is_empty()) {
        log_.error(*place, "must be empty in a role before version v8");
      }
      return;
    }
    if (!place) {
      if (!is_core_plural(kind)) {
        log_.error(map_.place(), "needs an api_group: only kinds of the core group go without");
      }
      return;
    }
    rule_.api_group = read_pattern(log_, *place);
    if (rule_.api_group.text() == "core") {
      rule_.api_group = PatternTemplate::fixed(Pattern());
    }
    const ShortKind* legacy = find_short_kind(kind);
    if (legacy != nullptr &&
        (rule_.api_group.text() == "*" || rule_.api_group.text() == legacy->group)) {
      log_.error(map_.place(), "kind " + kube::quoted(kind) + " is written " +
                                   kube::quoted(legacy->plural) + " from version v8 on");
    }
  }

  /// The scope of the rule's kind, where it is known without asking a cluster.
  std::optional<bool> known_namespaced() const {
    const std::string& kind = rule_.kind.text();
    const ShortKind* known = version_ < kFirstWithGroups
                                 ? find_short_kind(kind)
                                 : find_short_kind(rule_.api_group.text(), kind);
    return known == nullptr ? std::nullopt : std::optional<bool>(known->namespaced);
  }

  void read_namespace() {
    const auto place = map_.take("namespace");
    if (place) {
      rule_.namespace_ = read_pattern(log_, *place);
    }
    rule_.namespace_absent = !place;
    rule_.namespace_written = place && !rule_.namespace_.text().empty();
    const bool wildcard = rule_.kind.text() == "*";
    const bool needed = known_namespaced().value_or(wildcard && version_ < kFirstWithGroups);
    if (needed && !rule_.namespace_written) {
      log_.error(map_.place(), "needs a namespace");
    }
  }

  void read_verbs() {
    const auto place = map_.take("verbs");
    if (version_ < kFirstWithKinds) {
      rule_.all_verbs = true;
      if (place && (place->node.items.size() != 1 || place->node.items.front().text != "*")) {
        log_.error(*place, "must be [*] in a role before version v7");
      }
      return;
    }
    if (place) {
      for (const Place& item : read_items(log_, *place)) {
        read_verb(item, place->node.items.size());
      }
    }
    const bool none = !rule_.all_verbs && rule_.verbs.empty() && rule_.verb_traits.empty();
    if (none && effect_ == Effect::kDeny) {
      rule_.all_verbs = true;  // a deny never weakens by a gap
    } else if (none) {
      log_.warn(map_.place(), "has no verbs and gives nothing");
    }
  }

  void read_verb(const Place& item, std::size_t count) {
    TraitTemplate verb = read_template(log_, item);
    if (verb.has_trait()) {
      rule_.verb_traits.push_back(std::move(verb));
    } else if (verb.text() == "*") {
      rule_.all_verbs = true;
      if (count > 1) {
        log_.error(item, "* must be the only verb");
      }
    } else if (const auto known = parse_verb(verb.text())) {
      rule_.verbs |= *known;
    } else {
      log_.error(item, "unknown verb " + kube::quoted(verb.text()));
    }
  }

  /// Rules that are right but give less than their author may think.
  void warn_of_nothing() {
    if (effect_ == Effect::kDeny || log_.failed()) {
      return;
    }
    const std::string& kind = rule_.kind.text();
    const bool limited = rule_.namespace_written && rule_.namespace_.text() != "*";
    if (version_ == kFirstWithKinds && kind == "*" && limited) {
      log_.warn(map_.place(), "is limited to namespaces and gives nothing cluster-scoped here");
    }
    if (version_ >= kFirstWithGroups && known_namespaced() == false && limited) {
      log_.warn(map_.place(), "is limited to namespaces and gives nothing: the kind has none");
    }
    const std::string& group = rule_.api_group.text();
    const bool by_reference = (kind == "events" && (group.empty() || group == "events.k8s.io")) ||
                              (group == "metrics.k8s.io" && (kind == "pods" || kind == "nodes"));
    if (by_reference && (rule_.all_verbs || rule_.verbs.intersects(kReadVerbs))) {
      log_.warn(map_.place(), "get, list and watch give nothing here: " +
                                  std::string(kind == "events" ? "events are" : "metrics are") +
                                  " readable where what they are about is");
    }
  }

  DocumentLog& log_;
  MapReader map_;
  int version_;
  Effect effect_;
  KubeResourceRule rule_;
};

}  // namespace

std::vector<KubeResourceRule> read_resources(DocumentLog& log, const Place& place, int version,
                                             Effect effect) {
  std::vector<KubeResourceRule> rules;
  for (const Place& item : read_items(log, place)) {
    rules.push_back(ResourceReader(log, item, version, effect).read());
  }
  return rules;
}

}  // namespace postern::rbac
