#include "world.h"

#include "kube/request_info.h"
#include "proxy/access/logins/session_token.h"
#include "rbac/authorize.h"

namespace postern::proxy::access::test {

std::shared_ptr<const SessionEntry> StoryWorld::entry(const IssuedSession& session) const {
  const auto shown = parse_session_token(session.token);
  REQUIRE(shown);
  CHECK(shown->id == session.session->meta.name);
  return state->sessions_in_force().find(shown->digest);
}

bool StoryWorld::may_get(const IssuedSession& session, const std::string& pod) const {
  const auto found = entry(session);
  if (found == nullptr) return false;
  const auto policy = state->policy().load();
  const auto subject = policy->subject(found->user, found->grants);
  const auto info = kube::parse_request_info("GET", "/api/v1/namespaces/dev/pods/" + pod);
  REQUIRE(info);
  const rbac::Cluster where{"k", cluster.labels};
  const kube::ResourceAttributes asked{"k", *info, cluster.catalog->find("", "v1", "pods"), nullptr,
                                       ""};
  return rbac::authorize(*policy, *subject, where, asked, {}, wall).verdict ==
         rbac::Verdict::kAllow;
}

}  // namespace postern::proxy::access::test
