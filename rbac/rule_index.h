#pragma once

#include "rbac/pattern_set.h"
#include "rbac/rule.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace postern::rbac {

/// The rules of one role (or of one grant's resource IDs) compiled for questions about single
/// objects: by kind, then by namespace, then by name. Built once, immutable, safe from any thread;
/// stays where it was built.
class RuleIndex {
 public:
  RuleIndex(std::vector<Rule> rules, Effect effect);
  RuleIndex(const RuleIndex&) = delete;
  RuleIndex& operator=(const RuleIndex&) = delete;

  static constexpr int kNone = -1;

  const std::vector<Rule>& rules() const { return rules_; }
  bool empty() const { return rules_.empty(); }
  VerbSet verbs(std::uint32_t rule) const { return verbs_[rule]; }
  Effect effect() const { return effect_; }

  /// A rule that reaches the object and has one of the verbs; kNone where there is none.
  /// `must_write_namespaces`: only rules that may change namespace objects.
  int find(const ObjectRef& object, VerbSet verbs, bool must_write_namespaces = false) const;
  /// A rule with a verb that reaches into this namespace, whatever kind; kNone where there is none.
  int find_inside(std::string_view namespace_) const;
  /// The first total wildcard; kNone where there is none.
  int total_wildcard() const { return total_; }

  /// A set of names that apply in one namespace (or to cluster-scoped objects), each numbered with
  /// its rule.
  using Names = PatternSet;
  /// Calls `visit(names)` for every set that applies to this kind in this namespace, or to
  /// cluster-scoped objects of this kind.
  template <typename Visit>
  void for_each_names(std::string_view group, std::string_view plural, bool namespaced,
                      std::string_view namespace_, Visit visit) const {
    for_each_kind(group, plural, [&](const KindTable& table) {
      if (!namespaced) {
        if (table.cluster_scoped != kNoTable) {
          visit(tables_[table.cluster_scoped]);
        }
        return;
      }
      table.namespaces.find(namespace_, effect_, [&](std::uint32_t names) {
        visit(tables_[names]);
        return false;
      });
    });
  }

  /// Calls `accept(rule, number)` for rules that reach this kind in this namespace (or its
  /// cluster-scoped objects) until it returns true; whether it did.
  template <typename Accept>
  bool any_rule_in(std::string_view group, std::string_view plural, bool namespaced,
                   std::string_view namespace_, Accept accept) const {
    bool accepted = false;
    for_each_names(group, plural, namespaced, namespace_, [&](const Names& names) {
      accepted = accepted || names.any([&](const Pattern&, std::uint32_t number) {
        return accept(rules_[number], number);
      });
    });
    return accepted;
  }

  /// Calls `accept(rule, number)` for rules that are about this kind until it returns true; whether
  /// it did.
  template <typename Accept>
  bool any_rule(std::string_view group, std::string_view plural, Accept accept) const {
    bool accepted = false;
    for_each_kind(group, plural, [&](const KindTable& table) {
      for (std::size_t i = 0; i < table.rules.size() && !accepted; ++i) {
        accepted = accept(rules_[table.rules[i]], table.rules[i]);
      }
    });
    return accepted;
  }

 private:
  static constexpr std::uint32_t kNoTable = 0xFFFFFFFFU;

  /// The rules with one kind and one group.
  struct KindTable {
    const Pattern* group = nullptr;
    PatternSet namespaces;  ///< numbered with places in tables_
    std::uint32_t cluster_scoped = kNoTable;
    std::vector<std::uint32_t> rules;
  };
  struct Builder;

  template <typename Visit>
  void for_each_kind(std::string_view group, std::string_view plural, Visit visit) const {
    const auto found = by_plural_.find(plural);
    if (found != by_plural_.end()) {
      for (const KindTable& table : found->second) {
        if (table.group->matches(group, effect_)) {
          visit(table);
        }
      }
    }
    for (const KindTable& table : every_kind_) {
      if (table.group->matches(group, effect_)) {
        visit(table);
      }
    }
  }

  std::vector<Rule> rules_;
  std::vector<VerbSet> verbs_;  ///< of each rule, close together
  Effect effect_;
  int total_ = kNone;
  std::vector<Names> tables_;
  std::map<std::string, std::vector<KindTable>, std::less<>> by_plural_;
  std::vector<KindTable> every_kind_;
  PatternSet inside_;  ///< namespaces of rules with a verb
};

}  // namespace postern::rbac
