#include "cli/login/session_commands.h"

#include "cli/connect.h"
#include "cli/output/json_text.h"
#include "cli/output/times.h"
#include "cli/output/yaml.h"
#include "cli/profile/profile_store.h"
#include "cli/requests/assume.h"
#include "kube/text.h"

#include <ostream>

namespace postern::cli {
namespace {

constexpr int kUnauthorized = 401;

Outcome<void> end_session(const Context& context, const ProfileStore& store, Profile profile) {
  if (!profile.has_session()) return {};
  if (const auto connection = connect(context, profile)) {
    const auto ended = connection->api().remove("sessions/self");
    if (!ended && ended.error().http_status != kUnauthorized) {
      context.err() << "warning: " << profile.proxy
                    << " was not told: " << kube::printable(ended.error().message) << "\n";
    }
  }
  profile.token.clear();
  profile.session.clear();
  profile.expires.clear();
  if (auto saved = store.save(profile); !saved) return saved;
  context.out() << "Logged out at " << profile.proxy << "\n";
  return {};
}

Json status_of(const Profile& profile, const Json& session, const std::vector<Json>& requests) {
  Json value{{"proxy", profile.proxy},
             {"user", text_at(session, {"status", "user"})},
             {"session", text_at(session, {"metadata", "name"})},
             {"expires", text_at(session, {"status", "expirationTimestamp"})},
             {"requests", Json::array()}};
  for (const Json& request : requests) {
    Json shown{{"name", text_at(request, {"metadata", "name"})},
               {"expires", text_at(request, {"status", "accessExpires"})},
               {"roles", texts_at(request, {"spec", "roles"})},
               {"resources", texts_at(request, {"spec", "resources"})}};
    if (const Json grant = grant_of(session, text_at(shown, {"name"})); !grant.is_null()) {
      shown["inForce"] = is_in_force(grant);
      if (std::string why = text_at(grant, {"message"}); !why.empty()) shown["message"] = why;
      if (std::string end = text_at(grant, {"expirationTimestamp"}); !end.empty()) {
        shown["expires"] = end;
      }
    }
    value["requests"].push_back(std::move(shown));
  }
  return value;
}

}  // namespace

Outcome<void> run_logout(bool all, const Context& context) {
  const ProfileStore store(context.surroundings);
  std::vector<Profile> profiles;
  if (all) {
    auto every = store.load_all();
    if (!every) return tl::unexpected(every.error());
    profiles = std::move(*every);
  } else {
    auto profile = chosen_profile(context);
    if (!profile) return tl::unexpected(profile.error());
    if (!profile->has_session()) {
      context.err() << "Nobody is logged in at " << profile->proxy << "\n";
    }
    profiles.push_back(std::move(*profile));
  }
  for (const Profile& profile : profiles) {
    if (auto done = end_session(context, store, profile); !done) return done;
  }
  return {};
}

Outcome<void> run_status(const std::string& output, const Context& context) {
  const auto connection = connect(context);
  if (!connection) return tl::unexpected(connection.error());
  auto session = connection->api().get("sessions/self");
  if (!session) return tl::unexpected(session.error());
  Profile profile = connection->profile.value_or(Profile{});
  if (profile.proxy.empty()) profile.proxy = authority_of(connection->api().endpoint().url);
  if (!output.empty()) {
    const auto requests = requests_of(connection->api(), *session);
    if (!requests) return tl::unexpected(requests.error());
    const Json status = status_of(profile, *session, *requests);
    context.out() << (output == "json" ? json_text(status) + "\n" : yaml_text(status));
    return {};
  }
  const std::string until = time_with_distance(text_at(*session, {"status", "expirationTimestamp"}),
                                               std::chrono::system_clock::now());
  context.out() << "Proxy:    " << kube::printable(profile.proxy) << "\n"
                << "User:     " << kube::printable(text_at(*session, {"status", "user"})) << "\n"
                << "Session:  " << kube::printable(text_at(*session, {"metadata", "name"}))
                << ", until " << kube::printable(until) << "\n";
  return tell_requests(context, *connection, *session);
}

}  // namespace postern::cli
