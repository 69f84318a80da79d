#include "kube/api_grammar.h"

#include <algorithm>
#include <array>
#include <utility>

namespace postern::kube {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_lower_alnum(char c) {
  return (c >= 'a' && c <= 'z') || is_digit(c);
}

/// Takes `[1-9][0-9]*` off the front.
bool take_number(std::string_view& text) {
  if (text.empty() || !is_digit(text.front()) || text.front() == '0') return false;
  const std::size_t end =
      static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_digit) - text.begin());
  text.remove_prefix(end);
  return true;
}

bool take_word(std::string_view& text, std::string_view word) {
  if (!text.starts_with(word)) return false;
  text.remove_prefix(word.size());
  return true;
}

constexpr std::array<std::string_view, 5> kGroupsWithoutDot = {"apps", "autoscaling", "batch",
                                                               "extensions", "policy"};

using SubresourceMethods = std::pair<std::string_view, std::string_view>;
constexpr std::array<SubresourceMethods, 12> kSubresourceMethods = {{
    {"approval", "GET PUT PATCH"},
    {"attach", "GET POST"},
    {"binding", "POST"},
    {"ephemeralcontainers", "GET PUT PATCH"},
    {"eviction", "POST"},
    {"exec", "GET POST"},
    {"finalize", "PUT"},
    {"log", "GET"},
    {"portforward", "GET POST"},
    {"scale", "GET PUT PATCH"},
    {"status", "GET PUT PATCH"},
    {"token", "POST"},
}};

}  // namespace

bool is_dns_label(std::string_view text) {
  return !text.empty() && text.size() <= 63 && is_lower_alnum(text.front()) &&
         is_lower_alnum(text.back()) && std::all_of(text.begin(), text.end(), [](char c) {
           return is_lower_alnum(c) || c == '-';
         });
}

bool is_dns_subdomain(std::string_view text) {
  if (text.size() > 253) return false;
  for (std::size_t start = 0; start <= text.size();) {
    const std::size_t end = std::min(text.find('.', start), text.size());
    if (!is_dns_label(text.substr(start, end - start))) return false;
    start = end + 1;
  }
  return true;
}

bool is_api_group(std::string_view text) {
  if (text.find('.') != std::string_view::npos) return is_dns_subdomain(text);
  return std::find(kGroupsWithoutDot.begin(), kGroupsWithoutDot.end(), text) !=
         kGroupsWithoutDot.end();
}

bool is_api_version(std::string_view text) {
  if (text.size() > 63 || !take_word(text, "v") || !take_number(text)) return false;
  if (text.empty()) return true;
  return (take_word(text, "alpha") || take_word(text, "beta")) && take_number(text) && text.empty();
}

bool is_core_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return is_lower_alnum(c) || (c >= 'A' && c <= 'Z') || c == '.' || c == '_' || c == '-';
  });
}

std::optional<ProxyName> split_proxy_name(std::string_view segment) {
  ProxyName result;
  const std::size_t first = segment.find(':');
  const std::size_t last = segment.rfind(':');
  if (first != last) {
    result.scheme = segment.substr(0, first);
    segment.remove_prefix(first + 1);
  }
  const std::size_t colon = std::min(segment.find(':'), segment.size());
  result.name = segment.substr(0, colon);
  result.port = segment.substr(std::min(colon + 1, segment.size()));
  const bool known_scheme =
      result.scheme.empty() || result.scheme == "http" || result.scheme == "https";
  const bool good_port = result.port.empty() || is_dns_label(result.port);
  if (!known_scheme || !good_port || !is_core_name(result.name)) return std::nullopt;
  return result;
}

bool subresource_has_method(std::string_view subresource, std::string_view method) {
  const auto known =
      std::find_if(kSubresourceMethods.begin(), kSubresourceMethods.end(),
                   [&](const SubresourceMethods& entry) { return entry.first == subresource; });
  return known == kSubresourceMethods.end() || known->second.find(method) != std::string_view::npos;
}

}  // namespace postern::kube
