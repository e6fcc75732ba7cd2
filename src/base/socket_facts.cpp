#include "base/socket_facts.hpp"

#include <netinet/in.h>

namespace gladhand {

std::string_view to_string(SocketState state) {
  switch (state) {
    case SocketState::unconnected: return "unconnected";
    case SocketState::connecting: return "connecting";
    case SocketState::listening: return "listening";
    case SocketState::connected: return "connected";
    case SocketState::ended_by_peer: return "ended by peer";
  }
  return "";
}

std::string family_text(int family) {
  switch (family) {
    case AF_INET: return "IPv4";
    case AF_INET6: return "IPv6";
    case AF_UNIX: return "unix";
    case AF_VSOCK: return "vsock";
    default: return "family " + std::to_string(family);
  }
}

std::string type_text(int type) {
  switch (type) {
    case SOCK_STREAM: return "stream";
    case SOCK_DGRAM: return "datagram";
    case SOCK_SEQPACKET: return "seqpacket";
    default: return "type " + std::to_string(type);
  }
}

std::string protocol_text(int protocol) {
  constexpr int mptcp = 262;  // IPPROTO_MPTCP, which older headers lack
  switch (protocol) {
    case 0: return "";
    case IPPROTO_TCP: return "tcp";
    case mptcp: return "mptcp";
    case IPPROTO_SCTP: return "sctp";
    case IPPROTO_UDP: return "udp";
    default: return "protocol " + std::to_string(protocol);
  }
}

std::string address_text(const Endpoint& endpoint) {
  if (endpoint.family() == Family::ipv4)
    return to_string(endpoint) + ':' + std::to_string(endpoint.port());
  if (endpoint.family() == Family::ipv6)
    return '[' + to_string(endpoint) + "]:" + std::to_string(endpoint.port());
  return to_string(endpoint);
}

}  // namespace gladhand
