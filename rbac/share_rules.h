#pragma once

#include "rbac/authorize.h"
#include "rbac/evaluate.h"

#include <memory>
#include <string>
#include <vector>

namespace postern::rbac {

/// What a collection was asked for, kept beyond the request. Immutable.
struct Collection {
  Collection(std::shared_ptr<const SubjectRules> of, Cluster at, const Need& asked,
             bool events_only);
  Collection(const Collection&) = delete;
  Collection& operator=(const Collection&) = delete;

  std::shared_ptr<const SubjectRules> rules;
  Cluster cluster;
  std::string group;
  std::string plural;
  std::string served_as;
  std::string only_name;       ///< "" for every name
  std::string only_namespace;  ///< "" for every namespace; otherwise only together with only_name
  Need need;                   ///< refers to the strings above; of no object in particular
  bool events = false;         ///< filtered by what events are about

  bool is_asked_for(const kube::filter::Item& item) const {
    return !item.name.empty() && (only_name.empty() || item.name == only_name) &&
           (only_namespace.empty() || item.namespace_ == only_namespace);
  }
};

/// One role of one context.
struct ShareTerm {
  const RoleContext* context;
  const UsableRole* role;
};

/// What a share lets through: the objects of the collection that one of its roles gives, without
/// those that any role denies. Immutable.
class ShareRules {
 public:
  ShareRules(std::shared_ptr<const Collection> collection, std::vector<ShareTerm> terms)
      : collection_(std::move(collection)), terms_(std::move(terms)) {}

  const std::shared_ptr<const Collection>& collection() const { return collection_; }
  const std::vector<ShareTerm>& terms() const { return terms_; }

 private:
  std::shared_ptr<const Collection> collection_;
  std::vector<ShareTerm> terms_;
};

/// Whether one of the terms gives the need and nothing denies it: the plain way, for single
/// questions.
bool is_given(const Collection& collection, const std::vector<ShareTerm>& terms, const Need& need);

/// Lets nothing through.
std::unique_ptr<kube::filter::Predicate> make_nothing_predicate();
/// The fast predicate for objects of ordinary kinds.
std::unique_ptr<kube::filter::Predicate> make_object_predicate(
    std::shared_ptr<const Collection> collection, std::vector<ShareTerm> terms);
/// For namespace objects, which whatever reaches inside makes readable.
std::unique_ptr<kube::filter::Predicate> make_namespace_predicate(
    std::shared_ptr<const Collection> collection, std::vector<ShareTerm> terms);
/// For events, which are readable where what they are about is. `catalog` must outlive it.
std::unique_ptr<kube::filter::Predicate> make_event_predicate(
    std::shared_ptr<const Collection> collection, std::vector<ShareTerm> terms,
    const kube::ApiCatalog& catalog);

}  // namespace postern::rbac
