#include "kube/forbidden.h"
#include "kube/selector.h"
#include "kube/text.h"
#include "rbac/requirement_builder.h"
#include "rbac/side_doors.h"

namespace postern::rbac {
namespace {

constexpr std::string_view kJsonPatch = "application/json-patch+json";

/// Patches that change what is there; every other type (apply above all) could create.
bool only_changes(std::string_view patch_type) {
  return kube::equals_ignore_case(patch_type, kJsonPatch) ||
         kube::equals_ignore_case(patch_type, "application/merge-patch+json") ||
         kube::equals_ignore_case(patch_type, "application/strategic-merge-patch+json");
}

/// NAME of `[SCHEME:]NAME[:PORT]` (apimachinery net.SplitSchemeNamePort); "" when it is not that.
std::string_view proxied_name(std::string_view segment) {
  const std::size_t first = segment.find(':');
  if (first == std::string_view::npos) {
    return segment;
  }
  const std::size_t last = segment.rfind(':');
  if (first == last) {
    return segment.substr(0, first);
  }
  const std::string_view scheme = segment.substr(0, first);
  const std::string_view name = segment.substr(first + 1, last - first - 1);
  const bool well_formed =
      (scheme == "http" || scheme == "https") && name.find(':') == std::string_view::npos;
  return well_formed ? name : std::string_view();
}

}  // namespace

Requirement RequirementBuilder::build() {
  if (!scope_is_right()) {
    made_.error = kube::resource_not_found();
  } else if (is_self_review(kind_.group, kind_.resource)) {
    made_.kind = info_.verb == "create" && info_.subresource.empty()
                     ? Requirement::Kind::kSelfReview
                     : Requirement::Kind::kRefused;
  } else if (!is_foreign_review(kind_.group, kind_.resource)) {
    fill();
  }
  return std::move(made_);
}

/// A namespaced kind wants a namespace, but for reading all of them; the others have none.
bool RequirementBuilder::scope_is_right() const {
  if (!kind_.namespaced) {
    return info_.namespace_.empty() || is("", "namespaces");
  }
  return !info_.namespace_.empty() || (info_.is_collection() && verb_is({"list", "watch"}));
}

void RequirementBuilder::fill() {
  made_.add(object());
  if (!name_is_possible()) {
    return;
  }
  if (is_read() && is_by_reference()) {
    made_.kind = Requirement::Kind::kEvents;
    made_.needs[0].verbs = Verb::kGet;
    return;
  }
  if (info_.is_collection()) {
    fill_collection();
  } else if (info_.subresource.empty()) {
    fill_main();
  } else {
    fill_subresource();
  }
}

bool RequirementBuilder::is_by_reference() const {
  return (is("", "events") || is("events.k8s.io", "events")) && info_.subresource.empty();
}

/// The object of the request, for now with the name of its path.
Need RequirementBuilder::object() const {
  Need need;
  need.object = {kind_.group, kind_.resource, kind_.namespaced, "", info_.name};
  if (kind_.namespaced) {
    need.object.namespace_ = info_.namespace_;
  }
  if ((is("metrics.k8s.io", "pods") || is("metrics.k8s.io", "nodes")) && is_read()) {
    need.object.group = "";  // what is known about a pod is known where the pod is
    need.served_as = kind_.group;
  }
  return need;
}

/// A colon belongs to no name of the core group; in the names of proxies it is taken apart first.
bool RequirementBuilder::name_is_possible() {
  std::string_view name = made_.needs[0].object.name;
  if (info_.subresource == "proxy") {
    name = proxied_name(name);
    made_.needs[0].object.name = name;
  }
  if (info_.name.empty()) {
    return true;
  }
  return kube::is_path_segment_name(name) && kube::is_printable(name) &&
         (!kind_.group.empty() || name.find(':') == std::string_view::npos);
}

void RequirementBuilder::object_needs(VerbSet verbs) {
  made_.kind = Requirement::Kind::kObject;
  made_.needs[0].verbs = verbs;
}

/// The same object with another verb.
void RequirementBuilder::also(Verb verb) {
  Need need = made_.needs[0];
  need.verbs = verb;
  made_.add(need);
}

void RequirementBuilder::bad_request(std::string message) {
  made_.kind = Requirement::Kind::kRefused;
  made_.error = kube::Status::bad_request(std::move(message));
}

void RequirementBuilder::fill_collection() {
  const auto verb = parse_verb(info_.verb);
  if (!verb || !verb_is({"list", "watch", "deletecollection"})) {
    return;
  }
  made_.kind = Requirement::Kind::kCollection;
  if (*verb == Verb::kDeleteCollection) {
    // It becomes single deletes, so that either verb gives it (and either one denied takes it).
    made_.needs[0].verbs = Verb::kDelete | Verb::kDeleteCollection;
    made_.shows_object = true;
    made_.total_only = guards(kind_.group, kind_.resource);
  } else {
    made_.needs[0].verbs = *verb;
  }
  if (made_.needs[0].object.namespace_.empty() && kind_.namespaced) {
    made_.needs[0].object.namespace_ = info_.field_selector_namespace;
  }
  made_.needs[0].object.name = info_.field_selector_name;
  made_.needs[0].object.scope =
      info_.field_selector_name.empty() ? NameScope::kEvery : NameScope::kExact;
}

void RequirementBuilder::fill_main() {
  if (info_.verb == "create") {
    fill_create();
  } else if (verb_is({"get", "update", "patch", "delete"})) {
    object_needs(*parse_verb(info_.verb));
    made_.shows_object = info_.verb != "get";
    const bool could_create =
        (info_.verb == "update" && put_could_create(kind_.group, kind_.resource)) ||
        (info_.verb == "patch" && !only_changes(patch_type_));
    if (could_create) {
      also(Verb::kCreate);
    }
    add_door();
    add_trust_map();
    add_secret();
  }
}

void RequirementBuilder::fill_create() {
  object_needs(Verb::kCreate);
  made_.shows_object = true;
  if (!info_.name.empty()) {
    made_.kind = Requirement::Kind::kRefused;  // nothing is created under a name in the path
    return;
  }
  if (body_ == nullptr) {
    made_.needs_body = true;
    made_.needs[0].object.scope = NameScope::kEvery;
    return;
  }
  if (!check_body(kind_.kind)) {
    return;
  }
  ObjectRef& need = made_.needs[0].object;
  need.scope = body_->name.empty() ? NameScope::kGenerated : NameScope::kExact;
  need.name = body_->name.empty() ? body_->generate_name : body_->name;
  if (need.name.empty()) {
    bad_request("name or generateName is required");
  } else if (!kube::is_path_segment_name(need.name) || !kube::is_printable(need.name)) {
    bad_request("the name of the provided object is not a name");
  } else if (kind_.group.empty() && need.name.find(':') != std::string_view::npos) {
    made_.kind = Requirement::Kind::kRefused;
  } else {
    add_door();
    add_trust_map();
    add_secret();
  }
}

/// What the API server would refuse, or read otherwise than postern.
bool RequirementBuilder::check_body(std::string_view kind) {
  if (!body_->namespace_.empty() && (!kind_.namespaced || body_->namespace_ != info_.namespace_)) {
    bad_request(
        "the namespace of the provided object does not match the namespace sent on the request");
    return false;
  }
  if (!kind.empty() && !body_->kind.empty() && body_->kind != kind) {
    bad_request("the provided object is of kind " + kube::quoted(body_->kind) + ", not " +
                std::string(kind));
    return false;
  }
  return true;
}

/// Kinds that give access by themselves.
void RequirementBuilder::add_door() {
  const auto door = write_door(kind_.group, kind_.resource);
  const bool writes = verb_is({"create", "update", "patch"}) ||
                      (info_.verb == "delete" && guards(kind_.group, kind_.resource));
  if (door && writes) {
    also(*door);
  }
}

void RequirementBuilder::add_trust_map() {
  const ObjectRef& object = made_.needs[0].object;
  if (is("", "configmaps") && verb_is({"create", "update", "patch"}) &&
      is_trust_map(object.namespace_, object.name)) {
    also(Verb::kEscalate);
  }
}

/// Writing the Secret that holds a service account's token is having the token, and a bootstrap
/// token is what its Secret says.
void RequirementBuilder::add_secret() {
  if (!is("", "secrets") || !verb_is({"create", "update", "patch"})) {
    return;
  }
  if (is_bootstrap_token(made_.needs[0].object.namespace_, made_.needs[0].object.name)) {
    also(Verb::kToken);
  }
  Need account = made_.needs[0];
  account.object.plural = "serviceaccounts";
  account.verbs = Verb::kToken;
  account.object.scope = NameScope::kEvery;
  account.object.name = "";
  if (kube::equals_ignore_case(patch_type_, kJsonPatch) && info_.verb == "patch") {
    made_.add(account);  // what it does to which Secret cannot be told from its operations
  } else if (body_ == nullptr) {
    made_.needs_body = true;
  } else if (body_->type == kServiceAccountToken || !body_->service_account_name.empty()) {
    if (!body_->service_account_name.empty()) {
      account.object.scope = NameScope::kExact;
      account.object.name = body_->service_account_name;
    }
    made_.add(account);
  }
}

Requirement requirement_of(const kube::ResourceAttributes& attributes) {
  return RequirementBuilder(attributes).build();
}

}  // namespace postern::rbac
