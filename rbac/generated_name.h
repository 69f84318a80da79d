#pragma once

#include <cstddef>
#include <string_view>

namespace postern::rbac {

/// How the API server makes a name from `metadata.generateName` (apiserver pkg/storage/names,
/// apimachinery pkg/util/rand): the base, cut to 58 bytes, and five random letters.
inline constexpr std::size_t kGeneratedLetters = 5;
inline constexpr std::size_t kMaxGeneratedBase = 58;
inline constexpr std::string_view kGeneratedAlphabet = "bcdfghjklmnpqrstvwxz2456789";

inline std::string_view generated_base(std::string_view base) {
  return base.substr(0, kMaxGeneratedBase);
}

/// Whether `tail` could stand where the random letters stand.
inline bool could_be_generated(std::string_view tail) {
  return tail.size() <= kGeneratedLetters &&
         tail.find_first_not_of(kGeneratedAlphabet) == std::string_view::npos;
}

}  // namespace postern::rbac
