#include "rbac/request/implications.h"

#include "kube/text.h"
#include "rbac/request/reach.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <utility>

namespace postern::rbac::request {
namespace {

constexpr VerbSet kWrites = Verb::kCreate | Verb::kUpdate | Verb::kPatch;
constexpr VerbSet kDeletes = Verb::kDelete | Verb::kDeleteCollection;
constexpr std::string_view kRbacGroup = "rbac.authorization.k8s.io";
constexpr std::string_view kRunsCode =
    "runs code in {where} with the namespace's secrets and service accounts";
constexpr std::string_view kHandsOut = "hands out rights in the cluster, also to itself";

/// What verbs on a kind come to. `{names}` and `{where}` are filled in.
struct Consequence {
  std::string_view group;
  std::string_view plural;
  bool namespaced;
  VerbSet verbs;
  std::string_view sentence;
};

constexpr VerbSet kGrants = Verb::kBind | Verb::kEscalate;

/// The gravest first.
constexpr std::array<Consequence, 28> kConsequences = {{
    {kRbacGroup, "clusterrolebindings", false, kGrants, kHandsOut},
    {kRbacGroup, "clusterroles", false, kGrants, kHandsOut},
    {kRbacGroup, "rolebindings", true, kGrants, "hands out rights in {where}, also to itself"},
    {kRbacGroup, "roles", true, kGrants, "hands out rights in {where}, also to itself"},
    {"certificates.k8s.io", "certificatesigningrequests", false, Verb::kApprove,
     "approves certificates, which are identities of their own"},
    {"", "serviceaccounts", true, Verb::kToken,
     "takes tokens of the service accounts {names} in {where}, which work past this request"},
    {"", "secrets", true, Verb::kToken,
     "makes bootstrap tokens, which log in at the cluster past this request"},
    {"", "nodes", false, Verb::kProxy, "runs commands in every pod of the nodes {names}"},
    {"", "persistentvolumes", false, kWrites, "makes volumes, also of directories of the nodes"},
    {"", "pods", true, kWrites, kRunsCode},
    {"apps", "deployments", true, kWrites, kRunsCode},
    {"apps", "replicasets", true, kWrites, kRunsCode},
    {"apps", "statefulsets", true, kWrites, kRunsCode},
    {"apps", "daemonsets", true, kWrites, kRunsCode},
    {"batch", "jobs", true, kWrites, kRunsCode},
    {"batch", "cronjobs", true, kWrites, kRunsCode},
    {"", "replicationcontrollers", true, kWrites, kRunsCode},
    {"", "pods", true, Verb::kExec,
     "runs commands inside pods {names} in {where}, with what those can read and reach"},
    {"", "secrets", true, kReadVerbs, "reads the secrets {names} in {where}"},
    {"", "secrets", true, kWrites, "changes the secrets {names} in {where}"},
    {"", "pods", true, Verb::kPortForward, "connects to ports of pods {names} in {where}"},
    {"", "pods", true, Verb::kProxy, "sends requests to pods {names} in {where}"},
    {"", "services", true, Verb::kProxy, "sends requests to services {names} in {where}"},
    {"", "services", true, kWrites, "decides where traffic to services {names} in {where} goes"},
    {"networking.k8s.io", "ingresses", true, kWrites,
     "decides where traffic to ingresses {names} in {where} goes"},
    {"", "nodes", false, kWrites, "changes the nodes {names}, and with them where pods run"},
    {"", "nodes", false, kDeletes, "removes the nodes {names} from the cluster"},
    {"", "persistentvolumes", false, kDeletes, "deletes the volumes {names}"},
}};

void replace(std::string& text, std::string_view place, std::string_view value) {
  if (const std::size_t at = text.find(place); at != std::string::npos) {
    text.replace(at, place.size(), value);
  }
}

/// "every one", or the pattern itself.
std::string told(const Pattern& pattern, std::string_view all) {
  return pattern.is_any() || pattern.text().empty() ? std::string(all)
                                                    : kube::printable(pattern.text());
}

/// The narrower of two patterns, as far as that is seen without thinking.
const Pattern& narrower(const Pattern& asked, const Pattern& rule) {
  return asked.is_any() ? rule : asked;
}

/// One rule of one role within one ID, or without one.
struct Piece {
  const Reach& reach;
  const ResourceId* id;
  std::string clusters;  ///< for the brackets at the end

