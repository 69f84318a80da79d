#include "rbac/fingerprint.h"

#include <array>

namespace postern::rbac {

Fingerprint& Fingerprint::add(std::string_view text) {
  // FNV-1a twice, from two starts; the length first, so that no two lists of texts read the same.
  const auto step = [](std::uint64_t hash, unsigned char byte) {
    return (hash ^ byte) * 0x100000001B3ULL;
  };
  for (std::size_t length = text.size(), i = 0; i < sizeof(length); ++i, length >>= 8) {
    first_ = step(first_, static_cast<unsigned char>(length & 0xFF));
    second_ = step(second_, static_cast<unsigned char>(length & 0xFF));
  }
  for (const char c : text) {
    first_ = step(first_, static_cast<unsigned char>(c));
    second_ = step(second_ ^ (second_ >> 29), static_cast<unsigned char>(c));
  }
  return *this;
}

Fingerprint& Fingerprint::add(const Traits& traits) {
  for (const auto& [name, values] : traits) {
    add("trait").add(name);
    for (const std::string& value : values) {
      add(value);
    }
  }
  return *this;
}

Fingerprint& Fingerprint::add(const ImpersonationLimits& limits) {
  add(limits.allow_masters ? "masters" : "no masters");
  for (const std::string& name : limits.allow_system) {
    add(name);
  }
  return *this;
}

Fingerprint& Fingerprint::add(const Grant& grant) {
  add("grant").add(grant.request);
  if (grant.expires_at) {
    add(std::to_string(grant.expires_at->time_since_epoch().count()));
  }
  for (const auto& role : grant.roles) {
    add("role").add(role->source);
  }
  for (const ResourceId& id : grant.resource_ids) {
    add("id").add(id.str());
  }
  return *this;
}

std::string Fingerprint::text() const {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::uint64_t half : {first_, second_}) {
    for (int shift = 60; shift >= 0; shift -= 4) {
      text += kDigits[(half >> shift) & 0xF];
    }
  }
  return text;
}

}  // namespace postern::rbac
