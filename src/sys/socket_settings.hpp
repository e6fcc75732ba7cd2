// What a connection's socket is to have before it connects.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gladhand/endpoint.hpp"

namespace gladhand {

/// One setsockopt(2), with the words that asked for it.
struct SocketOption {
  std::string asked;             ///< "--mark 7": what an error names
  std::optional<Family> family;  ///< for sockets of this family only
  int level = 0;
  int name = 0;
  std::vector<std::byte> value;
  bool steers_route = false;  ///< counts, too, when the kernel is asked for a source address
};

/// What an IPv4 or IPv6 socket speaks.
enum class Protocol : std::uint8_t { tcp, mptcp, sctp };

struct SocketSettings {
  Protocol protocol = Protocol::tcp;
  bool keepalive = true;          ///< SO_KEEPALIVE, as ssh sets it
  bool nodelay = true;            ///< TCP_NODELAY, without which key exchange waits for ACKs
  bool short_delayed_ack = true;  ///< TCP_DELACK_MAX_US, where the kernel has it
  std::vector<SocketOption> options;
  std::vector<Endpoint> bind;    ///< source addresses, one a family at most
  std::uint16_t local_port = 0;  ///< 0: the kernel's choice
  std::string interface;         ///< bind to this device; empty: to none
};

}  // namespace gladhand
