#include "proxy/access/api/viewer.h"

#include "proxy/access/api/api_errors.h"
#include "proxy/access/state/name_reach.h"
#include "rbac/request/directory.h"
#include "rbac/request/review.h"

#include <algorithm>
#include <utility>

namespace postern::proxy::access::api {
namespace {

using rbac::request::administers;
using rbac::request::Person;

bool may_review_some(const Person& person) {
  return std::any_of(person.roles.begin(), person.roles.end(),
                     [](const auto& role) { return !role->allow.review_requests.roles.empty(); });
}

/// `rules` know five kinds by their own names.
std::string_view rule_resource(const KindInfo& kind) {
  if (kind.resource == "accessroles") return "role";
  return kind.resource == "accessusers" ? "user" : "";
}

}  // namespace

Viewer::Viewer(const AccessState& state, const Caller& caller)
    : caller_(caller),
      person_(state.person(caller.user)),
      directory_(state.directory().load()),
      clusters_(&state.clusters()),
      reaches_all_(reaches_all(caller.user, *clusters_)) {
  reads_all_requests_ = administers(person_, "access_request", "read");
  reviews_some_ = may_review_some(person_);
  reads_all_sessions_ = reaches_all_ && administers(person_, "session", "read") &&
                        administers(person_, "session", "list");
  reads_all_clusters_ =
      administers(person_, "kube_cluster", "read") && administers(person_, "kube_cluster", "list");
}

Result<void> Viewer::may_read(const KindInfo& kind, std::string_view verb,
                              std::string_view name) const {
  const std::string_view resource = rule_resource(kind);
  if (resource.empty()) return {};
  // A list shows what is in them, not names alone.
  const bool allowed = reaches_all_ && administers(person_, resource, "read") &&
                       (verb == "get" || administers(person_, resource, "list"));
  if (allowed) return {};
  return fail(refused(kind, person_.name, verb, name,
                      reaches_all_ ? std::string() : reach_sentence(caller_.user)));
}

/// rbac::request::may_see(), without asking of each object what the person's roles say of all.
bool Viewer::sees(const RequestObject& object) const {
  const rbac::request::AccessRequest& request = object.request;
  if (person_.name.empty()) return false;
  if (!reaches_all_ && !reaches(caller_.user, *clusters_, request)) return false;
  if (person_.name == request.user || reads_all_requests_) return true;
  const bool author = std::any_of(
      request.reviews.begin(), request.reviews.end(),
      [this](const rbac::request::Review& review) { return review.author == person_.name; });
  return author || (reviews_some_ && rbac::request::may_see(request, person_));
}

bool Viewer::reviews(const RequestObject& object) const {
  return reviews_some_ && object.request.state == rbac::request::State::kPending &&
         rbac::request::may_review(object.request, person_).has_value();
}

bool Viewer::sees(const ClusterObject& cluster) const {
  if (!caller_.user.counts_at(cluster.meta.name)) return false;
  if (reads_all_clusters_) return true;
  rbac::request::KnownCluster known;
  known.labels = cluster.meta.labels;
  return directory_ != nullptr && rbac::request::sees_cluster(person_, *directory_, known);
}

bool Viewer::sees(const SessionObject& session) const {
  const bool own = !person_.name.empty() && session.user.name == person_.name &&
                   caller_.user.counts_at(session.user.kube_cluster);
  return own || reads_all_sessions_;
}

bool same_view(const rbac::Policy& before, const rbac::Policy& now, const rbac::UserInfo& user,
               std::string_view resource) {
  if (&before == &now) return true;
  // Clusters are seen through roles that one may search as, too.
  if (resource == "kubeclusters") return false;
  const rbac::StaticRights had = before.static_rights(user);
  const rbac::StaticRights has = now.static_rights(user);
  return had.traits == has.traits &&
         std::equal(had.roles.begin(), had.roles.end(), has.roles.begin(), has.roles.end(),
                    [](const auto& a, const auto& b) {
                      return a == b || (a->name == b->name && a->source == b->source);
                    });
}

}  // namespace postern::proxy::access::api
