#pragma once

#include <optional>
#include <string_view>

/// The words that API paths are made of.
namespace postern::kube {

/// `[a-z0-9]([-a-z0-9]*[a-z0-9])?`, at most 63 characters (RFC 1123): namespaces, plurals,
/// subresources.
bool is_dns_label(std::string_view text);

/// Labels joined by dots, at most 253 characters.
bool is_dns_subdomain(std::string_view text);

/// A subdomain with a dot, or one of the built-in groups without (`apps`, `batch`, …). CRDs must
/// have a dot.
bool is_api_group(std::string_view text);

/// `v1`, `v2beta1`: `v[1-9][0-9]*((alpha|beta)[1-9][0-9]*)?`.
bool is_api_version(std::string_view text);

/// What a core object's name can consist of: `[A-Za-z0-9._-]+`. Wider than what exists (names are
/// DNS subdomains), so that a wrong case is refused like any other name; without the ':' that
/// `proxy` gives a meaning to.
bool is_core_name(std::string_view text);

/// `[scheme:]name[:port]`, the name segment of core `proxy` subresources.
struct ProxyName {
  std::string_view scheme;  ///< "", "http" or "https"
  std::string_view name;
  std::string_view port;
};
/// Source: apimachinery pkg/util/net SplitSchemeNamePort; besides, the name must be a core name and
/// the port a number or a port name.
std::optional<ProxyName> split_proxy_name(std::string_view segment);

/// Whether Kubernetes has this method (in upper case) on this subresource. Subresources that it
/// does not know (aggregated APIs) have every method.
bool subresource_has_method(std::string_view subresource, std::string_view method);

}  // namespace postern::kube