  bool within_cluster() const {
    return id == nullptr || id->scope() == ResourceId::Scope::kKubeCluster;
  }
  std::string names() const {
    static const Pattern any = Pattern::any();
    const Pattern& rule = reach.kinds == Reach::Kinds::kWholeNamespace ? any : reach.name;
    return told(
        within_cluster() || id->is_whole_namespace() ? rule : narrower(id->name_pattern(), rule),
        "(all)");
  }
  std::string where() const {
    const Pattern& rule =
        reach.kinds == Reach::Kinds::kWholeNamespace ? reach.name : reach.namespace_;
    if (within_cluster()) {
      return told(rule, "every namespace");
    }
    return told(
        narrower(id->is_whole_namespace() ? id->name_pattern() : id->namespace_pattern(), rule),
        "every namespace");
  }
  bool concerns_kind(const Consequence& row) const {
    if (!concerns(reach, row.group, row.plural, row.namespaced)) {
      return false;
    }
    return within_cluster() || (id->is_whole_namespace() && row.namespaced) ||
           (id->group() == row.group && id->plural() == row.plural);
  }
};

/// Sentences in the order of their rows, each once: several rows may come to the same.
class Sentences {
 public:
  void add(std::size_t rank, std::string_view sentence, const Piece& piece) {
    std::string text(sentence);
    replace(text, "{names}", piece.names());
    replace(text, "{where}", piece.where());
    if (!piece.clusters.empty()) {
      text += " (" + piece.clusters + ")";
    }
    add(rank, std::move(text));
  }
  void add(std::size_t rank, std::string text) { sentences_.emplace(rank, std::move(text)); }
  std::vector<std::string> take() const {
    std::vector<std::string> all;
    for (const auto& [rank, text] : sentences_) {
      if (std::find(all.begin(), all.end(), text) == all.end()) {
        all.push_back(text);
      }
    }
    return all;
  }

 private:
  std::set<std::pair<std::size_t, std::string>> sentences_;
};

/// Whether the rule is about one kind that is known to live in no namespace.
bool is_cluster_scoped(const Reach& reach) {
  const ShortKind* kind = find_short_kind(reach.group.text(), reach.plural);
  return reach.kinds == Reach::Kinds::kOne && kind != nullptr && !kind->namespaced;
}

std::string deleting(const Piece& piece) {
  if (piece.within_cluster() || piece.id->is_whole_namespace()) {
    const std::string kinds = piece.reach.kinds == Reach::Kinds::kOne
                                  ? kube::printable(piece.reach.plural) + " {names}"
                                  : "objects {names}";
    return "deletes " + kinds + (is_cluster_scoped(piece.reach) ? "" : " in {where}");
  }
  const std::string deleted = "deletes " + kube::printable(piece.id->plural()) + " {names}";
  return piece.id->scope() == ResourceId::Scope::kNamespaced ? deleted + " in {where}" : deleted;
}

void add_consequences(const Piece& piece, Sentences& sentences) {
  if (piece.id != nullptr && !may_touch(piece.reach, *piece.id)) {
    return;
  }
  for (std::size_t rank = 0; rank < kConsequences.size(); ++rank) {
    const Consequence& row = kConsequences[rank];
    if (row.verbs.intersects(piece.reach.verbs) && piece.concerns_kind(row)) {
      sentences.add(rank, row.sentence, piece);
    }
  }
  if (piece.reach.verbs.intersects(kDeletes)) {
    sentences.add(kConsequences.size(), deleting(piece), piece);
  }
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    text.append(text.empty() ? "" : ", ").append(kube::quoted(name));
  }
  return text;
}

void add_principals(const FrozenRole& role, Sentences& sentences) {
  constexpr std::size_t kLast = kConsequences.size() + 1;
  if (!role.allow.groups.empty()) {
    sentences.add(kLast, "is known to the API server by the groups " + joined(role.allow.groups));
  }
  if (!role.allow.users.empty()) {
    sentences.add(kLast, "is known to the API server as " + joined(role.allow.users));
  }
}

std::string cluster_names(const EffectiveRules& effective) {
  std::string text;
  for (const auto& [name, uid] : effective.clusters) {
    text.append(text.empty() ? "" : ", ").append(kube::printable(name));
  }
  return text;
}

}  // namespace

Result<std::vector<std::string>> implications(const EffectiveRules& effective) {
  std::vector<ResourceId> ids;
  for (const std::string& text : effective.resource_ids) {
    auto id = ResourceId::parse(text);
    if (!id) {
      return fail(kube::Status::internal("effective rules: " + id.error().message));
    }
    ids.push_back(std::move(*id));
  }
  Sentences sentences;
  for (const FrozenRole& role : effective.roles) {
    for (const Reach& reach : reaches_of(role)) {
      for (const ResourceId& id : ids) {
        add_consequences({reach, &id, kube::printable(id.kube_cluster())}, sentences);
      }
      if (ids.empty()) {
        add_consequences({reach, nullptr, cluster_names(effective)}, sentences);
      }
    }
    add_principals(role, sentences);
  }
  return sentences.take();
}

}  // namespace postern::rbac::request
