#include "proxy/live_files.h"

#include <utility>

namespace postern::proxy {
namespace {

/// How often a made certificate's age is looked at.
constexpr std::chrono::hours kRenewalCheck{1};

}  // namespace

LiveFiles::LiveFiles(const ProxyConfiguration& configuration, Metrics& metrics, Log& log)
    : policy_(configuration, ReloadReport(metrics, log)),
      authenticators_(configuration.authentication, ReloadReport(metrics, log)),
      certificate_(configuration, ReloadReport(metrics, log)) {}

Loaded<void> LiveFiles::load() {
  ConfigErrors errors;
  const auto add = [&errors](const Loaded<void>& outcome) {
    if (!outcome) errors.insert(errors.end(), outcome.error().begin(), outcome.error().end());
  };
  add(policy_.load());
  add(authenticators_.load());
  // Last, and only if everything else is good: it may make files.
  if (errors.empty() || !certificate_.is_made()) add(certificate_.load());
  if (!errors.empty()) return tl::unexpected(std::move(errors));
  return {};
}

void LiveFiles::watch() {
  WatchedGroups& groups = watch_.groups();
  groups.add(policy_.files(), [this] { policy_.reload(); });
  groups.add(authenticators_.client_ca_files(), [this] { authenticators_.reload_client_ca(); });
  groups.add(authenticators_.token_files(), [this] { authenticators_.reload_tokens(); });
  groups.add(certificate_.files(), [this] { certificate_.reload(); });
  if (certificate_.is_made()) {
    const auto renew = [this] {
      if (std::chrono::system_clock::now() >= certificate_.made().renew_at) certificate_.reload();
    };
    groups.add_timer(kRenewalCheck, renew, WatchedGroups::Clock::now());
  }
  watch_.start();
}

}  // namespace postern::proxy
