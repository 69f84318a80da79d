#pragma once

#include "proxy/access/state/session_table.h"
#include "proxy/authn/authenticator.h"

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

namespace postern::proxy::access {

/// Finds sessions by their tokens, in the table that the access thread keeps up to date.
class TableAuthenticator : public SessionAuthenticator {
 public:
  /// The table must outlive this.
  explicit TableAuthenticator(const SessionTable& table) : table_(table) {}

  /// Refuses what is no token of postern's, is not in force, or has come to its end by either
  /// clock.
  tl::expected<Authenticated, SessionRefusal> authenticate_session(
      std::string_view token) const override;

 private:
  const SessionTable& table_;
};

}  // namespace postern::proxy::access
