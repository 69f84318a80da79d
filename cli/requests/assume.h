#pragma once

#include "cli/connect.h"
#include "cli/context.h"

#include <string>
#include <vector>

namespace postern::cli {

/// Changes which requests the session of `api` works with; the session as it is then.
Outcome<Json> change_requests(AccessClient& api, const std::vector<std::string>& assume,
                              const std::vector<std::string>& drop);

/// What a request that the session has assumed gives it, as the proxy says: an element of
/// `status.grants`. null where it says nothing.
Json grant_of(const Json& session, const std::string& request);
/// Also where nothing is said: older proxies do not.
bool is_in_force(const Json& grant);

/// One line for each request of a session, with what it is about and until when, and why it is no
/// longer in force where it is not; or that there is none.
Outcome<void> tell_requests(const Context& context, const Connection& connection,
                            const Json& session);

/// The requests of a session, as the API has them. One that is gone is an object with only a name.
Outcome<std::vector<Json>> requests_of(AccessClient& api, const Json& session);

/// `postern request assume ID…`
Outcome<void> run_assume(const std::vector<std::string>& names, const Context& context);
/// `postern request drop [ID…]`: none means all.
Outcome<void> run_drop(const std::vector<std::string>& names, const Context& context);

}  // namespace postern::cli
