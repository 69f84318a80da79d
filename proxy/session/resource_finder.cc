#include "proxy/session/resource_finder.h"

#include "kube/api_grammar.h"
#include "kube/text.h"
#include "proxy/session/found_objects.h"
#include "proxy/session/object_lister.h"
#include "rbac/request/search.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace postern::proxy {
namespace {

using access::FoundResource;
using access::PreviewAnswer;
using access::ResourceAnswer;
using access::ResourceQuestion;

constexpr std::size_t kDefaultLimit = 100;
constexpr std::size_t kMaxLimit = 1000;
constexpr std::size_t kPageSize = 500;
constexpr std::size_t kMaxPreviewed = 200;
/// How long one call looks before it answers with what it has.
constexpr std::chrono::seconds kPatience{5};
/// The name under which such a list appears in the cluster's audit log, where the access request of
/// other calls stands.
constexpr const char* kSearchGrant = "search";

kube::Status invalid(std::string field, std::string message) {
  auto status = kube::Status::unprocessable(
      "ResourceSearch.access.postern.dev is invalid: " + field + ": " + message);
  status.causes.push_back({"FieldValueInvalid", std::move(message), std::move(field)});
  return status;
}

std::string selector_of(const std::map<std::string, std::string>& labels) {
  std::string selector;
  for (const auto& [key, value] : labels) {
    selector += (selector.empty() ? "" : ",") + key + "=" + value;
  }
  return selector;
}

bool is_label_text(std::string_view text, std::string_view more) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           more.find(c) != std::string_view::npos;
  });
}

/// Labels become a selector: nothing in them may be a part of its grammar.
Result<void> check_labels(const std::map<std::string, std::string>& labels) {
  for (const auto& [key, value] : labels) {
    if (key.empty() || !is_label_text(key, "-_./") || !is_label_text(value, "-_.")) {
      return fail(invalid("spec.labels", kube::quoted(key + "=" + value) + " cannot be a label"));
    }
  }
  return {};
}

bool is_literal(const rbac::Pattern& pattern) {
  return pattern.kind() == rbac::Pattern::Kind::kLiteral;
}

/// The ID of all objects of the kind that the search is about.
Result<rbac::ResourceId> id_of_all(const std::string& installation,
                                   const ResourceQuestion& question,
                                   const kube::ApiResource& resource) {
  return rbac::ResourceId::parse(rbac::resource_id_text(
      installation, question.kube_cluster,
      {.group = resource.group,
       .plural = resource.resource,
       .namespaced = resource.namespaced,
       .namespace_ = question.all_namespaces ? std::string_view("*") : question.namespace_,
       .name = "*"}));
}

/// The kind, as the cluster serves it.
Result<const kube::ApiResource*> find_kind(const kube::ApiCatalog& catalog,
                                           const ResourceQuestion& question) {
  const auto kind = searched_kind(question.kind);
  if (!kind) {
    return fail(invalid("spec.kind", kube::quoted(question.kind) +
                                         " is neither a short kind (pod, secret, …) nor "
                                         "PLURAL.GROUP"));
  }
  const kube::ApiResource* resource = catalog.find(kind->group, kind->plural);
  if (resource == nullptr || !resource->verbs.contains("list")) {
    return fail(invalid("spec.kind", "the cluster has no kind " + kube::quoted(question.kind)));
  }
  if (resource->namespaced && question.namespace_.empty() && !question.all_namespaces) {
    return fail(invalid("spec.namespace", "a namespace is needed, or allNamespaces"));
  }
  if (!question.namespace_.empty() && !kube::is_dns_label(question.namespace_)) {
    return fail(invalid("spec.namespace", kube::quoted(question.namespace_) +
                                              " is no name of a namespace; patterns are for "
                                              "resource IDs"));
  }
  return resource;
}

/// Of a cluster that the reader's roles do not reach nothing is told, so that a hidden one is as
/// one that does not exist; a reader who knows the request wants to know more than that.
std::string why_not(const kube::Status& refused) {
  constexpr unsigned kNotFound = 404;
  return refused.code == kNotFound ? "none of the roles that you may preview as reaches it"
                                   : refused.message;
}

std::string binding_of(const access::Caller& caller, const ResourceQuestion& question) {
  std::string binding = "search";
  const std::string selector = selector_of(question.labels);
  for (const std::string_view part :
       {std::string_view(caller.user.name), std::string_view(question.kube_cluster),
        std::string_view(question.kind), std::string_view(question.namespace_),
        std::string_view(selector)}) {
    binding += std::to_string(part.size()) + ':';
    binding += part;
  }
  return binding;
}

}  // namespace

