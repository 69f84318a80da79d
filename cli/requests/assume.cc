#include "cli/requests/assume.h"

#include "cli/output/text_table.h"
#include "cli/output/times.h"
#include "cli/requests/request_text.h"
#include "kube/text.h"

#include <algorithm>
#include <ostream>

namespace postern::cli {
namespace {

constexpr int kNotFound = 404;

/// What a request names; one for roles as a whole names nothing.
std::string resources_text(const Json& request) {
  const auto resources = texts_at(request, {"spec", "resources"});
  return resources.empty() && request.contains("spec") ? "<all of the roles>" : joined(resources);
}

/// Until when it counts for this session, which may end it earlier than the request says.
std::string until_text(const Json& request, const Json& grant, TimePoint now) {
  if (!is_in_force(grant)) return "no longer in force";
  const std::string own = text_at(grant, {"expirationTimestamp"});
  return time_with_distance(own.empty() ? text_at(request, {"status", "accessExpires"}) : own, now);
}

/// Says which of `names` the session does not work with anyhow.
void tell_unassumed(const Context& context, const Json& session,
                    const std::vector<std::string>& names) {
  const auto assumed = texts_at(session, {"status", "requests"});
  for (const std::string& name : names) {
    if (name != "*" && std::find(assumed.begin(), assumed.end(), name) == assumed.end()) {
      context.err() << "note: request " << kube::printable(name) << " was not assumed\n";
    }
  }
}

Outcome<void> change_and_tell(const Context& context, const std::vector<std::string>& assume,
                              const std::vector<std::string>& drop) {
  const auto connection = connect(context);
  if (!connection) return tl::unexpected(connection.error());
  const auto session = change_requests(connection->api(), assume, drop);
  if (!session) return tl::unexpected(session.error());
  return tell_requests(context, *connection, *session);
}

}  // namespace

Outcome<Json> change_requests(AccessClient& api, const std::vector<std::string>& assume,
                              const std::vector<std::string>& drop) {
  Json change = new_object("SessionRequests");
  change["spec"] = Json::object();
  if (!assume.empty()) change["spec"]["assume"] = assume;
  if (!drop.empty()) change["spec"]["drop"] = drop;
  return api.post("sessions/self/requests", change);
}

bool is_in_force(const Json& grant) {
  return grant.is_null() || is_true(grant, {"inForce"});
}

Json grant_of(const Json& session, const std::string& request) {
  for (const Json& grant : find(session, {"status", "grants"})) {
    if (text_at(grant, {"request"}) == request) return grant;
  }
  return {};
}

Outcome<std::vector<Json>> requests_of(AccessClient& api, const Json& session) {
  std::vector<Json> requests;
  for (const std::string& name : texts_at(session, {"status", "requests"})) {
    auto request = api.get(path_of({"accessrequests", name}));
    if (request) {
      requests.push_back(std::move(*request));
    } else if (request.error().http_status == kNotFound) {
      requests.push_back({{"metadata", {{"name", name}}}});
    } else {
      return tl::unexpected(request.error());
    }
  }
  return requests;
}

Outcome<void> tell_requests(const Context& context, const Connection& connection,
                            const Json& session) {
  const auto requests = requests_of(connection.api(), session);
  if (!requests) return tl::unexpected(requests.error());
  if (requests->empty()) {
    context.out() << "No request is assumed: your own roles count.\n";
    return {};
  }
  TextTable table{{"ASSUMED", "EXPIRES", "ROLES", "RESOURCES"}, {}};
  const TimePoint now = std::chrono::system_clock::now();
  std::string reasons;
  for (const Json& request : *requests) {
    const std::string name = text_at(request, {"metadata", "name"});
    const Json grant = grant_of(session, name);
    table.rows.push_back({name, until_text(request, grant, now),
                          joined(texts_at(request, {"spec", "roles"})), resources_text(request)});
    if (is_in_force(grant)) continue;
    reasons += kube::printable(name) +
               " is no longer in force: " + kube::printable(text_at(grant, {"message"})) + "\n";
  }
  table.print(context.out());
  context.out() << reasons;
  return {};
}

Outcome<void> run_assume(const std::vector<std::string>& names, const Context& context) {
  return change_and_tell(context, names, {});
}

Outcome<void> run_drop(const std::vector<std::string>& names, const Context& context) {
  if (names.empty()) return change_and_tell(context, {}, {"*"});
  const auto connection = connect(context);
  if (!connection) return tl::unexpected(connection.error());
  const auto before = connection->api().get("sessions/self");
  if (!before) return tl::unexpected(before.error());
  tell_unassumed(context, *before, names);
  return change_and_tell(context, {}, names);
}

}  // namespace postern::cli
