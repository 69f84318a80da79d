#include "cli/login/invite_link.h"

#include "cli/client/server_trust.h"
#include "cli/profile/profile.h"
#include "kube/percent.h"

#include <vector>

namespace postern::cli {
namespace {

constexpr std::string_view kScheme = "postern://";

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

}  // namespace

std::string InviteLink::str() const {
  std::string link(kScheme);
  link += kube::encode_query_component(user) + "@" + proxy + "/invite/" +
          kube::encode_query_component(token);
  if (!pin.empty()) link += "/" + pin;
  return link;
}

Outcome<InviteLink> parse_invite_link(std::string_view text) {
  const auto refuse = [] {
    return wrong_usage("this is no invite link; it is postern://USER@HOST:PORT/invite/TOKEN/PIN");
  };
  if (!text.starts_with(kScheme)) return refuse();
  const auto parts = split(text.substr(kScheme.size()), '/');
  if (parts.size() < 3 || parts.size() > 4 || parts[1] != "invite") return refuse();
  const std::size_t at = parts[0].rfind('@');
  if (at == std::string_view::npos) return refuse();
  const auto user = kube::percent_decode(parts[0].substr(0, at));
  const auto token = kube::percent_decode(parts[2]);
  auto proxy = parse_proxy(parts[0].substr(at + 1));
  if (!user || user->empty() || !token || token->empty() || !proxy) return refuse();
  InviteLink link{*user, std::move(*proxy), *token, ""};
  if (parts.size() == 4) {
    auto pin = parse_pin(parts[3]);
    if (!pin) return tl::unexpected(pin.error());
    link.pin = std::move(*pin);
  }
  return link;
}

}  // namespace postern::cli
