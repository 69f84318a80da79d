#include "proxy/config_values.h"

#include "kube/text.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <netinet/in.h>

namespace postern::proxy {
namespace {

bool is_lower_alnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}
bool is_alnum(char c) {
  return is_lower_alnum(c) || (c >= 'A' && c <= 'Z');
}

bool is_dns_label(std::string_view text) {
  return !text.empty() && text.size() <= 63 && is_lower_alnum(text.front()) &&
         is_lower_alnum(text.back()) && std::all_of(text.begin(), text.end(), [](char c) {
           return is_lower_alnum(c) || c == '-';
         });
}

/// apimachinery validation.IsQualifiedName's part behind the slash.
bool is_label_word(std::string_view text) {
  const auto inner = [](char c) { return is_alnum(c) || c == '-' || c == '_' || c == '.'; };
  return !text.empty() && text.size() <= 63 && is_alnum(text.front()) && is_alnum(text.back()) &&
         std::all_of(text.begin(), text.end(), inner);
}

/// The number at the front of the text, which is taken off; nullopt without one or when too large.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end == text.data()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};
/// Longest names first where one begins with another.
constexpr std::array<Unit, 4> kDurations = {
    {{"ms", 1}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}}};
constexpr std::array<Unit, 6> kSizes = {{{"Gi", 1ULL << 30U},
                                         {"Mi", 1ULL << 20U},
                                         {"Ki", 1ULL << 10U},
                                         {"G", 1'000'000'000},
                                         {"M", 1'000'000},
                                         {"k", 1'000}}};
/// A century of milliseconds; what is longer is a mistake, and may not overflow.
constexpr std::uint64_t kMaxMilliseconds = 3'155'760'000'000;

}  // namespace

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  if (text == "0") return std::chrono::milliseconds(0);
  if (text.empty()) return std::nullopt;
  std::uint64_t total = 0;
  while (!text.empty()) {
    const auto number = take_number(text);
    if (!number) return std::nullopt;
    const auto* const unit = std::find_if(kDurations.begin(), kDurations.end(),
                                          [&](const Unit& u) { return text.starts_with(u.name); });
    if (unit == kDurations.end() || *number > kMaxMilliseconds / unit->factor) return std::nullopt;
    total += *number * unit->factor;
    if (total > kMaxMilliseconds) return std::nullopt;
    text.remove_prefix(unit->name.size());
  }
  return std::chrono::milliseconds(static_cast<std::int64_t>(total));
}

std::string format_duration(std::chrono::milliseconds duration) {
  auto rest = static_cast<std::uint64_t>(std::max<std::int64_t>(duration.count(), 0));
  if (rest == 0) return "0s";
  std::string text;
  for (const Unit& unit : {Unit{"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}) {
    if (rest < unit.factor) continue;
    text += std::to_string(rest / unit.factor) + std::string(unit.name);
    rest %= unit.factor;
  }
  return text;
}

std::optional<std::uint64_t> parse_bytes(std::string_view text) {
  const auto number = take_number(text);
  if (!number) return std::nullopt;
  if (text.empty()) return number;
  const auto* const unit =
      std::find_if(kSizes.begin(), kSizes.end(), [&](const Unit& u) { return text == u.name; });
  if (unit == kSizes.end() || *number > UINT64_MAX / unit->factor) return std::nullopt;
  return *number * unit->factor;
}

std::string format_bytes(std::uint64_t bytes) {
  for (const Unit& unit : {kSizes[0], kSizes[1], kSizes[2]}) {
    if (bytes >= unit.factor && bytes % unit.factor == 0) {
      return std::to_string(bytes / unit.factor) + std::string(unit.name);
    }
  }
  return std::to_string(bytes);
}

std::string ListenAddress::to_string() const {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::optional<ListenAddress> parse_listen_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  std::string_view digits = text.substr(colon + 1);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  const auto port = take_number(digits);
  if (!port || !digits.empty() || *port > 65535) return std::nullopt;
  in6_addr scratch{};
  const std::string address(host);
  if (inet_pton(bracketed ? AF_INET6 : AF_INET, address.c_str(), &scratch) != 1) {
    return std::nullopt;
  }
  return ListenAddress{address, static_cast<std::uint16_t>(*port)};
}

std::string check_dns_label(std::string_view text) {
  if (is_dns_label(text)) return {};
  return "must be a DNS label: up to 63 of a-z, 0-9 and -, with a letter or digit at both ends";
}

std::string check_dns_subdomain(std::string_view text) {
  bool good = text.size() <= 253;
  for (std::string_view rest = text; good;) {
    const std::size_t dot = rest.find('.');
    good = is_dns_label(rest.substr(0, dot));
    if (dot == std::string_view::npos) break;
    rest.remove_prefix(dot + 1);
  }
  return good ? std::string() : "must be a DNS name: labels of a-z, 0-9 and - with dots between";
}

std::string check_host(std::string_view text) {
  in6_addr scratch{};
  const std::string address(text);
  const bool good =
      check_dns_subdomain(text).empty() || inet_pton(AF_INET6, address.c_str(), &scratch) == 1;
  return good ? std::string() : "must be a DNS name or an IP address";
}

std::string check_label_key(std::string_view text) {
  const std::size_t slash = text.find('/');
  const bool has_prefix = slash != std::string_view::npos;
  const bool good = (!has_prefix || check_dns_subdomain(text.substr(0, slash)).empty()) &&
                    is_label_word(has_prefix ? text.substr(slash + 1) : text);
  return good ? std::string() : "must be a label key: [PREFIX/]NAME as in Kubernetes";
}

std::string check_label_value(std::string_view text) {
  if (text.empty() || is_label_word(text)) return {};
  return "must be a label value: up to 63 of A-Z, a-z, 0-9, -, _ and .";
}

std::string check_name(std::string_view text) {
  const bool good = !text.empty() && text.size() <= 1024 && text.front() != ' ' &&
                    text.back() != ' ' && kube::is_printable(text);
  return good ? std::string() : "must be a printable name without spaces at its edges";
}

std::string check_prefix(std::string_view text) {
  const bool good =
      text.size() <= 256 && kube::is_printable(text) && (text.empty() || text.front() != ' ');
  return good ? std::string() : "must be printable and must not begin with a space";
}

std::string check_listen_address(std::string_view text) {
  if (parse_listen_address(text)) return {};
  return "must be IP:PORT or [IPv6]:PORT, e.g. 127.0.0.1:8443 or [::]:8443";
}

std::string check_listen_address_or_empty(std::string_view text) {
  return text.empty() ? std::string() : check_listen_address(text);
}

std::string check_loopback_address_or_empty(std::string_view text) {
  const auto address = parse_listen_address(text);
  const bool loopback = address && (address->host.starts_with("127.") || address->host == "::1");
  if (text.empty() || loopback) return {};
  return "must be a loopback address and a port, e.g. 127.0.0.1:6443: there is no TLS";
}

}  // namespace postern::proxy
