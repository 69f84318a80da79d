#include "proxy/http/trace_context.h"

#include <algorithm>

// Tested by tests/proxy/http/trace_context_test.cc
namespace postern::proxy::http {
namespace {

constexpr std::size_t kLength = 55;  // of version 00
constexpr std::size_t kMaxState = 512;
constexpr std::size_t kMaxMembers = 32;

bool is_lower_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}
bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(), is_lower_hex);
}
/// An ID: hex, and not all zeros.
bool is_id(std::string_view text) {
  return is_hex(text) && text.find_first_not_of('0') != std::string_view::npos;
}

bool is_key_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
         std::string_view("_-*/@").find(c) != std::string_view::npos;
}

std::string_view trimmed(std::string_view text) {
  const auto first = std::min(text.find_first_not_of(" \t"), text.size());
  text.remove_prefix(first);
  return text.substr(0, text.find_last_not_of(" \t") + 1);
}

bool is_member(std::string_view member) {
  const std::size_t equals = member.find('=');
  if (equals == std::string_view::npos || equals == 0 || equals > 256) return false;
  const std::string_view key = member.substr(0, equals);
  const std::string_view value = member.substr(equals + 1);
  const bool begins_well = key.front() >= '0' && key.front() != '_';
  return begins_well && std::all_of(key.begin(), key.end(), is_key_character) && !value.empty() &&
         value.size() <= 256 && std::all_of(value.begin(), value.end(), [](char c) {
           return c >= 0x20 && c < 0x7F && c != ',' && c != '=';
         });
}

}  // namespace

bool is_traceparent(std::string_view value) {
  if (value.size() < kLength || value[2] != '-' || value[35] != '-' || value[52] != '-') {
    return false;
  }
  const std::string_view version = value.substr(0, 2);
  if (!is_hex(version) || version == "ff") return false;
  if (version == "00" && value.size() != kLength) return false;
  if (value.size() > kLength && value[kLength] != '-') return false;
  return is_id(value.substr(3, 32)) && is_id(value.substr(36, 16)) && is_hex(value.substr(53, 2));
}

bool is_tracestate(std::string_view value) {
  if (value.empty() || value.size() > kMaxState) return false;
  std::size_t members = 0;
  for (std::size_t begin = 0; begin <= value.size();) {
    const std::size_t end = std::min(value.find(',', begin), value.size());
    const std::string_view member = trimmed(value.substr(begin, end - begin));
    if (!member.empty() && (!is_member(member) || ++members > kMaxMembers)) return false;
    begin = end + 1;
  }
  return members > 0;
}

std::string_view trace_id(const Fields& fields) {
  const auto value = fields.get("traceparent");
  if (!value || fields.count("traceparent") != 1 || !is_traceparent(*value)) return {};
  return value->substr(3, 32);
}

}  // namespace postern::proxy::http
