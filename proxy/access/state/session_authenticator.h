#pragma once

#include "proxy/access/state/session_table.h"
#include "proxy/authn/authenticator.h"
#include "proxy/observe/metrics.h"

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

namespace postern::proxy::access {

/// Finds sessions by their tokens, in the table that the access thread keeps up to date.
class TableAuthenticator : public SessionAuthenticator {
 public:
  /// The table and the metrics (may be nullptr) must outlive this.
  explicit TableAuthenticator(const SessionTable& table, Metrics* metrics = nullptr)
      : table_(table), metrics_(metrics) {}

  /// Refuses what is no token of postern's, is not in force, or has come to its end by either
  /// clock. Counts the lookup.
  tl::expected<Authenticated, SessionRefusal> authenticate_session(
      std::string_view token) const override;

 private:
  void count(SessionLookup result) const;

  const SessionTable& table_;
  Metrics* metrics_;
};

}  // namespace postern::proxy::access