/// One search while it runs.
struct ClusterResourceFinder::Search {
  std::shared_ptr<const kube::ApiCatalog> catalog;  ///< keeps `list.resource`
  ObjectQuestion list;
  std::size_t limit = kDefaultLimit;
  std::string binding;
  std::string token;
};

rbac::request::Person ClusterResourceFinder::person(const access::Caller& caller) {
  rbac::StaticRights rights = state_.policy()->static_rights(caller.user);
  return {caller.user.name, std::move(rights.traits), std::move(rights.roles)};
}

ResourceAnswer ClusterResourceFinder::search_clusters(const access::Caller& caller,
                                                      const ResourceQuestion& question) {
  const auto directory = directory_.load();
  const rbac::request::Person who = person(caller);
  ResourceAnswer answer;
  for (const auto& [name, cluster] : directory->kube_clusters) {
    const bool labelled = std::includes(cluster.labels.begin(), cluster.labels.end(),
                                        question.labels.begin(), question.labels.end());
    ObjectSummary summary{name, "", cluster.labels, "", ""};
    if (labelled && caller.user.counts_at(name) && sees_cluster(who, *directory, cluster) &&
        has_words(summary, question.search)) {
      answer.resources.push_back(
          {"/" + directory->cluster_name + "/kube_cluster/" + name, name, "", cluster.labels});
    }
  }
  return answer;
}

Result<ClusterResourceFinder::Search> ClusterResourceFinder::prepare(
    const access::Caller& caller, const ResourceQuestion& question) {
  if (auto checked = check_labels(question.labels); !checked) {
    return fail(std::move(checked.error()));
  }
  if (question.kube_cluster.empty()) {
    return fail(invalid("spec.kubeCluster", "is required: there is no default cluster"));
  }
  const auto directory = directory_.load();
  const rbac::request::Person who = person(caller);
  ClusterState* cluster = state_.cluster(question.kube_cluster);
  const auto* known = directory->kube_cluster(question.kube_cluster);
  if (cluster == nullptr || known == nullptr || !caller.user.counts_at(question.kube_cluster) ||
      !sees_cluster(who, *directory, *known)) {
    return fail(invalid("spec.kubeCluster",
                        "there is no kube cluster " + kube::quoted(question.kube_cluster)));
  }
  Search search;
  search.catalog = cluster->catalog.get();
  if (!search.catalog) {
    return fail(kube::Status::unavailable("the cluster's kinds have not been discovered yet"));
  }
  const auto resource = find_kind(*search.catalog, question);
  if (!resource) {
    return fail(resource.error());
  }
  const auto every_one = id_of_all(directory->cluster_name, question, **resource);
  if (!every_one) {
    return fail(invalid("spec.namespace", every_one.error().message));
  }
  const rbac::request::RoleSet roles = roles_to_search(who, *directory, *every_one);
  if (roles.empty()) {
    return fail(kube::Status::forbidden("none of your roles lets you search " +
                                        kube::printable(question.kind) +
                                        " (search_as_roles, request.kubernetes_resources)"));
  }
  search.list = list_as(caller, roles);
  search.list.kube_cluster = question.kube_cluster;
  search.list.resource = *resource;
  search.list.namespace_ = question.all_namespaces ? "" : question.namespace_;
  search.list.label_selector = selector_of(question.labels);
  search.limit = question.limit == 0 ? kDefaultLimit : std::min(question.limit, kMaxLimit);
  search.binding = binding_of(caller, question);
  if (!question.continue_token.empty()) {
    auto token = state_.shared().sealer.open(question.continue_token, search.binding);
    if (!token) {
      return fail(invalid("spec.continue", "it was not made for this search"));
    }
    search.token = std::move(*token);
  }
  return search;
}

/// A list in the name of the caller with these roles alone; the denies of static roles count too.
ObjectQuestion ClusterResourceFinder::list_as(const access::Caller& caller,
                                              const rbac::request::RoleSet& roles) {
  ObjectQuestion list;
  list.user = caller.user;
  list.audit_id = caller.audit_id;
  list.policy = state_.policy();
  list.subject =
      list.policy->subject(caller.user, {rbac::Grant{kSearchGrant, roles, {}, std::nullopt}});
  return list;
}

