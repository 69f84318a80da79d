#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// The small languages inside of configuration values.
namespace postern::proxy {

/// Go's time.ParseDuration in milliseconds, without signs and fractions: `300ms`, `1m30s`, `2h`,
/// `0`.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);
/// The shortest such text.
std::string format_duration(std::chrono::milliseconds duration);

/// A whole number of bytes as a Kubernetes quantity: digits, and nothing or one of k M G Ki Mi Gi
/// (apimachinery resource.Quantity).
std::optional<std::uint64_t> parse_bytes(std::string_view text);
std::string format_bytes(std::uint64_t bytes);

/// Where to listen.
struct ListenAddress {
  std::string host;  ///< an IP address, without brackets
  std::uint16_t port = 0;
  std::string to_string() const;  ///< `127.0.0.1:8443`, `[::1]:8443`
  friend bool operator==(const ListenAddress&, const ListenAddress&) = default;
};
/// `IP:PORT` or `[IPv6]:PORT`; port 0 takes a free one. nullopt for host names too: what they mean
/// may change.
std::optional<ListenAddress> parse_listen_address(std::string_view text);

// TextRule functions: what is wrong, or "".
std::string check_dns_label(std::string_view text);      ///< RFC 1123 label
std::string check_dns_subdomain(std::string_view text);  ///< labels with dots between, 253 in all
std::string check_host(std::string_view text);           ///< a DNS name or an IP address
std::string check_label_key(std::string_view text);      ///< [DNS subdomain/]NAME
std::string check_label_value(std::string_view text);    ///< "" or up to 63 of [A-Za-z0-9_.-]
std::string check_name(std::string_view text);           ///< of users, groups and roles
std::string check_prefix(std::string_view text);         ///< may be empty
std::string check_listen_address(std::string_view text);
std::string check_listen_address_or_empty(std::string_view text);
/// As check_listen_address_or_empty(), of this machine alone: 127.0.0.0/8 or ::1.
std::string check_loopback_address_or_empty(std::string_view text);

}  // namespace postern::proxy
