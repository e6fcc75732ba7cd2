// SocketFacts: what a socket is, as far as the program that gets it passed may care.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gladhand/endpoint.hpp"

namespace gladhand {

enum class SocketState : std::uint8_t {
  unconnected,
  connecting,
  listening,
  connected,
  ended_by_peer,  ///< the peer sends no more
};

struct SocketFacts {
  int family = 0;    ///< AF_INET, AF_UNIX, ...
  int type = 0;      ///< SOCK_STREAM, ...
  int protocol = 0;  ///< IPPROTO_TCP, ...; 0 where the family has only one
  SocketState state = SocketState::unconnected;
  Endpoint local;
  std::optional<Endpoint> peer;
  bool blocking = true;
  bool keepalive = false;
  std::optional<bool> nodelay;                           ///< empty: the protocol has no such option
  std::optional<std::chrono::microseconds> delayed_ack;  ///< at most; empty: not told
  std::optional<std::uint64_t> waiting;                  ///< bytes to read; empty: cannot be told
  std::uint32_t mark = 0;
  unsigned dscp = 0;
  std::string device;                            ///< bound to it; empty: to none
  std::chrono::microseconds receive_timeout{0};  ///< 0: none
  std::chrono::microseconds send_timeout{0};     ///< 0: none
};

/// "unconnected", "connecting", "listening", "connected", "ended by peer".
std::string_view to_string(SocketState state);

/// "IPv4", "IPv6", "unix", "vsock"; "family 16" for others.
std::string family_text(int family);

/// "stream", "datagram", "seqpacket"; "type 3" for others.
std::string type_text(int type);

/// "tcp", "mptcp", "sctp", "udp"; "protocol 33" for others, empty for 0.
std::string protocol_text(int protocol);

/// Address and port for people: "192.0.2.1:22", "[2001:db8::1]:22"; others as to_string has them.
std::string address_text(const Endpoint& endpoint);

}  // namespace gladhand
