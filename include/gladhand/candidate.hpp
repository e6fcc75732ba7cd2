// Candidate: an endpoint with what the system would use to reach it.
#pragma once

#include <optional>

#include "gladhand/endpoint.hpp"

namespace gladhand {

/// The source address the kernel would choose for a destination, with what [RFC 6724 §6] asks
/// about it.
struct Source {
  Endpoint address;
  int prefix_length = 128;    ///< of its subnet; bounds rule 9 (IPv6)
  bool deprecated = false;    ///< rule 3
  bool home = false;          ///< a Mobile IPv6 home address, rule 4
  bool encapsulated = false;  ///< on a tunnel interface (6to4, SIT, GRE, ...), rule 7
};

/// An endpoint the dial may try. Without a source the machine has no route to it.
struct Candidate {
  Endpoint endpoint;
  std::optional<Source> source;
};

}  // namespace gladhand
