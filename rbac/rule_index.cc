#include "rbac/rule_index.h"

#include <unordered_map>
#include <utility>

namespace postern::rbac {
namespace {

/// Rules share a table when their patterns are the same; the kind keeps a literal from a pattern of
/// the same text.
std::string key_of(const Pattern& pattern) {
  return static_cast<char>('0' + static_cast<int>(pattern.kind())) + pattern.text();
}

}  // namespace

/// What is needed only while building.
struct RuleIndex::Builder {
  explicit Builder(RuleIndex& target) : index(target) {}

  /// A KindTable and where its namespaces' tables stand.
  struct Slot {
    std::vector<KindTable>* list = nullptr;
    std::size_t at = 0;
    std::unordered_map<std::string, std::uint32_t> tables;
    KindTable& table() const { return (*list)[at]; }
  };

  Slot& slot_of(const Rule& rule) {
    const std::string key = rule.plural + '\0' + key_of(rule.group);
    Slot& slot = slots[key];
    if (slot.list == nullptr) {
      slot.list = rule.plural.empty() ? &index.every_kind_ : &index.by_plural_[rule.plural];
      slot.at = slot.list->size();
      slot.list->emplace_back().group = &rule.group;
    }
    return slot;
  }

  std::uint32_t new_table() {
    index.tables_.emplace_back();
    return static_cast<std::uint32_t>(index.tables_.size() - 1);
  }

  void add(const Rule& rule, std::uint32_t number) {
    Slot& slot = slot_of(rule);
    slot.table().rules.push_back(number);
    if (rule.cluster_scoped) {
      std::uint32_t& table = slot.table().cluster_scoped;
      if (table == kNoTable) {
        table = new_table();
      }
      index.tables_[table].add(rule.name, number);
    }
    if (rule.namespaced) {
      const auto [found, is_new] = slot.tables.try_emplace(key_of(rule.namespace_), 0);
      if (is_new) {
        found->second = new_table();
        slot.table().namespaces.add(rule.namespace_, found->second);
      }
      index.tables_[found->second].add(rule.name, number);
    }
  }

  RuleIndex& index;
  std::unordered_map<std::string, Slot> slots;
};

RuleIndex::RuleIndex(std::vector<Rule> rules, Effect effect)
    : rules_(std::move(rules)), effect_(effect) {
  Builder builder(*this);
  for (std::uint32_t i = 0; i < rules_.size(); ++i) {
    const Rule& rule = rules_[i];
    builder.add(rule, i);
    verbs_.push_back(rule.verbs);
    if (rule.namespaced && !rule.verbs.empty()) {
      inside_.add(rule.namespace_, i);
    }
    if (rule.total && total_ == kNone) {
      total_ = static_cast<int>(i);
    }
  }
  for (PatternSet& names : tables_) {
    names.build();
  }
  for (auto& [plural, tables] : by_plural_) {
    for (KindTable& table : tables) {
      table.namespaces.build();
    }
  }
  for (KindTable& table : every_kind_) {
    table.namespaces.build();
  }
  inside_.build();
}

int RuleIndex::find(const ObjectRef& object, VerbSet verbs, bool must_write_namespaces) const {
  int found = kNone;
  const auto accept = [&](std::uint32_t number) {
    if (!verbs_[number].intersects(verbs) ||
        (must_write_namespaces && !rules_[number].writes_namespaces)) {
      return false;
    }
    found = static_cast<int>(number);
    return true;
  };
  if (object.scope != NameScope::kExact) {
    any_rule(object.group, object.plural, [&](const Rule& rule, std::uint32_t number) {
      return reaches(rule, object, effect_) && accept(number);
    });
    return found;
  }
  for_each_names(object.group, object.plural, object.namespaced, object.namespace_,
                 [&](const Names& names) {
                   if (found == kNone) {
                     names.find(object.name, effect_, accept);
                   }
                 });
  return found;
}

int RuleIndex::find_inside(std::string_view namespace_) const {
  int found = kNone;
  inside_.find(namespace_, effect_, [&](std::uint32_t number) {
    found = static_cast<int>(number);
    return true;
  });
  return found;
}

}  // namespace postern::rbac
