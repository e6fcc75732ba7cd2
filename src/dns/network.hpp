// What this machine's network can reach, and from where. Nothing is sent: a UDP connect only asks
// the kernel for its route, the rest is rtnetlink(7).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "base/unique_fd.hpp"
#include "gladhand/candidate.hpp"
#include "sys/socket_settings.hpp"

namespace gladhand {

/// A family's reach, from an address and a route of it that are neither loopback nor link-local
/// [HEv3 §4.1].
enum class Connectivity : std::uint8_t {
  none,
  some,           ///< such a route, but none to the world
  default_route,  ///< a route to the world
};

class Network {
 public:
  /// `settings`, which must outlive this, decide the route with the kernel: a bound source address
  /// or device counts in every answer. What the kernel has said holds for `validity`; for as long
  /// as this lives where that is unset.
  explicit Network(const SocketSettings& settings,
                   std::optional<std::chrono::microseconds> validity = {})
      : settings_(settings), validity_(validity) {}

  Connectivity connectivity(Family family);

  /// Whether the kernel knows a way to `destination`.
  bool has_route(const Endpoint& destination);

  /// Whether this machine translates IPv4 for itself: an address of [RFC 7335] is its own.
  bool has_clat();

  /// The source the kernel would use to reach `destination`; empty without a route.
  std::optional<Source> find_source(const Endpoint& destination);

  /// Reads the machine's addresses, once, for the look-ups to come: best done while an answer is
  /// awaited anyway.
  void learn_addresses();

 private:
  struct LocalAddress {
    Endpoint address;
    int prefix_length;
    bool deprecated;
    bool home;
    unsigned interface;
  };

  template <typename Question, typename Answer>
  using Answers = std::vector<std::pair<Question, Answer>>;

  struct Knowledge {
    bool has_addresses = false;
    std::vector<LocalAddress> addresses{};
    Answers<unsigned, bool> tunnels{};  // by interface
    Answers<Family, Connectivity> connectivities{};
    Answers<Endpoint, std::optional<Endpoint>> routes{};
    Answers<Endpoint, std::optional<Source>> sources{};
  };

  void forget_what_is_old();
  Connectivity ask_connectivity(Family family);
  std::optional<Source> ask_source(const Endpoint& destination);
  std::optional<Endpoint> source_by_route(const Endpoint& destination);
  std::optional<Endpoint> ask_source_by_route(const Endpoint& destination) const;
  bool reaches_world(Family family, std::size_t which);
  bool has_wide_address(Family family);
  unsigned route_interface(const Endpoint& destination);
  bool is_tunnel_interface(unsigned index);

  const SocketSettings& settings_;
  const std::optional<std::chrono::microseconds> validity_;
  std::chrono::steady_clock::time_point began_{};  // of its knowledge, where that grows old
  Knowledge known_;
  UniqueFd netlink_;
};

}  // namespace gladhand