Task<Result<ResourceAnswer>> ClusterResourceFinder::search(access::Caller caller,
                                                           ResourceQuestion question) {
  if (question.kind == "kube_cluster") {
    co_return search_clusters(caller, question);
  }
  if (question.kube_cluster.empty()) {
    question.kube_cluster = state_.shared().default_cluster;
  }
  auto search = prepare(caller, question);
  if (!search) {
    co_return fail(std::move(search.error()));
  }
  FoundObjects found(search->list.policy->cluster_name(), question.kube_cluster,
                     *search->list.resource);
  ResourceAnswer answer;
  const auto until = Clock::now() + kPatience;
  do {
    // A page is taken whole, so that the token behind it loses nothing; where words leave out most
    // of it, small pages would take for ever.
    const std::size_t wanted = search->limit - answer.resources.size();
    const std::size_t page_size = question.search.empty() ? std::min(kPageSize, wanted) : kPageSize;
    auto page = co_await list_objects(state_, search->list, search->token, page_size);
    if (!page) {
      co_return fail(std::move(page.error()));
    }
    for (ObjectSummary& object : page->objects) {
      if (!has_words(object, question.search)) continue;
      if (auto pattern = found.new_pattern(object)) {
        answer.patterns.push_back(std::move(*pattern));
      }
      answer.resources.push_back(found.found(std::move(object)));
    }
    search->token = std::move(page->next);
  } while (!search->token.empty() && answer.resources.size() < search->limit &&
           Clock::now() < until);
  if (!search->token.empty()) {
    answer.continue_token = state_.shared().sealer.seal(search->token, search->binding);
  }
  co_return answer;
}

Task<Result<void>> ClusterResourceFinder::preview_id(const access::Caller& caller,
                                                     const rbac::ResourceId& id,
                                                     PreviewAnswer& answer) {
  ClusterState* cluster = state_.cluster(id.kube_cluster());
  const auto catalog = cluster == nullptr ? nullptr : cluster->catalog.get();
  // What a whole namespace is mostly about are its pods.
  const std::string plural = id.is_whole_namespace() ? "pods" : id.plural();
  const std::string group = id.is_whole_namespace() ? "" : id.group();
  const kube::ApiResource* resource = catalog ? catalog->find(group, plural) : nullptr;
  if (resource == nullptr) {
    co_return fail(kube::Status::unavailable("the cluster or the kind is not known at present"));
  }
  const rbac::Pattern& namespaces =
      id.is_whole_namespace() ? id.name_pattern() : id.namespace_pattern();
  ObjectQuestion list = list_as(caller, roles_to_preview(person(caller), *directory_.load()));
  list.kube_cluster = id.kube_cluster();
  list.resource = resource;
  if (is_literal(namespaces)) list.namespace_ = namespaces.text();
  if (!id.is_whole_namespace() && is_literal(id.name_pattern())) {
    list.name = id.name_pattern().text();
  }
  FoundObjects found(list.policy->cluster_name(), id.kube_cluster(), *resource);
  std::string token;
  do {
    auto page = co_await list_objects(state_, list, token, kPageSize);
    if (!page) {
      co_return fail(std::move(page.error()));
    }
    for (ObjectSummary& object : page->objects) {
      const bool matches = (!resource->namespaced || namespaces.matches(object.namespace_)) &&
                           (id.is_whole_namespace() || id.name_pattern().matches(object.name));
      if (!matches) continue;
      if (answer.resources.size() >= kMaxPreviewed) {
        answer.truncated = true;
        co_return Result<void>();
      }
      answer.resources.push_back(found.found(std::move(object)));
    }
    token = std::move(page->next);
  } while (!token.empty());
  co_return Result<void>();
}

Task<Result<PreviewAnswer>> ClusterResourceFinder::preview(access::Caller caller,
                                                           access::RequestPtr request) {
  PreviewAnswer answer;
  if (roles_to_preview(person(caller), *directory_.load()).empty()) {
    answer.errors.emplace_back("none of your roles shows live objects (preview_as_roles)");
    co_return answer;
  }
  const auto until = Clock::now() + kPatience;
  for (const rbac::ResourceId& id : request->request.spec.resource_ids) {
    const bool looked_into = id.scope() == rbac::ResourceId::Scope::kNamespaced ||
                             id.scope() == rbac::ResourceId::Scope::kClusterScoped;
    if (!looked_into) {
      answer.errors.push_back(id.str() + ": its objects are not listed here");
      continue;
    }
    if (answer.truncated || Clock::now() >= until) {
      answer.truncated = true;
      break;
    }
    if (auto looked = co_await preview_id(caller, id, answer); !looked) {
      answer.errors.push_back(id.str() + ": " + why_not(looked.error()));
    }
  }
  if (request->request.spec.resource_ids.empty()) {
    answer.errors.emplace_back("it is for roles as a whole: everything that they allow");
  }
  co_return answer;
}

}  // namespace postern::proxy
