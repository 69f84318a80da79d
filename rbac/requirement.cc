#include "rbac/requirement.h"

#include "kube/forbidden.h"
#include "kube/selector.h"
#include "kube/text.h"
#include "rbac/side_doors.h"

#include <algorithm>

namespace postern::rbac {
namespace {

using kube::ApiResource;
using kube::BodyFacts;
using kube::RequestInfo;

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

/// One request while its needs are worked out.
class RequirementBuilder {
 public:
  explicit RequirementBuilder(const kube::ResourceAttributes& attributes)
      : info_(attributes.info),
        kind_(*attributes.resource),
        body_(attributes.body),
        patch_type_(attributes.patch_type) {}

  Requirement build() {
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

 private:
  bool is(std::string_view group, std::string_view plural) const {
    return kind_.group == group && kind_.resource == plural;
  }
  bool verb_is(std::initializer_list<std::string_view> verbs) const {
    return std::find(verbs.begin(), verbs.end(), info_.verb) != verbs.end();
  }
  bool is_read() const { return verb_is({"get", "list", "watch"}); }

  /// A namespaced kind wants a namespace, but for reading all of them; the others have none.
  bool scope_is_right() const {
    if (!kind_.namespaced) {
      return info_.namespace_.empty() || is("", "namespaces");
    }
    return !info_.namespace_.empty() || (info_.is_collection() && verb_is({"list", "watch"}));
  }

  void fill() {
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

  bool is_by_reference() const {
    return (is("", "events") || is("events.k8s.io", "events")) && info_.subresource.empty();
  }

  /// The object of the request, for now with the name of its path.
  Need object() const {
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
  bool name_is_possible() {
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

  void object_needs(VerbSet verbs) {
    made_.kind = Requirement::Kind::kObject;
    made_.needs[0].verbs = verbs;
  }
  /// The same object with another verb.
  void also(Verb verb) {
    Need need = made_.needs[0];
    need.verbs = verb;
    made_.add(need);
  }
  void bad_request(std::string message) {
    made_.kind = Requirement::Kind::kRefused;
    made_.error = kube::Status::bad_request(std::move(message));
  }

  void fill_collection() {
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

  void fill_main() {
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

  void fill_create() {
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
  bool check_body(std::string_view kind) {
    if (!body_->namespace_.empty() &&
        (!kind_.namespaced || body_->namespace_ != info_.namespace_)) {
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
  void add_door() {
    const auto door = write_door(kind_.group, kind_.resource);
    const bool writes = verb_is({"create", "update", "patch"}) ||
                        (info_.verb == "delete" && guards(kind_.group, kind_.resource));
    if (door && writes) {
      also(*door);
    }
  }

  void add_trust_map() {
    const ObjectRef& object = made_.needs[0].object;
    if (is("", "configmaps") && verb_is({"create", "update", "patch"}) &&
        is_trust_map(object.namespace_, object.name)) {
      also(Verb::kEscalate);
    }
  }

  /// Writing the Secret that holds a service account's token is having the token, and a bootstrap
  /// token is what its Secret says.
  void add_secret() {
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

  void fill_subresource();
  bool fill_pod_subresource(std::string_view sub);
  void fill_body_named(VerbSet verbs);

  const RequestInfo& info_;
  const ApiResource& kind_;
  const BodyFacts* body_;
  std::string_view patch_type_;
  Requirement made_;
};

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

}  // namespace

Requirement requirement_of(const kube::ResourceAttributes& attributes) {
  return RequirementBuilder(attributes).build();
}

}  // namespace postern::rbac
