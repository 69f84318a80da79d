#pragma once

#include "proxy/access/state/audit_record.h"
#include "proxy/audit/audit_log.h"
#include "proxy/config.h"
#include "proxy/observe/health.h"
#include "proxy/reload_report.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace postern::proxy {

/// The audit log as the configuration wants it: the policy in force, the sink, and what tells the
/// sink of changes of access requests, roles, users and sessions.
///
/// Flow: open() and start() before anything is served; stop() when nobody audits any more.
class AuditRuntime {
 public:
  /// All three must outlive it.
  AuditRuntime(const AuditConfiguration& configuration, Log& log, Metrics& metrics);
  AuditRuntime(const AuditRuntime&) = delete;
  AuditRuntime& operator=(const AuditRuntime&) = delete;

  /// Reads the policy file and opens the log; all errors at once.
  Loaded<void> open();
  void start();
  /// False: the disk does not answer, and a thread is left behind (Sink::stop).
  bool stop();

  /// nullptr: nothing is audited (`audit.enabled: false`). Good as long as this is.
  const audit::AuditLog* log() const { return log_ ? &*log_ : nullptr; }
  /// For AccessState; any thread.
  access::AuditHook hook();
  void add_health_check(HealthRegistry& health);

  std::vector<std::string> policy_files() const;
  /// A bad policy file leaves what was before in force; that is logged and counted.
  void reload_policy();
  /// The log's file is opened again by its path (SIGHUP).
  void reopen();

 private:
  Loaded<void> load_policy();
  void tell(const access::AuditRecord& record);

  const AuditConfiguration& configuration_;
  ReloadReport report_;
  Snapshot<audit::Policy> policy_;
  std::optional<audit::Sink> sink_;
  std::optional<audit::AuditLog> log_;
};

}  // namespace postern::proxy
