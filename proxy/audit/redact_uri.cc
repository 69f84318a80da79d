#include "proxy/audit/redact_uri.h"

#include "kube/text.h"

#include <algorithm>
#include <array>

// Tested by tests/proxy/audit/redact_uri_test.cc
namespace postern::proxy::audit {
namespace {

constexpr std::string_view kRedacted = "[redacted]";
constexpr std::array<std::string_view, 10> kSecretKeys{
    "access_token", "token",         "id_token", "refresh_token", "bearer_token",
    "api_key",      "client_secret", "password", "passwd",        "secret"};
constexpr std::array<std::string_view, 6> kMarkers{"bearer%20", "bearer+", "bearer%3a%20",
                                                   "pst_",      "psi_",    "eyj"};

bool is_secret_key(std::string_view key) {
  return std::any_of(kSecretKeys.begin(), kSecretKeys.end(), [key](std::string_view secret) {
    return kube::equals_ignore_case(key, secret);
  });
}

bool is_token_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-._~+/=%").find(c) != std::string_view::npos;
}

/// A marker and how much of it stays.
struct Found {
  std::size_t at = std::string_view::npos;
  std::size_t kept = 0;
};

/// JSON web tokens (`eyJ…`) count only with their two dots, so that no word that begins so is lost.
bool is_secret(std::string_view marker, std::string_view rest) {
  if (marker != "eyj") return true;
  const auto end = std::find_if_not(rest.begin(), rest.end(), is_token_character);
  return std::count(rest.begin(), end, '.') == 2;
}

/// The marker that stands here, in any case; "" for none. All but a few places are told by their
/// first letter.
std::string_view marker_at(std::string_view text, std::size_t at) {
  const char first = static_cast<char>(text[at] | 0x20);
  if (first != 'b' && first != 'p' && first != 'e') return {};
  for (const std::string_view marker : kMarkers) {
    if (marker.front() == first &&
        kube::equals_ignore_case(text.substr(at, marker.size()), marker) &&
        is_secret(marker, text.substr(at))) {
      return marker;
    }
  }
  return {};
}

Found find_marker(std::string_view text, std::size_t from) {
  for (std::size_t at = from; at < text.size(); ++at) {
    if (const std::string_view marker = marker_at(text, at); !marker.empty()) {
      return {at, marker == "eyj" ? 0 : marker.size()};
    }
  }
  return {};
}

/// Cuts out what follows a marker.
void append_without_tokens(std::string& out, std::string_view text) {
  std::size_t done = 0;
  for (Found found = find_marker(text, 0); found.at < text.size();
       found = find_marker(text, done)) {
    const std::size_t begin = found.at + found.kept;
    out += text.substr(done, begin - done);
    done = begin;
    while (done < text.size() && is_token_character(text[done])) ++done;
    if (done > begin) out += kRedacted;
    if (done == found.at) break;
  }
  out += text.substr(done);
}

}  // namespace

std::string redact_uri(std::string_view target) {
  std::string out;
  out.reserve(target.size());
  const std::size_t query = std::min(target.find('?'), target.size());
  append_without_tokens(out, target.substr(0, query));
  for (std::size_t begin = query; begin < target.size();) {
    const std::size_t end = std::min(target.find('&', begin + 1), target.size());
    const std::string_view pair = target.substr(begin, end - begin);  // with its ? or &
    const std::size_t equals = pair.find('=');
    if (equals != std::string_view::npos && equals + 1 < pair.size() &&
        is_secret_key(pair.substr(1, equals - 1))) {
      out.append(pair.substr(0, equals + 1)).append(kRedacted);
    } else {
      append_without_tokens(out, pair);
    }
    begin = end;
  }
  return out;
}

}  // namespace postern::proxy::audit
