// Port knocking: what is sent to an address before it is connected to.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

namespace gladhand {

struct Knock {
  enum class Protocol : std::uint8_t { tcp, udp };

  Protocol protocol{};
  std::uint16_t port = 0;
};

struct KnockSequence {
  std::vector<Knock> knocks;                                         ///< in order; empty: none
  std::chrono::microseconds delay = std::chrono::milliseconds(100);  ///< after each of them
};

}  // namespace gladhand
