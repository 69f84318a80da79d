#include "proxy/audit_policy_file.h"

#include "proxy/config_parser.h"
#include "proxy/config_values.h"
#include "proxy/read_file.h"
#include "proxy/yaml_document.h"

#include <algorithm>
#include <map>
#include <utility>

// Tested by tests/proxy/audit_policy_file_test.cc
namespace postern::proxy {
namespace {

using V = ConfigVisitor;
using audit::GroupResources;
using audit::PolicyRule;

constexpr std::size_t kMaxFileBytes = 1024 * 1024;

/// What kubectl and editors add, and the name that people give it; nothing of it means anything
/// here.
struct PolicyMetadata {
  std::string name;
  std::string namespace_;
  std::string created;
  std::map<std::string, std::string> labels;
  std::map<std::string, std::string> annotations;
};

struct PolicyDocument {
  std::string api_version;
  std::string kind;
  PolicyMetadata metadata;
  audit::Policy policy;
};

std::string check_api_version(std::string_view text) {
  return text == "audit.k8s.io/v1" ? "" : "must be audit.k8s.io/v1";
}
std::string check_kind(std::string_view text) {
  return text == "Policy" ? "" : "must be Policy";
}
std::string check_any(std::string_view) {
  return {};
}
std::string check_word(std::string_view text) {
  return text.empty() ? "must not be empty" : "";
}
std::string check_group(std::string_view text) {
  return text.empty() ? "" : check_dns_subdomain(text);
}
std::string check_url(std::string_view text) {
  if (text == "*") return {};
  if (!text.starts_with('/')) return "must begin with /, or be *";
  const std::size_t star = text.find('*');
  return star == std::string_view::npos || star + 1 == text.size() ? ""
                                                                   : "may have a * only at its end";
}
std::string check_stage(std::string_view text) {
  const auto& names = audit::kStageNames;
  if (std::find(names.begin(), names.end(), text) != names.end()) return {};
  return "must be one of RequestReceived, ResponseStarted, ResponseComplete, Panic";
}

void visit_stages(V& visitor, audit::StageSet& stages) {
  std::vector<std::string> words;
  visitor.texts(words, check_stage);
  for (std::size_t i = 0; i < audit::kStageNames.size(); ++i) {
    if (std::find(words.begin(), words.end(), audit::kStageNames.at(i)) != words.end()) {
      stages.insert(static_cast<audit::Stage>(i));
    }
  }
}

constexpr ConfigField<GroupResources> kResources[] = {
    {"group", [](V& v, GroupResources& r) { v.text(r.group, check_group); }},
    {"resources", [](V& v, GroupResources& r) { v.texts(r.resources, check_word); }},
    {"resourceNames", [](V& v, GroupResources& r) { v.texts(r.resource_names, check_word); }},
};

constexpr ConfigField<PolicyRule> kRule[] = {
    {"level",
     [](V& v, PolicyRule& r) {
       auto index = static_cast<std::size_t>(r.level);
       v.choice(index, audit::kLevelNames);
       r.level = static_cast<audit::Level>(index);
     },
     true},
    {"users", [](V& v, PolicyRule& r) { v.texts(r.users, check_word); }},
    {"userGroups", [](V& v, PolicyRule& r) { v.texts(r.user_groups, check_word); }},
    {"verbs", [](V& v, PolicyRule& r) { v.texts(r.verbs, check_word); }},
    {"resources", [](V& v, PolicyRule& r) { v.sections(r.resources, kResources); }},
    {"namespaces", [](V& v, PolicyRule& r) { v.texts(r.namespaces, check_any); }},
    {"nonResourceURLs", [](V& v, PolicyRule& r) { v.texts(r.non_resource_urls, check_url); }},
    {"omitStages", [](V& v, PolicyRule& r) { visit_stages(v, r.omit_stages); }},
    {"omitManagedFields",
     [](V& v, PolicyRule& r) {
       bool omit = false;
       v.boolean(omit);
       r.omit_managed_fields = omit;
     }},
};

constexpr ConfigField<PolicyMetadata> kMetadata[] = {
    {"name", [](V& v, PolicyMetadata& m) { v.text(m.name, check_any); }},
    {"namespace", [](V& v, PolicyMetadata& m) { v.text(m.namespace_, check_any); }},
    {"creationTimestamp", [](V& v, PolicyMetadata& m) { v.text(m.created, check_any); }},
    {"labels", [](V& v, PolicyMetadata& m) { v.text_map(m.labels, check_any, check_any); }},
    {"annotations",
     [](V& v, PolicyMetadata& m) { v.text_map(m.annotations, check_any, check_any); }},
};

constexpr ConfigField<PolicyDocument> kPolicy[] = {
    {"apiVersion", [](V& v, PolicyDocument& d) { v.text(d.api_version, check_api_version); }, true},
    {"kind", [](V& v, PolicyDocument& d) { v.text(d.kind, check_kind); }, true},
    {"metadata", [](V& v, PolicyDocument& d) { v.section(d.metadata, kMetadata); }},
    {"rules", [](V& v, PolicyDocument& d) { v.sections(d.policy.rules, kRule); }, true},
    {"omitStages", [](V& v, PolicyDocument& d) { visit_stages(v, d.policy.omit_stages); }},
    {"omitManagedFields", [](V& v, PolicyDocument& d) { v.boolean(d.policy.omit_managed_fields); }},
};

void check_rule(ConfigParser& parser, const std::string& key, const PolicyRule& rule) {
  const bool about_resources = !rule.resources.empty() || !rule.namespaces.empty();
  if (about_resources && !rule.non_resource_urls.empty()) {
    parser.add_error(key + ".nonResourceURLs",
                     "goes not together with resources and namespaces: no request is both");
  }
  for (std::size_t i = 0; i < rule.resources.size(); ++i) {
    const GroupResources& entry = rule.resources[i];
    if (!entry.resource_names.empty() && entry.resources.empty()) {
      parser.add_error(key + ".resources[" + std::to_string(i) + "].resourceNames",
                       "needs resources beside it");
    }
  }
}

}  // namespace

Loaded<audit::Policy> parse_audit_policy(const std::string& file, std::string_view yaml) {
  const auto root = parse_yaml_document(file, yaml);
  if (!root) return tl::unexpected(root.error());
  ConfigParser parser(file, *root);
  PolicyDocument document;
  parser.section(document, kPolicy);
  const std::vector<PolicyRule>& rules = document.policy.rules;
  if (rules.empty() && parser.has_key("rules")) {
    parser.add_error("rules", "needs at least one rule");
  }
  for (std::size_t i = 0; i < rules.size(); ++i) {
    check_rule(parser, "rules[" + std::to_string(i) + "]", rules[i]);
  }
  if (auto errors = parser.take_errors(); !errors.empty()) {
    return tl::unexpected(std::move(errors));
  }
  return std::move(document.policy);
}

Loaded<audit::Policy> load_audit_policy(const std::string& file) {
  const auto text = read_file(file, kMaxFileBytes);
  if (!text) return tl::unexpected(text.error());
  return parse_audit_policy(file, *text);
}

}  // namespace postern::proxy
