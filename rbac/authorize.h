#pragma once

#include "kube/filter/filter.h"
#include "kube/resource_attributes.h"
#include "rbac/policy.h"
#include "rbac/principals.h"

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern::rbac {

/// Wall-clock time of a decision; always a parameter, never read in rbac/.
using TimePoint = std::chrono::system_clock::time_point;

/// kAllowFiltered: the request may go upstream, and what comes back must pass the predicate.
enum class Verdict { kDeny = 0, kAllow, kAllowFiltered };

/// A client's own `Impersonate-User` and `Impersonate-Group` headers: a choice among what is
/// allowed.
struct ImpersonationChoice {
  std::optional<std::string> user;  ///< an empty header value counts as none (client-go sends it)
  std::vector<std::string> groups;
  bool empty() const { return !user && groups.empty(); }
};

class ShareRules;  // what a share lets through; rbac/share_rules.h

/// The part of a decision that rests on one set of principals: of a collection whose covering roles
/// have different principals there are several, in a stable order (see Decision::shares).
struct Share {
  Principals principals;
  std::vector<std::string> roles;           ///< names, for logs and answers
  std::shared_ptr<const ShareRules> rules;  ///< of collections only
  std::string grant;  ///< the access request that it rests on; "" for static roles
};

/// The entry of a role that decided. `role` is "" where none in particular did: a refusal for want
/// of a rule, a collection that is filtered, what everybody may do.
struct DecidingRule {
  std::string role;
  bool allow = false;
  int source = -1;  ///< the entry of `kubernetes_resources`; -1: a default, or a deny by labels
};

/// The outcome of one request. The default is Deny, so that a forgotten branch refuses.
struct Decision {
  Verdict verdict = Verdict::kDeny;

  /// kDeny: the whole answer, in kube-apiserver's words, ending with the command that asks for the
  /// missing access; details.causes carries the resource ID.
  kube::Status status;

  /// Which role and rule allowed or denied, one line, for logs and `auth can-i`.
  std::string explanation;
  /// The same for programs, where one rule decided (rbac/explain.h has the words).
  DecidingRule decided_by;

  /// kAllow: exactly one. kAllowFiltered: one or more. With several, the caller asks the cluster by
  /// SelfSubjectAccessReview, as each share's principals, whether they may make this call; the
  /// shares that it allows make the predicate, and the first of them gives the principals (design
  /// §2 "Impersonation"). If it allows none, the answer is `status`, which is filled for that case
  /// too.
  std::vector<Share> shares;

  /// The access request that the decision rests on (of the first share); "" for static roles.
  std::string grant;
  /// When the decision ends by itself, by the first grant that ends; streams that rest on it are
  /// cut then.
  std::optional<TimePoint> expires_at;

  /// The verdict depends on the body: read it, and call authorize() again with `attributes.body`
  /// set. The verdict is kDeny meanwhile. So it is for a create, pods/eviction, pods/binding, and
  /// an update or patch of a Secret (a merge patch or an apply configuration is read like an
  /// object; a JSON Patch is never asked for).
  bool needs_body = false;
  /// The caller may see the object: false after a write without `get`; the answer is then reduced
  /// to a Status, and JSON-Patch test, copy and move are refused.
  bool may_read = true;
  /// kAllowFiltered by what events are about (core and events.k8s.io events, lists and single
  /// objects).
  bool by_event_references = false;
};

/// May this subject make this request?
///
/// Pure: the same arguments give the same answer; safe from any thread. `policy` and `subject` must
/// come from the same snapshot. Allocates only for the answer. Source: design §2 "Who may do what".
Decision authorize(const Policy& policy, const Subject& subject, const Cluster& cluster,
                   const kube::ResourceAttributes& attributes, const ImpersonationChoice& choice,
                   TimePoint now);

/// The predicate of a kAllowFiltered decision from the shares at these indices. It keeps what it
/// needs of the policy alive. `catalog` (for events: Kind → plural) must outlive it.
std::unique_ptr<kube::filter::Predicate> make_predicate(const Decision& decision,
                                                        const std::vector<std::size_t>& shares,
                                                        const kube::ApiCatalog& catalog);

/// Whether the subject may know that this cluster exists: some static role's labels match it, and
/// the user's name counts there.
bool cluster_visible(const Policy& policy, const Subject& subject, const Cluster& cluster);

}  // namespace postern::rbac
