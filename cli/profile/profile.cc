#include "cli/profile/profile.h"

#include "kube/text.h"

#include <charconv>
#include <fmt/format.h>

namespace postern::cli {
namespace {

constexpr std::string_view kScheme = "https://";
constexpr int kMaxPort = 65535;

bool is_host(std::string_view host) {
  if (host.starts_with("[") && host.ends_with("]")) {
    return host.size() > 2 &&
           host.substr(1, host.size() - 2).find_first_not_of("0123456789abcdef:.") ==
               std::string_view::npos;
  }
  return !host.empty() && host.front() != '-' && host.front() != '.' &&
         host.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-._") ==
             std::string_view::npos;
}

bool is_port(std::string_view text) {
  int port = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), port);
  return !text.empty() && result.ptr == text.data() + text.size() && port > 0 && port <= kMaxPort;
}

}  // namespace

Json to_json(const Profile& profile) {
  Json value{{"proxy", profile.proxy}};
  const auto put = [&value](const char* key, const std::string& text) {
    if (!text.empty()) value[key] = text;
  };
  put("user", profile.user);
  put("certificateAuthority", profile.authorities);
  put("tlsServerName", profile.tls_server_name);
  put("session", profile.session);
  put("token", profile.token);
  put("expires", profile.expires);
  return value;
}

Outcome<Profile> profile_from_json(const std::string& text, const std::string& origin) {
  const Json value = Json::parse(text, nullptr, false);
  Profile profile;
  profile.proxy = text_at(value, {"proxy"});
  if (profile.proxy.empty()) {
    return failed(origin + ": is no profile; remove it and log in again: postern login");
  }
  profile.user = text_at(value, {"user"});
  profile.authorities = text_at(value, {"certificateAuthority"});
  profile.tls_server_name = text_at(value, {"tlsServerName"});
  profile.session = text_at(value, {"session"});
  profile.token = text_at(value, {"token"});
  profile.expires = text_at(value, {"expires"});
  return profile;
}

Outcome<std::string> parse_proxy(std::string_view text) {
  const std::string lowered = kube::ascii_lower(text);
  std::string_view rest = lowered;
  if (rest.starts_with(kScheme)) rest.remove_prefix(kScheme.size());
  if (rest.ends_with("/")) rest.remove_suffix(1);
  const std::size_t bracket = rest.rfind(']');
  const std::size_t colon = rest.rfind(':');
  const bool has_port =
      colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
  const std::string_view host = rest.substr(0, has_port ? colon : rest.size());
  const std::string_view port = has_port ? rest.substr(colon + 1) : "8443";
  if (is_host(host) && is_port(port)) return fmt::format("{}:{}", host, port);
  return wrong_usage(fmt::format("\"{}\" is no proxy; write HOST:PORT", text));
}

}  // namespace postern::cli
