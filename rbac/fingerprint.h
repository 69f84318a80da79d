#pragma once

#include "rbac/policy.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace postern::rbac {

/// A digest of what a subject's rights follow from. It only has to tell an administrator's versions
/// of the same roles apart, so that it is no cryptographic one.
class Fingerprint {
 public:
  Fingerprint& add(std::string_view text);
  Fingerprint& add(const Traits& traits);
  Fingerprint& add(const ImpersonationLimits& limits);
  Fingerprint& add(const Grant& grant);
  std::string text() const;

 private:
  std::uint64_t first_ = 0xCBF29CE484222325ULL;
  std::uint64_t second_ = 0x9AE16A3B2F90404FULL;
};

}  // namespace postern::rbac
