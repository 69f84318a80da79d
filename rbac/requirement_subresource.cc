// What a request for a subresource needs. A branch for each that roles can give; every other one
// takes the total wildcard.

#include "rbac/requirement_builder.h"

namespace postern::rbac {

/// eviction and binding: the body names the pod a second time.
void RequirementBuilder::fill_body_named(VerbSet verbs) {
  object_needs(verbs);
  if (body_ == nullptr) {
    made_.needs_body = true;
  } else if (!body_->name.empty() && body_->name != info_.name) {
    bad_request("the name of the provided object does not match the name on the URL");
  } else {
    check_body("");
  }
}

bool RequirementBuilder::fill_pod_subresource(std::string_view sub) {
  if (sub == "exec" || sub == "attach" || sub == "portforward") {
    if (!verb_is({"get", "create"})) {
      return false;
    }
    object_needs(sub == "portforward" ? Verb::kPortForward : Verb::kExec);
    return true;
  }
  if (sub == "log" && info_.verb == "get") {
    object_needs(Verb::kGet);
    return true;
  }
  if (sub == "ephemeralcontainers" && verb_is({"get", "update", "patch"})) {
    object_needs(*parse_verb(info_.verb));
    if (info_.verb != "get") {
      also(Verb::kExec);
      made_.shows_object = true;
    }
    return true;
  }
  if ((sub == "eviction" || sub == "binding") && info_.verb == "create") {
    fill_body_named(sub == "eviction" ? Verb::kDelete : Verb::kBind);
    return true;
  }
  return false;
}

void RequirementBuilder::fill_subresource() {
  const std::string_view sub = info_.subresource;
  const bool may_proxy = is("", "pods") || is("", "services") || is("", "nodes");
  if (is("", "pods") && fill_pod_subresource(sub)) {
    return;
  }
  if (sub == "proxy" && may_proxy) {
    object_needs(Verb::kProxy);
  } else if ((sub == "status" || sub == "scale") && verb_is({"get", "update", "patch"})) {
    object_needs(*parse_verb(info_.verb));
    made_.shows_object = info_.verb != "get";
    add_door();
  } else if (sub == "token" && is("", "serviceaccounts") && info_.verb == "create") {
    object_needs(Verb::kToken);
  } else if (sub == "approval" && is("certificates.k8s.io", "certificatesigningrequests") &&
             verb_is({"get", "update", "patch"})) {
    object_needs(Verb::kApprove);
    made_.shows_object = info_.verb != "get";
  } else if (sub == "finalize" && is("", "namespaces") && info_.verb == "update") {
    object_needs(Verb::kFinalize);
    made_.shows_object = true;
  } else {
    // Whatever it does, every deny on the object counts.
    object_needs(kAllVerbs);
    made_.total_only = true;
    made_.shows_object = false;
  }
}

}  // namespace postern::rbac
