// Who is on fds 0 and 1: a program that takes a descriptor, or one that wants bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace gladhand {

/// What becomes of the connection.
enum class HandOver : std::uint8_t {
  pass,   ///< its descriptor goes over fd 1
  relay,  ///< its bytes go through this process
};

/// The way that `in` and `out`, fds 0 and 1, are fit for. Pass: `out` is one end of an unnamed pair
/// of Unix stream sockets, and `in` is the same, as ssh makes them, or /dev/null. Relay: `out` is a
/// pipe or another Unix stream socket. `wanted` decides where both are possible; with relay wanted,
/// any stream socket is fit. Throws Error, with a hint, for everything else. Sends nothing.
HandOver choose_hand_over(int in, int out, std::optional<HandOver> wanted);

/// Reads "pass" or "relay", which `option` holds. Throws UsageError.
HandOver parse_hand_over(std::string_view text, std::string_view option);

}  // namespace gladhand
