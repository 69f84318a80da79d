#include "rbac/share_rules.h"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <utility>

namespace postern::rbac {
namespace {

using kube::filter::Item;

/// So many sets of names are asked one after the other; more are joined into one.
constexpr std::size_t kFewSets = 8;
constexpr std::size_t kMaxMemo = 16'384;

/// Names that some rules with the wanted verbs reach in one namespace: none, all, or those of the
/// sets.
class NamesInNamespace {
 public:
  void add(const RuleIndex& index, const PatternSet& names, VerbSet verbs) {
    bool has_any = false;
    bool has_some = false;
    bool has_others = false;
    names.for_each([&](const Pattern& pattern, std::uint32_t rule) {
      if (index.verbs(rule).intersects(verbs)) {
        has_some = true;
        has_any = has_any || pattern.is_any();
      } else {
        has_others = true;
      }
    });
    all_ = all_ || has_any;
    if (has_some && !all_) {
      sets_.push_back({&index, &names, has_others});
    }
  }

  /// Call it after the last add().
  void finish(VerbSet verbs) {
    if (all_) {
      sets_.clear();
    }
    if (sets_.size() <= kFewSets) {
      return;
    }
    joined_ = std::make_unique<PatternSet>();
    for (const Set& set : sets_) {
      set.names->for_each([&](const Pattern& pattern, std::uint32_t rule) {
        if (set.index->verbs(rule).intersects(verbs)) {
          joined_->add(pattern, 0);
        }
      });
    }
    joined_->build();
  }

  bool all() const { return all_; }
  bool none() const { return !all_ && sets_.empty(); }

  bool contains(std::string_view name, VerbSet verbs, Effect effect) const {
    if (all_) {
      return true;
    }
    if (joined_ != nullptr) {
      return joined_->find(name, effect, [](std::uint32_t) { return true; });
    }
    return std::any_of(sets_.begin(), sets_.end(), [&](const Set& set) {
      if (!set.check_verbs) {
        return set.names->find(name, effect, [](std::uint32_t) { return true; });
      }
      return set.names->find(name, effect, [&](std::uint32_t rule) {
        return set.index->verbs(rule).intersects(verbs);
      });
    });
  }

 private:
  struct Set {
    const RuleIndex* index;
    const PatternSet* names;
    bool check_verbs;  ///< some of them have other verbs only
  };
  bool all_ = false;
  std::vector<Set> sets_;
  std::unique_ptr<PatternSet> joined_;
};

/// What one namespace lets through.
struct NamespaceVerdict {
  enum class Kind { kNothing, kEverything, kByName };

  Kind kind = Kind::kNothing;
  NamesInNamespace alone;  ///< of roles that need nothing else
  /// Of roles in grants: the name has to be in all of the inner ones.
  std::vector<std::vector<NamesInNamespace>> together;
  NamesInNamespace denied;

  bool allows(std::string_view name, VerbSet verbs) const {
    const auto in_all = [&](const std::vector<NamesInNamespace>& parts) {
      return std::all_of(parts.begin(), parts.end(), [&](const NamesInNamespace& part) {
        return part.contains(name, verbs, Effect::kAllow);
      });
    };
    return (alone.contains(name, verbs, Effect::kAllow) ||
            std::any_of(together.begin(), together.end(), in_all)) &&
           !denied.contains(name, verbs, Effect::kDeny);
  }
};

class ObjectPredicate : public kube::filter::Predicate {
 public:
  ObjectPredicate(std::shared_ptr<const Collection> collection, std::vector<ShareTerm> terms)
      : collection_(std::move(collection)), verbs_(collection_->need.verbs) {
    for (const ShareTerm& term : terms) {
      add_term(term);
    }
    for (const auto& role : collection_->rules->denying) {
      nothing_ = nothing_ || role->denies_cluster(collection_->cluster);
      if (!role->deny.empty()) {
        denies_.push_back(&role->deny);
      }
    }
  }

