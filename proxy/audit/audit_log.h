#pragma once

#include "proxy/audit/policy.h"
#include "proxy/audit/sink.h"
#include "proxy/net/snapshot.h"

namespace postern::proxy::audit {

/// What everybody who audits something needs. Whatever it refers to outlives them.
struct AuditLog {
  Sink& sink;
  const Snapshot<Policy>& policy;
  /// What cannot be audited is refused.
  bool refuses = true;
  /// A RequestReceived event is waited for until it is written.
  bool waits = true;

  /// Whether something new may be begun as far as the audit log is concerned.
  bool lets_begin() const { return !refuses || sink.admits(); }
};

}  // namespace postern::proxy::audit
