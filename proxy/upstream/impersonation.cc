#include "proxy/upstream/impersonation.h"

#include "kube/text.h"

#include <cstdint>

// Tested by tests/proxy/upstream/impersonation_test.cc
namespace postern::proxy {
namespace {

bool is_control(std::uint32_t code_point) {
  return code_point < 0x20 || (code_point >= 0x7F && code_point <= 0x9F);
}

bool is_lower_token(char c) {
  if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) return true;
  return c == '-' || c == '.' || c == '_';
}

}  // namespace

bool is_safe_identity_value(std::string_view value) {
  if (value.empty() || value.front() == ' ' || value.back() == ' ') return false;
  for (std::size_t at = 0; at < value.size();) {
    const kube::CodePoint next = kube::decode_utf8(value, at);
    if (next.length == 0 || is_control(next.value)) return false;
    at += next.length;
  }
  return true;
}

std::string impersonation_extra_name(std::string_view key) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string name = "Impersonate-Extra-";
  for (const char c : key) {
    if (is_lower_token(c)) {
      name += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    name += '%';
    name += kHex[byte >> 4U];
    name += kHex[byte & 0xFU];
  }
  return name;
}

Result<HeaderFields> impersonation_fields(const rbac::Principals& principals,
                                          std::string_view access_request) {
  const auto refuse = [](std::string what) {
    return fail(kube::Status::internal("this call was not sent to the cluster: " + what));
  };
  if (principals.user.empty()) return refuse("it has no user to be made as");
  if (principals.groups.empty()) return refuse("it has no group to be made with");
  if (!is_safe_identity_value(principals.user)) {
    return refuse("its user name cannot be sent in a header");
  }
  HeaderFields fields;
  fields.reserve(principals.groups.size() + 2);
  fields.emplace_back("Impersonate-User", principals.user);
  for (const std::string& group : principals.groups) {
    if (!is_safe_identity_value(group)) return refuse("a group name cannot be sent in a header");
    fields.emplace_back("Impersonate-Group", group);
  }
  if (access_request.empty()) return fields;
  if (!is_safe_identity_value(access_request)) {
    return refuse("the access request's name cannot be sent in a header");
  }
  fields.emplace_back(impersonation_extra_name(kRequestExtraKey), access_request);
  return fields;
}

}  // namespace postern::proxy
