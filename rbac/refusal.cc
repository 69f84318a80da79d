#include "rbac/refusal.h"

#include "kube/forbidden.h"
#include "kube/text.h"
#include "rbac/generated_name.h"
#include "rbac/resource_id.h"

namespace postern::rbac {
namespace {

/// A name that the ID's grammar would not take for a pattern or for two segments.
bool is_plain(std::string_view name) {
  const auto pattern = Pattern::compile(name);
  return pattern && pattern->kind() == Pattern::Kind::kLiteral &&
         name.find('/') == std::string_view::npos;
}

std::string id_name(const ObjectRef& object) {
  if (object.scope == NameScope::kEvery || object.name.empty()) {
    return "*";
  }
  if (!is_plain(object.name)) {
    return "";
  }
  return object.scope == NameScope::kGenerated ? std::string(generated_base(object.name)) + "*"
                                               : std::string(object.name);
}

/// Without an ID nothing could be asked for.
kube::Status refusal_with_id(std::string_view user, const kube::RequestInfo& info,
                             const std::string& id, const std::string& way_out) {
  const kube::RefusedAction action = kube::refused_action(user, info);
  if (id.empty()) {
    return kube::forbidden_status(action, "");
  }
  kube::Status status = kube::forbidden_status(action, way_out);
  status.causes.push_back({"ResourceID", id, ""});
  return status;
}

/// The command that finds what may be asked for of the ID's kind.
std::string search_hint(const std::string& text) {
  const auto id = ResourceId::parse(text);
  if (!id) return "";
  return "look for what you may ask for with: postern request search --kind " +
         kube::shell_quote(id->kind()) + " --kube-cluster " +
         kube::shell_quote(id->kube_cluster()) +
         (id->scope() == ResourceId::Scope::kNamespaced ? " --all-kube-namespaces" : "");
}

}  // namespace

std::string wanted_id(const Policy& policy, const Cluster& cluster, const Need& need, bool events) {
  const ObjectRef& object = need.object;
  if (events) {
    // Events come with what they are about.
    return object.namespace_.empty()
               ? "/" + policy.cluster_name() + "/kube_cluster/" + cluster.name
               : resource_id_text(policy.cluster_name(), cluster.name,
                                  {"", "namespaces", false, "", object.namespace_});
  }
  const std::string name = id_name(object);
  if (name.empty() ||
      (object.namespaced && !object.namespace_.empty() && !is_plain(object.namespace_))) {
    return "";
  }
  const std::string_view space = object.namespace_.empty() ? "*" : object.namespace_;
  return resource_id_text(policy.cluster_name(), cluster.name,
                          {object.group, object.plural, object.namespaced, space, name});
}

kube::Status access_refusal(std::string_view user, const kube::RequestInfo& info,
                            const std::string& id) {
  return refusal_with_id(user, info, id,
                         "ask for access with: postern request create --resource " +
                             kube::shell_quote(id) + " --reason " +
                             kube::shell_quote("why you need it"));
}

kube::Status way_refusal(std::string_view user, const kube::RequestInfo& info,
                         const std::string& id, WayOut way) {
  switch (way) {
    case WayOut::kAsk:
      return access_refusal(user, info, id);
    case WayOut::kSearch:
      return refusal_with_id(user, info, id, search_hint(id));
    case WayOut::kNone:
      break;
  }
  return refusal_with_id(
      user, info, id, "none of your roles lets you ask for access to it: ask your administrator");
}

kube::Status principal_refusal(std::string_view user, const kube::RequestInfo& info,
                               const PrincipalRefusal& refusal) {
  if (refusal.kind == PrincipalRefusal::Kind::kNotAllowed) {
    kube::RefusedAction action;
    action.user = user;
    action.verb = "impersonate";
    action.resource = refusal.resource;
    action.name = refusal.name;
    return kube::forbidden_status(action, "no role that covers this request allows it");
  }
  std::string why = "your roles allow several users for this; choose one with --as:";
  for (const std::string& name : refusal.users) {
    why += " " + kube::shell_quote(name);
  }
  return kube::forbidden_status(kube::refused_action(user, info), why);
}

}  // namespace postern::rbac
