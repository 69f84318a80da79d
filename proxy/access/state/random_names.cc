#include "proxy/access/state/random_names.h"

#include <array>
#include <openssl/rand.h>
#include <stdexcept>
#include <string_view>

namespace postern::proxy::access {
namespace {

constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz0123456789";
constexpr std::size_t kOnlyLetters = 26;

unsigned char random_byte() {
  unsigned char byte = 0;
  if (RAND_bytes(&byte, 1) != 1) {
    throw std::runtime_error("the random generator failed");
  }
  return byte;
}

/// Each of the first `count` letters with the same probability.
char random_letter(std::size_t count) {
  const std::size_t end = 256 - 256 % count;
  std::size_t value = random_byte();
  while (value >= end) {
    value = random_byte();
  }
  return kLetters[value % count];
}

}  // namespace

std::string random_name() {
  std::string name(1, random_letter(kOnlyLetters));
  while (name.size() < 10) {
    name += random_letter(kLetters.size());
  }
  return name;
}

std::string random_uid() {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::array<unsigned char, 16> bytes{};
  for (unsigned char& byte : bytes) {
    byte = random_byte();
  }
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0FU) | 0x40U);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3FU) | 0x80U);
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) {
      text += '-';
    }
    text += kHex[bytes[i] >> 4U];
    text += kHex[bytes[i] & 0x0FU];
  }
  return text;
}

std::uint64_t random_number() {
  std::uint64_t number = 0;
  for (int i = 0; i < 8; ++i) {
    number = (number << 8U) | random_byte();
  }
  return number;
}

}  // namespace postern::proxy::access
