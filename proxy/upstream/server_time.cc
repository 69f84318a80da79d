#include "proxy/upstream/server_time.h"

#include <array>
#include <ctime>

// Tested by tests/proxy/upstream/server_time_test.cc
namespace postern::proxy {
namespace {

/// The whole text in strptime's form, as UTC.
std::optional<std::chrono::system_clock::time_point> parse(const std::string& text,
                                                           const char* form) {
  std::tm fields{};
  const char* const end = ::strptime(text.c_str(), form, &fields);
  if (end == nullptr || *end != '\0' || end != text.c_str() + text.size()) return std::nullopt;
  const std::time_t seconds = ::timegm(&fields);
  if (seconds == -1) return std::nullopt;
  return std::chrono::system_clock::from_time_t(seconds);
}

}  // namespace

std::optional<std::chrono::system_clock::time_point> parse_http_date(const std::string& text) {
  return parse(text, "%a, %d %b %Y %H:%M:%S GMT");
}

std::optional<std::chrono::system_clock::time_point> parse_kube_time(const std::string& text) {
  return parse(text, "%Y-%m-%dT%H:%M:%SZ");
}

std::string kube_time(std::chrono::system_clock::time_point time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm fields{};
  ::gmtime_r(&seconds, &fields);
  std::array<char, 32> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &fields);
  return {text.data(), size};
}

}  // namespace postern::proxy
