#include "proxy/access/api/api_errors.h"
#include "proxy/access/api/fields.h"
#include "proxy/access/api/plan_parts.h"
#include "proxy/access/api/reading.h"
#include "proxy/access/api/wire_values.h"

#include <utility>

namespace postern::proxy::access::api {
namespace {

using Causes = std::vector<kube::StatusCause>;

constexpr const char* kSelf = "self";

/// The session that a name means; `self` is the one whose token is used.
Result<std::string> session_named(const ApiRequest& request) {
  if (request.info.name != kSelf) return request.info.name;
  if (request.caller.session.empty()) {
    return fail(kube::Status::bad_request(
        "there is no session in use: the request came with another credential"));
  }
  return request.caller.session;
}

Result<SessionDocument> read_session(const Json& document) {
  Causes causes;
  const Fields spec(document, "spec", causes);
  SessionDocument session;
  session.requests = spec.texts("requests");
  session.ttl = spec.duration("ttl");
  session.confined = spec.flag("confined");
  const Fields metadata(document, "metadata", causes);
  if (metadata.has("name") || metadata.has("generateName")) {
    causes.push_back(forbidden_value("metadata.name", "postern makes the name"));
  }
  if (!causes.empty()) return fail(invalid("Session", "", std::move(causes)));
  return session;
}

Result<LoginDocument> read_login(const Json& document, SessionDocument session) {
  Causes causes;
  const Fields login(document, "spec.login", causes);
  LoginDocument read;
  read.user = login.text("user");
  read.password = login.text("password");
  read.invite = login.text("invite");
  read.new_password = login.text("newPassword");
  read.session = std::move(session);
  if (read.user.empty()) causes.push_back(required_value("spec.login.user"));
  if (read.password.empty() == read.invite.empty()) {
    causes.push_back(required_value("spec.login.password", "either a password or an invite"));
  }
  if (!read.new_password.empty() && read.invite.empty()) {
    causes.push_back(forbidden_value("spec.login.newPassword", "is taken with an invite only"));
  }
  if (!causes.empty()) return fail(invalid("Session", "", std::move(causes)));
  return read;
}

Result<Call> plan_login(const ApiRequest& request, const Json& document, SessionDocument session) {
  if (!request.anonymous) {
    return fail(invalid("Session", "",
                        {forbidden_value("spec.login", "a login takes no other credential")}));
  }
  auto login = read_login(document, std::move(session));
  if (!login) return fail(std::move(login.error()));
  login->address = request.address;
  login->audit_id = request.caller.audit_id;
  return LoginCall{std::move(*login)};
}

Result<Call> plan_create(Planning& planning) {
  const auto body = planning.body("Session", planning.kind.schema);
  if (!body) return fail(body.error());
  if (planning.options.dry_run) {
    return fail(kube::Status::bad_request("a session cannot be made for a trial (dryRun)"));
  }
  auto session = read_session(*body);
  if (!session) return fail(std::move(session.error()));
  const bool login = body->contains("spec") && (*body)["spec"].contains("login");
  if (login) return plan_login(planning.request, *body, std::move(*session));
  if (planning.request.anonymous) return fail(kube::Status::unauthorized());
  return state_call(201,
                    [caller = planning.request.caller,
                     session = std::move(*session)](AccessState& state) -> Result<Json> {
                      const auto issued = state.create_session(caller, session);
                      if (!issued) return fail(issued.error());
                      return issued_session_document(*issued);
                    });
}

/// The session with what its requests give.
Outcome with_grants(unsigned code, const AccessState& state, SessionPtr session) {
  std::vector<SessionGrant> grants = state.grants(session->meta.name);
  return {code, make_object(std::move(session), std::move(grants)), {}};
}

Result<Call> plan_change(Planning& planning, const SubresourceInfo& subresource) {
  const auto body = planning.body(subresource.kind, subresource.schema);
  if (!body) return fail(body.error());
  if (planning.options.dry_run) {
    return fail(kube::Status::bad_request("a session cannot be changed for a trial (dryRun)"));
  }
  const auto id = session_named(planning.request);
  if (!id) return fail(id.error());
  if (*id != planning.request.caller.session) {
    return fail(refused(planning.kind, planning.request.caller.user.name, "create", *id,
                        "a session is changed with its own token only", subresource.name));
  }
  Causes causes;
  const Fields spec(*body, "spec", causes);
  return StateCall{[caller = planning.request.caller, assume = spec.texts("assume"),
                    drop = spec.texts("drop")](AccessState& state) -> Result<Outcome> {
    auto session = state.change_session(caller, assume, drop);
    if (!session) return fail(std::move(session.error()));
    return with_grants(201, state, std::move(*session));
  }};
}

Json refusal_list(const ObjectMeta& session, const std::vector<RecordedRefusal>& refusals) {
  Json json = document_head("RefusalList", {{"resourceVersion", std::to_string(session.version)}});
  json["items"] = Json::array();
  for (const RecordedRefusal& one : refusals) {
    Json item = {{"time", time_text(one.time)}, {"verb", one.verb}, {"message", one.message}};
    if (!one.resource_id.empty()) item["resourceId"] = one.resource_id;
    json["items"].push_back(std::move(item));
  }
  return json;
}

Result<Call> plan_refusals(Planning& planning) {
  auto id = session_named(planning.request);
  if (!id) return fail(std::move(id.error()));
  return state_call(
      200,
      [caller = planning.request.caller, id = std::move(*id)](AccessState& state) -> Result<Json> {
        const auto session = get_object(state, Viewer(state, caller), sessions(), id);
        if (!session) return fail(session.error());
        return refusal_list((*session)->meta(), state.refusals(id));
      });
}

Result<Call> plan_delete(Planning& planning) {
  auto id = session_named(planning.request);
  if (!id) return fail(std::move(id.error()));
  auto wish = read_delete(planning.request);
  if (!wish) return fail(std::move(wish.error()));
  if (wish->dry_run) {
    return fail(kube::Status::bad_request("a session cannot be ended for a trial (dryRun)"));
  }
  return state_call(200,
                    [caller = planning.request.caller, id = std::move(*id),
                     wish = std::move(*wish)](AccessState& state) -> Result<Json> {
                      const auto gone = state.delete_session(caller, id, wish.preconditions);
                      if (!gone) return fail(gone.error());
                      return deleted_status(sessions(), (*gone)->meta);
                    });
}

}  // namespace

Result<Call> plan_sessions(Planning& planning) {
  const kube::RequestInfo& info = planning.request.info;
  if (const auto* subresource = planning.kind.subresource(info.subresource)) {
    return info.subresource == "requests" ? plan_change(planning, *subresource)
                                          : plan_refusals(planning);
  }
  if (info.verb == "create") return plan_create(planning);
  if (info.verb == "delete") return plan_delete(planning);
  auto id = session_named(planning.request);  // get, by the name `self`
  if (!id) return fail(std::move(id.error()));
  return StateCall{[caller = planning.request.caller,
                    id = std::move(*id)](AccessState& state) -> Result<Outcome> {
    const auto seen = get_object(state, Viewer(state, caller), sessions(), id);
    if (!seen) return fail(seen.error());
    return with_grants(200, state, state.sessions().at((*seen)->meta().name));
  }};
}

}  // namespace postern::proxy::access::api
