#pragma once

#include "rbac/authorize.h"

#include <string>

namespace postern::rbac {

/// Which role, rule and access request decided, and until when, in one line: what `auth can-i
/// --explain` says and what audit events carry.
///
///     allowed by role dev, allow.kubernetes_resources[0], request k3n5x0a1b2, until
///     2026-11-23T15:21:08Z filtered by the rules of role dev (request k3n5x0a1b2), role ops denied
///     by role base, deny.kubernetes_resources[1] no role gives get on this
std::string explanation_line(const Decision& decision);

/// "allow.kubernetes_resources[0]"; "" where no rule in particular decided.
std::string rule_path(const DecidingRule& rule);

/// RFC 3339 in UTC, without parts of a second.
std::string utc_text(TimePoint time);

}  // namespace postern::rbac
