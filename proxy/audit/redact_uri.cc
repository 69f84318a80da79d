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
constexpr std::string_view kWebToken = "eyj";
constexpr std::array<std::string_view, 6> kMarkers{"bearer%20", "bearer+", "bearer%3a%20",
                                                   "pst_",      "psi_",    kWebToken};

bool is_secret_key(std::string_view key) {
  return std::any_of(kSecretKeys.begin(), kSecretKeys.end(), [key](std::string_view secret) {
    return kube::equals_ignore_case(key, secret);
  });
}

bool is_token_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-._~+/=%").find(c) != std::string_view::npos;
}

/// How many dots there are from a place to where its token ends. Places are asked for from left to
/// right, and each byte is looked at twice at most, however many markers a text has.
class TokenDots {
 public:
  explicit TokenDots(std::string_view text) : text_(text) {}

  std::size_t behind(std::size_t at) {
    if (at >= end_) {
      const auto* const from = text_.begin() + at;
      const auto* const end = std::find_if_not(from, text_.end(), is_token_character);
      end_ = at + static_cast<std::size_t>(end - from);
      dots_ = dots(at, end_);
    } else {
      dots_ -= dots(at_, at);
    }
    at_ = at;
    return dots_;
  }

 private:
  std::size_t dots(std::size_t begin, std::size_t end) const {
    const std::string_view part = text_.substr(begin, end - begin);
    return static_cast<std::size_t>(std::count(part.begin(), part.end(), '.'));
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t end_ = 0;
  std::size_t dots_ = 0;
};

/// The marker that stands here, in any case; "" for none. All but a few places are told by their
/// first letter. JSON web tokens (`eyJ…`) count only with their two dots, so that no word that
/// begins so is lost.
std::string_view marker_at(std::string_view text, std::size_t at, TokenDots& dots) {
  const char first = static_cast<char>(text[at] | 0x20);
  if (first != 'b' && first != 'p' && first != 'e') return {};
  for (const std::string_view marker : kMarkers) {
    if (marker.front() == first &&
        kube::equals_ignore_case(text.substr(at, marker.size()), marker) &&
        (marker != kWebToken || dots.behind(at) == 2)) {
      return marker;
    }
  }
  return {};
}

/// Cuts out what follows a marker, and web tokens whole.
void append_without_tokens(std::string& out, std::string_view text) {
  TokenDots dots(text);
  std::size_t done = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view marker = marker_at(text, at, dots);
    if (marker.empty()) {
      ++at;
      continue;
    }
    const std::size_t begin = at + (marker == kWebToken ? 0 : marker.size());
    out += text.substr(done, begin - done);
    at = begin;
    while (at < text.size() && is_token_character(text[at])) ++at;
    if (at > begin) out += kRedacted;
    done = at;
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
