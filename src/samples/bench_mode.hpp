// BenchMode: one of the ways to dial that gladhand-bench compares.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gladhand/endpoint.hpp"
#include "gladhand/event.hpp"

namespace gladhand {

struct BenchMode {
  enum class Kind : std::uint8_t {
    race,        ///< as gladhand dials
    family,      ///< one family only
    each,        ///< stands for an `address` mode for each address of the host
    address,     ///< one address only
    sequential,  ///< one address after another, as a loop over getaddrinfo(3) has it
    no_backup,   ///< the race without backup attempts
    delay,       ///< the race with another Connection Attempt Delay
  };

  std::string name;  ///< as given; the address itself for `address`
  Kind kind = Kind::race;
  Family family{};                    ///< of `family`
  Moment delay{};                     ///< of `delay`
  std::optional<Endpoint> address{};  ///< of `address`
};

/// Reads MODE[,MODE...]: race, v4, v6, each, sequential, no-backup, delay=DURATION. Throws
/// UsageError.
std::vector<BenchMode> parse_modes(std::string_view text);

/// The mode of one address.
BenchMode address_mode(const Endpoint& endpoint);

}  // namespace gladhand
