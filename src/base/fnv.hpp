// FNV-1a: a short name or a checksum for a text. No secret, and no proof against whoever looks for
// two texts with one sum.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace gladhand {

constexpr std::uint64_t fnv_1a(std::string_view text) {
  std::uint64_t sum = 0xcbf29ce484222325;
  for (const char it : text) {
    sum ^= static_cast<unsigned char>(it);
    sum *= 0x100000001b3;
  }
  return sum;
}

/// The same as 16 hexadecimal digits.
inline std::string fnv_1a_text(std::string_view text) {
  std::string digits(16, '0');
  std::uint64_t sum = fnv_1a(text);
  for (auto it = digits.rbegin(); it != digits.rend(); ++it, sum >>= 4U)
    *it = "0123456789abcdef"[sum & 15U];
  return digits;
}

}  // namespace gladhand
