#include "proxy/authn/session_basis.h"

#include "proxy/authn/token_hash.h"
#include "proxy/crypto/base64url.h"

#include <nlohmann/json.hpp>

// Tested by tests/proxy/authn/session_basis_test.cc
namespace postern::proxy {
namespace {

constexpr std::string_view kPurpose = "postern session made with ";
/// 2200-01-01, which every clock here can hold.
constexpr double kLatest = 7258118400.0;

}  // namespace

std::string basis_digest(std::string_view token) {
  std::string text(kPurpose);
  for (const std::uint8_t byte : hash_token(token)) text += static_cast<char>(byte);
  std::string hex;
  for (const std::uint8_t byte : hash_token(text)) {
    hex += "0123456789abcdef"[byte >> 4U];
    hex += "0123456789abcdef"[byte & 0xFU];
  }
  return hex;
}

std::optional<std::chrono::system_clock::time_point> web_token_end(std::string_view token) {
  const std::size_t first = token.find('.');
  const std::size_t second = token.find('.', first == std::string_view::npos ? first : first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const auto claims = base64url_decode(token.substr(first + 1, second - first - 1));
  if (!claims) return std::nullopt;
  const auto json = nlohmann::json::parse(*claims, nullptr, false);
  const auto found = json.is_object() ? json.find("exp") : json.end();
  if (!json.is_object() || found == json.end() || !found->is_number()) return std::nullopt;
  const double seconds = found->get<double>();
  if (!(seconds >= 0 && seconds < kLatest)) return std::nullopt;
  return std::chrono::system_clock::from_time_t(static_cast<std::time_t>(seconds));
}

}  // namespace postern::proxy
