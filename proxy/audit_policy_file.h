#pragma once

#include "proxy/audit/policy.h"
#include "proxy/config_error.h"

#include <string>
#include <string_view>

namespace postern::proxy {

/// Reads an `audit.k8s.io/v1` Policy from YAML text, at most 1 MiB. Errors, all of them at once
/// with their key paths and places: unknown and repeated keys, unknown levels and stages, what
/// kube-apiserver's own validation refuses (pkg/apis/audit/validation/validation.go), and a policy
/// without rules, which would write down nothing at all.
Loaded<audit::Policy> parse_audit_policy(const std::string& file, std::string_view yaml);
/// The same of a file.
Loaded<audit::Policy> load_audit_policy(const std::string& file);

}  // namespace postern::proxy