  bool allows(const Item& item) override {
    if (!collection_->is_asked_for(item)) {
      return false;
    }
    if (last_ == nullptr || item.namespace_ != last_namespace_) {
      last_ = &verdict_of(item.namespace_);
      last_namespace_ = item.namespace_;
    }
    switch (last_->kind) {
      case NamespaceVerdict::Kind::kNothing:
        return false;
      case NamespaceVerdict::Kind::kEverything:
        return true;
      case NamespaceVerdict::Kind::kByName:
        return last_->allows(item.name, verbs_);
    }
    return false;
  }

 private:
  void add_term(const ShareTerm& term) {
    std::vector<const RuleIndex*> parts = {&term.role->rules->allow};
    if (term.role->today != nullptr) {
      parts.push_back(&term.role->today->allow);
    }
    if (term.context->has_ids) {
      const auto ids = term.context->ids.find(collection_->cluster.name);
      if (ids == term.context->ids.end()) {
        return;
      }
      parts.push_back(ids->second.get());
    }
    if (parts.size() == 1) {
      alone_.push_back(parts.front());
    } else {
      together_.push_back(std::move(parts));
    }
  }

  void add_names(const RuleIndex& index, std::string_view group, std::string_view space,
                 NamesInNamespace& names) const {
    const ObjectRef& object = collection_->need.object;
    index.for_each_names(group, object.plural, object.namespaced, space,
                         [&](const PatternSet& set) { names.add(index, set, verbs_); });
  }

  NamesInNamespace names_in(const RuleIndex& index, std::string_view space) const {
    NamesInNamespace names;
    add_names(index, collection_->need.object.group, space, names);
    names.finish(verbs_);
    return names;
  }

  const NamespaceVerdict& verdict_of(std::string_view space) {
    if (memo_.size() >= kMaxMemo) {
      memo_.clear();
    }
    const auto [found, is_new] = memo_.try_emplace(std::string(space));
    if (is_new) {
      work_out(found->second, found->first);
    }
    return found->second;
  }

  void work_out(NamespaceVerdict& verdict, std::string_view space) const {
    // Where discovery and the object disagree about the scope, nobody knows which rule it is under.
    if (nothing_ || collection_->need.object.namespaced == space.empty()) {
      return;
    }
    for (const RuleIndex* index : alone_) {
      add_names(*index, collection_->need.object.group, space, verdict.alone);
    }
    verdict.alone.finish(verbs_);
    bool some = !verdict.alone.none();
    bool all = verdict.alone.all();
    for (const auto& parts : together_) {
      std::vector<NamesInNamespace> names;
      for (const RuleIndex* index : parts) {
        names.push_back(names_in(*index, space));
      }
      const auto has_none = [](const NamesInNamespace& part) { return part.none(); };
      const auto has_all = [](const NamesInNamespace& part) { return part.all(); };
      if (std::any_of(names.begin(), names.end(), has_none)) {
        continue;
      }
      some = true;
      all = all || std::all_of(names.begin(), names.end(), has_all);
      verdict.together.push_back(std::move(names));
    }
    for (const RuleIndex* index : denies_) {
      for_each_denied_group(collection_->need, [&](std::string_view group) {
        add_names(*index, group, space, verdict.denied);
      });
    }
    verdict.denied.finish(verbs_);
    if (some && !verdict.denied.all()) {
      verdict.kind = all && verdict.denied.none() ? NamespaceVerdict::Kind::kEverything
                                                  : NamespaceVerdict::Kind::kByName;
    }
  }

  std::shared_ptr<const Collection> collection_;
  VerbSet verbs_;
  bool nothing_ = false;
  std::vector<const RuleIndex*> alone_;
  std::vector<std::vector<const RuleIndex*>> together_;
  std::vector<const RuleIndex*> denies_;

  std::unordered_map<std::string, NamespaceVerdict> memo_;
  const NamespaceVerdict* last_ = nullptr;
  std::string last_namespace_;
};

}  // namespace

std::unique_ptr<kube::filter::Predicate> make_object_predicate(
    std::shared_ptr<const Collection> collection, std::vector<ShareTerm> terms) {
  return std::make_unique<ObjectPredicate>(std::move(collection), std::move(terms));
}

}  // namespace postern::rbac
