#include "rbac/foreign_keys.h"

#include "kube/text.h"

#include <algorithm>
#include <array>

namespace postern::rbac {
namespace {

constexpr std::string_view kNoMeaning = "has no meaning here and is left out";

constexpr std::array<std::string_view, 22> kPermittingAllow = {
    "namespaces",
    "impersonate",
    "join_sessions",
    "host_groups",
    "host_sudoers",
    "desktop_groups",
    "aws_role_arns",
    "azure_identities",
    "gcp_service_accounts",
    "db_roles",
    "db_permissions",
    "db_service_labels",
    "cluster_labels",
    "group_labels",
    "spiffe",
    "account_assignments",
    "workload_identity_labels",
    "github_permissions",
    "mcp",
    "app_tools",
    "saml_idp_service_provider",
    "git_servers",
};

constexpr std::array<std::string_view, 12> kPermittingOptions = {
    "forward_agent",
    "cert_format",
    "permit_x11_forwarding",
    "create_desktop_user",
    "create_host_user",
    "create_host_user_mode",
    "create_host_user_default_shell",
    "create_db_user",
    "create_db_user_mode",
    "cert_extensions",
    "enhanced_recording",
    "idp",
};

/// An option that restricts unless it has one of these values.
struct RestrictingOption {
  std::string_view key;
  std::array<std::string_view, 4> harmless;
};
constexpr std::array<RestrictingOption, 12> kRestrictingOptions = {{
    {"require_session_mfa", {"false", "no", "off", "0"}},
    {"device_trust_mode", {"off", "optional", "", ""}},
    {"client_idle_timeout", {"0", "0s", "never", ""}},
    {"lock", {"best_effort", "", "", ""}},
    {"max_connections", {"0", "", "", ""}},
    {"max_kubernetes_connections", {"0", "", "", ""}},
    {"max_sessions", {"0", "", "", ""}},
    {"pin_source_ip", {"false", "no", "off", ""}},
    {"mfa_verification_interval", {"0", "0s", "", ""}},
    {"port_forwarding", {"true", "yes", "on", ""}},
    {"desktop_clipboard", {"true", "yes", "on", ""}},
    {"ssh_file_copy", {"true", "yes", "on", ""}},
}};

template <typename List>
bool contains(const List& list, std::string_view key) {
  return std::find(list.begin(), list.end(), key) != list.end();
}

bool is_label_expression(std::string_view key) {
  return key.ends_with("_labels_expression");
}

/// Whether any scalar below the node is one of these.
bool any_scalar(const YamlNode& node, const std::array<std::string_view, 4>& values) {
  if (node.is_scalar()) {
    return contains(values, kube::ascii_lower(node.text));
  }
  return std::any_of(node.items.begin(), node.items.end(),
                     [&](const YamlNode& item) { return any_scalar(item, values); }) ||
         std::any_of(node.members.begin(), node.members.end(),
                     [&](const YamlMember& member) { return any_scalar(member.value, values); });
}

void restricts(DocumentLog& log, const Place& place) {
  log.error(place,
            "restricts in a way that postern does not have, so that the role cannot be used");
}

void restricts_if(DocumentLog& log, const Place& place, bool restricting) {
  if (restricting) {
    restricts(log, place);
  } else {
    log.warn(place, std::string(kNoMeaning));
  }
}

/// Options whose values are looked at below the key; true when the key is one of them.
bool check_nested_option(DocumentLog& log, std::string_view key, const Place& place) {
  if (key == "record_session") {
    restricts_if(log, place, any_scalar(place.node, {"strict", "strict", "strict", "strict"}));
    return true;
  }
  if (key == "ssh_port_forwarding" || key == "desktop_directory_sharing") {
    restricts_if(log, place, any_scalar(place.node, {"false", "no", "off", "off"}));
    return true;
  }
  // Sessions and streams end with what they rest on in any case.
  return key == "disconnect_expired_cert";
}

}  // namespace

void check_foreign_allow(DocumentLog& log, MapReader& rest) {
  for (const auto& [key, place] : rest.take_rest()) {
    if (contains(kPermittingAllow, key)) {
      if (!place.node.is_empty()) {
        log.warn(place, std::string(kNoMeaning));
      }
    } else if (key == "require_session_join" || is_label_expression(key)) {
      if (!place.node.is_empty()) {
        restricts(log, place);
      }
    } else {
      log.error(place, "is not a known key");
    }
  }
}

void check_foreign_deny(DocumentLog& log, MapReader& rest) {
  for (const auto& [key, place] : rest.take_rest()) {
    if (!contains(kPermittingAllow, key) && key != "require_session_join" &&
        !is_label_expression(key)) {
      log.error(place, "is not a known key");
    } else if (!place.node.is_empty()) {
      restricts(log, place);
    }
  }
}

void check_foreign_options(DocumentLog& log, MapReader& rest) {
  for (const auto& [key, place] : rest.take_rest()) {
    const auto restricting =
        std::find_if(kRestrictingOptions.begin(), kRestrictingOptions.end(),
                     [&key = key](const RestrictingOption& option) { return option.key == key; });
    if (restricting != kRestrictingOptions.end()) {
      if (!place.node.is_empty() &&
          (!place.node.is_scalar() ||
           !contains(restricting->harmless, kube::ascii_lower(place.node.text)))) {
        restricts(log, place);
      }
    } else if (contains(kPermittingOptions, key)) {
      if (!place.node.is_empty()) {
        log.warn(place, std::string(kNoMeaning));
      }
    } else if (!check_nested_option(log, key, place)) {
      log.error(place, "is not a known key");
    }
  }
}

}  // namespace postern::rbac
