// TransportFacts: what the kernel knows of a connection that stands.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "gladhand/endpoint.hpp"

namespace gladhand {

/// What a connection that is not TCP lacks has no value.
struct TransportFacts {
  std::optional<Endpoint> local{};
  std::optional<std::chrono::microseconds> round_trip{};  ///< as the kernel smooths it
  unsigned retransmits = 0;        ///< of all packets so far: before any data, of the SYN
  unsigned segment_size = 0;       ///< what is sent in one packet at most; 0: not told
  std::string congestion{};        ///< "cubic", ...
};

}  // namespace gladhand
