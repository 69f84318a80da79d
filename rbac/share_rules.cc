#include "rbac/share_rules.h"

#include <algorithm>
#include <utility>

namespace postern::rbac {

Collection::Collection(std::shared_ptr<const SubjectRules> of, Cluster at, const Need& asked,
                       bool events_only)
    : rules(std::move(of)),
      cluster(std::move(at)),
      group(asked.object.group),
      plural(asked.object.plural),
      served_as(asked.served_as.value_or("")),
      only_name(asked.object.scope == NameScope::kExact ? asked.object.name : std::string_view()),
      only_namespace(only_name.empty() ? std::string_view() : asked.object.namespace_),
      events(events_only) {
  need.object = {group, plural, asked.object.namespaced, "", ""};
  need.verbs = asked.verbs;
  if (asked.served_as) {
    need.served_as = served_as;
  }
}

bool is_given(const Collection& collection, const std::vector<ShareTerm>& terms, const Need& need) {
  const bool allowed = std::any_of(terms.begin(), terms.end(), [&](const ShareTerm& term) {
    return allowing_rule(*term.context, *term.role, collection.cluster, need).has_value();
  });
  return allowed && !denying_rule(*collection.rules, collection.cluster, need);
}

std::unique_ptr<kube::filter::Predicate> make_predicate(const Decision& decision,
                                                        const std::vector<std::size_t>& shares,
                                                        const kube::ApiCatalog& catalog) {
  std::shared_ptr<const Collection> collection;
  std::vector<ShareTerm> terms;
  for (const std::size_t share : shares) {
    const auto& rules = decision.shares.at(share).rules;
    if (rules == nullptr) {
      continue;
    }
    collection = rules->collection();
    terms.insert(terms.end(), rules->terms().begin(), rules->terms().end());
  }
  if (collection == nullptr) {
    return make_nothing_predicate();
  }
  if (collection->events) {
    return make_event_predicate(std::move(collection), std::move(terms), catalog);
  }
  return collection->need.is_namespace_object()
             ? make_namespace_predicate(std::move(collection), std::move(terms))
             : make_object_predicate(std::move(collection), std::move(terms));
}

}  // namespace postern::rbac
