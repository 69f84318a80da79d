#include "rbac/request/check_ids.h"

#include "kube/text.h"

#include <set>
#include <utility>

namespace postern::rbac::request {
namespace {

constexpr std::string_view kField = "spec.resources";
constexpr std::size_t kMostRepeated = 10;

/// Why this person cannot name that kind in that cluster; "" when they can.
std::string kind_fault(const ResourceId& id, const kube::ApiCatalog& catalog) {
  if (id.group() == kGroup) {
    return "objects of " + std::string(kGroup) + " are requested from nobody: roles allow them";
  }
  const kube::ApiResource* served = catalog.find(id.group(), id.plural());
  if (served == nullptr) {
    return "the kube cluster serves no such kind";
  }
  const bool namespaced = id.scope() == ResourceId::Scope::kNamespaced;
  if (served->namespaced != namespaced) {
    return served->namespaced ? "objects of that kind are in namespaces: "
                                "/CLUSTER/KIND/KUBE_CLUSTER/NAMESPACE/NAME"
                              : "objects of that kind are in no namespace: "
                                "/CLUSTER/KIND/KUBE_CLUSTER/NAME";
  }
  return "";
}

class IdChecker {
 public:
  IdChecker(const Person& requester, const Directory& directory, FieldErrors& errors)
      : requester_(requester), directory_(directory), errors_(errors) {}

  void check(const std::string& text, std::size_t index) {
    const std::string field = indexed(kField, index);
    auto id = ResourceId::parse(text);
    if (!id) {
      errors_.invalid(field, text, id.error().message);
    } else if (id->cluster() != directory_.cluster_name) {
      errors_.not_found(field, text, "there is no cluster " + kube::quoted(id->cluster()));
    } else if (id->scope() == ResourceId::Scope::kOther) {
      errors_.invalid(field, text,
                      "this installation has no inventory of the kind " + id->kind() +
                          ", so that nothing of it can be requested");
    } else if (check_cluster(*id, text, field) && seen_.insert(id->str()).second) {
      ids_.push_back(std::move(*id));
    }
  }

  std::vector<ResourceId> take() { return std::move(ids_); }

 private:
  bool check_cluster(const ResourceId& id, const std::string& text, const std::string& field) {
    const KnownCluster* cluster = directory_.kube_cluster(id.kube_cluster());
    if (cluster == nullptr || !sees_cluster(requester_, directory_, *cluster)) {
      errors_.not_found(field, text, "there is no kube cluster " + kube::quoted(id.kube_cluster()));
      return false;
    }
    // A cluster that was not reached yet is refused with 503 where its UID is needed.
    if (id.scope() == ResourceId::Scope::kKubeCluster || cluster->catalog == nullptr) {
      return true;
    }
    const std::string fault = kind_fault(id, *cluster->catalog);
    if (!fault.empty()) {
      errors_.not_found(field, text, fault);
    }
    return fault.empty();
  }

  const Person& requester_;
  const Directory& directory_;
  FieldErrors& errors_;
  std::vector<ResourceId> ids_;
  std::set<std::string> seen_;
};

}  // namespace

std::vector<ResourceId> check_ids(const std::vector<std::string>& texts, const Person& requester,
                                  const Directory& directory, const Limits& limits,
                                  FieldErrors& errors) {
  // Repeated ones count once, but somewhere repeating ends.
  if (texts.size() > kMostRepeated * limits.resource_ids) {
    errors.too_many(std::string(kField), texts.size(), limits.resource_ids);
    return {};
  }
  std::set<std::string_view> distinct(texts.begin(), texts.end());
  std::size_t bytes = 0;
  for (const std::string_view text : distinct) {
    bytes += text.size();
  }
  if (distinct.size() > limits.resource_ids) {
    errors.too_many(std::string(kField), distinct.size(), limits.resource_ids);
    return {};
  }
  if (bytes > limits.resource_id_bytes) {
    errors.too_long(std::string(kField), limits.resource_id_bytes);
    return {};
  }
  IdChecker checker(requester, directory, errors);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (distinct.erase(texts[i]) == 1) {
      checker.check(texts[i], i);
    }
  }
  return checker.take();
}

}  // namespace postern::rbac::request
