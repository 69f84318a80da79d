#include "proxy/access/api/api_object.h"
#include "proxy/access/api/wire_values.h"

#include <utility>

namespace postern::proxy::access::api {
namespace {

Json grant_json(const SessionGrant& grant) {
  Json json = {{"request", grant.request}, {"inForce", grant.problem.empty()}};
  if (grant.expires) json["expirationTimestamp"] = time_text(*grant.expires);
  if (!grant.problem.empty()) json["message"] = grant.problem;
  return json;
}

Json status_json(const SessionObject& session, const std::vector<SessionGrant>& grants) {
  Json status = {{"user", session.user.name},
                 {"expirationTimestamp", time_text(session.expires)},
                 {"requests", session.requests}};
  if (!session.user.groups.empty()) status["groups"] = session.user.groups;
  if (session.confined) status["confined"] = true;
  if (!session.parent.empty()) status["parent"] = session.parent;
  for (const SessionGrant& grant : grants) status["grants"].push_back(grant_json(grant));
  return status;
}

class SessionView : public ApiObject {
 public:
  SessionView(SessionPtr session, std::vector<SessionGrant> grants)
      : object_(std::move(session)), grants_(std::move(grants)) {}

  const KindInfo& kind() const override { return sessions(); }
  const ObjectMeta& meta() const override { return object_->meta; }
  std::string_view field(std::string_view path) const override { return field_of(*object_, path); }
  Json document() const override {
    Json json = document_head("Session", metadata());
    json["status"] = status_json(*object_, grants_);
    return json;
  }
  std::vector<Json> cells(TimePoint now) const override {
    using std::chrono::floor;
    using std::chrono::seconds;
    std::string requests;
    for (const std::string& request : object_->requests) {
      requests.append(requests.empty() ? "" : ",").append(request);
    }
    return {object_->meta.name,
            object_->user.name,
            requests,
            age_text(floor<seconds>(object_->expires - now)),
            age_text(floor<seconds>(now - object_->meta.created)),
            object_->confined};
  }

 private:
  SessionPtr object_;
  std::vector<SessionGrant> grants_;
};

class ClusterView : public ApiObject {
 public:
  explicit ClusterView(ClusterPtr cluster) : object_(std::move(cluster)) {}

  const KindInfo& kind() const override { return kube_clusters(); }
  const ObjectMeta& meta() const override { return object_->meta; }
  std::string_view field(std::string_view path) const override { return field_of(*object_, path); }
  Json document() const override {
    Json json = document_head("KubeCluster", metadata());
    json["status"] = {{"ready", object_->ready},
                      {"reachable", object_->reachable},
                      {"default", object_->is_default}};
    if (!object_->version.empty()) json["status"]["version"] = object_->version;
    return json;
  }
  std::vector<Json> cells(TimePoint) const override {
    std::string labels;
    for (const auto& [key, value] : object_->meta.labels) {
      labels.append(labels.empty() ? "" : ",").append(key).append("=").append(value);
    }
    return {object_->meta.name, object_->ready,      object_->reachable,
            object_->version,   object_->is_default, labels};
  }

 private:
  ClusterPtr object_;
};

}  // namespace

Json issued_session_document(const IssuedSession& issued) {
  Json json = make_object(issued.session)->document();
  json["status"]["token"] = issued.token;
  return json;
}

std::string_view field_of(const SessionObject& session, std::string_view path) {
  return path == "status.user" ? session.user.name : session.meta.name;
}

std::string_view field_of(const ClusterObject& cluster, std::string_view) {
  return cluster.meta.name;
}

ObjectPtr make_object(SessionPtr session) {
  return make_object(std::move(session), {});
}

ObjectPtr make_object(SessionPtr session, std::vector<SessionGrant> grants) {
  return std::make_shared<SessionView>(std::move(session), std::move(grants));
}

ObjectPtr make_object(ClusterPtr cluster) {
  return std::make_shared<ClusterView>(std::move(cluster));
}

}  // namespace postern::proxy::access::api
