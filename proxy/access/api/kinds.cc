#include "proxy/access/api/kinds.h"

#include <algorithm>
#include <stdexcept>

namespace postern::proxy::access::api {
namespace {

const KindInfo& must_find(std::string_view resource) {
  const KindInfo* found = find_kind(resource);
  if (found == nullptr) {
    throw std::logic_error("no such kind");
  }
  return *found;
}

}  // namespace

bool KindInfo::has_verb(std::string_view verb) const {
  return std::find(verbs.begin(), verbs.end(), verb) != verbs.end();
}

const SubresourceInfo* KindInfo::subresource(std::string_view name) const {
  const auto found = std::find_if(subresources.begin(), subresources.end(),
                                  [name](const SubresourceInfo& one) { return one.name == name; });
  return found == subresources.end() ? nullptr : &*found;
}

const std::vector<KindInfo>& kinds() {
  static const std::vector<KindInfo> all = {make_access_requests(),   make_access_roles(),
                                            make_access_users(),      make_kube_clusters(),
                                            make_resource_searches(), make_sessions()};
  return all;
}

const KindInfo* find_kind(std::string_view resource) {
  const auto& all = kinds();
  const auto found = std::find_if(
      all.begin(), all.end(), [resource](const KindInfo& one) { return one.resource == resource; });
  return found == all.end() ? nullptr : &*found;
}

const KindInfo& access_requests() {
  return must_find("accessrequests");
}
const KindInfo& access_roles() {
  return must_find("accessroles");
}
const KindInfo& access_users() {
  return must_find("accessusers");
}
const KindInfo& kube_clusters() {
  return must_find("kubeclusters");
}
const KindInfo& sessions() {
  return must_find("sessions");
}
const KindInfo& resource_searches() {
  return must_find("resourcesearches");
}

}  // namespace postern::proxy::access::api
