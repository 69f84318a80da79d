#include "rbac/share_rules.h"

#include <string>
#include <utility>

namespace postern::rbac {
namespace {

using kube::filter::Item;
using kube::filter::ObjectReference;

class NothingPredicate : public kube::filter::Predicate {
 public:
  bool allows(const Item&) override { return false; }
};

/// Asks for every item what a get of it would ask.
class NamespacePredicate : public kube::filter::Predicate {
 public:
  NamespacePredicate(std::shared_ptr<const Collection> collection, std::vector<ShareTerm> terms)
      : collection_(std::move(collection)), terms_(std::move(terms)) {}

  bool allows(const Item& item) override {
    if (!collection_->is_asked_for(item) || !item.namespace_.empty()) {
      return false;
    }
    Need need = collection_->need;
    need.object.name = item.name;
    return is_given(*collection_, terms_, need);
  }

 private:
  std::shared_ptr<const Collection> collection_;
  std::vector<ShareTerm> terms_;
};

/// "apps" of "apps/v1", "" of "v1".
std::string_view group_of(std::string_view api_version) {
  const std::size_t slash = api_version.find('/');
  return slash == std::string_view::npos ? std::string_view() : api_version.substr(0, slash);
}

/// An event is visible where what it is about is readable, and what it is related to as well; a
/// deny on the event itself hides it, too.
class EventPredicate : public kube::filter::Predicate {
 public:
  EventPredicate(std::shared_ptr<const Collection> collection, std::vector<ShareTerm> terms,
                 const kube::ApiCatalog& catalog)
      : collection_(std::move(collection)), terms_(std::move(terms)), catalog_(catalog) {}

  bool allows(const Item& item) override {
    if (!collection_->is_asked_for(item) || !item.regarding) {
      return false;
    }
    return is_readable(*item.regarding, item.namespace_) &&
           (!item.related || is_nothing(*item.related) || is_readable(*item.related, {})) &&
           !is_denied(item);
  }

 private:
  static bool is_nothing(const ObjectReference& reference) {
    return reference.kind.empty() && reference.name.empty() && reference.namespace_.empty();
  }

  bool is_denied(const Item& item) const {
    Need need = collection_->need;
    need.object.namespace_ = item.namespace_;
    need.object.name = item.name;
    return denying_rule(*collection_->rules, collection_->cluster, need).has_value();
  }

  /// `event_namespace`: an event about an object in another namespace than its own is forged.
  bool is_readable(const ObjectReference& reference, std::string_view event_namespace) const {
    const std::string_view group = group_of(reference.api_version);
    const std::string_view plural = catalog_.resource_of_kind(group, reference.kind);
    const kube::ApiResource* kind = plural.empty() ? nullptr : catalog_.find(group, plural);
    if (kind == nullptr || reference.name.empty() ||
        kind->namespaced == reference.namespace_.empty()) {
      return false;
    }
    if (kind->namespaced && !event_namespace.empty() && reference.namespace_ != event_namespace) {
      return false;
    }
    Need need;
    need.object = {group, plural, kind->namespaced, reference.namespace_, reference.name};
    need.verbs = Verb::kGet;
    return is_given(*collection_, terms_, need);
  }

  std::shared_ptr<const Collection> collection_;
  std::vector<ShareTerm> terms_;
  const kube::ApiCatalog& catalog_;
};

}  // namespace

std::unique_ptr<kube::filter::Predicate> make_nothing_predicate() {
  return std::make_unique<NothingPredicate>();
}

std::unique_ptr<kube::filter::Predicate> make_namespace_predicate(
    std::shared_ptr<const Collection> collection, std::vector<ShareTerm> terms) {
  return std::make_unique<NamespacePredicate>(std::move(collection), std::move(terms));
}

std::unique_ptr<kube::filter::Predicate> make_event_predicate(
    std::shared_ptr<const Collection> collection, std::vector<ShareTerm> terms,
    const kube::ApiCatalog& catalog) {
  return std::make_unique<EventPredicate>(std::move(collection), std::move(terms), catalog);
}

}  // namespace postern::rbac
