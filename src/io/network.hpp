// What this machine's network can reach, and from where. Nothing is sent: a UDP connect only asks
// the kernel for its route, the rest is rtnetlink(7).
#pragma once

#include <optional>
#include <vector>

#include "gladhand/candidate.hpp"

namespace gladhand {

/// Whether the machine has connectivity in a family: an address and a route of it that are neither
/// loopback nor link-local [HEv3 §4.1].
bool has_connectivity(Family family);

/// Looks up sources, and keeps what it learned of the machine's addresses for the next look-up.
class SourceFinder {
 public:
  /// The source the kernel would use to reach `destination`; empty without a route.
  std::optional<Source> find(const Endpoint& destination);

 private:
  struct LocalAddress {
    Endpoint address;
    int prefix_length;
    bool deprecated;
    bool home;
    bool encapsulated;
  };

  void learn_addresses();

  bool learned_ = false;
  std::vector<LocalAddress> addresses_;
};

}  // namespace gladhand
