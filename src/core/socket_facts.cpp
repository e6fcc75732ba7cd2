#include "gladhand/socket_facts.hpp"

#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <cstddef>
#include <cstring>

#include "gladhand/error.hpp"

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

std::string unix_path(const Endpoint& endpoint) {
  constexpr std::size_t before_path = offsetof(sockaddr_un, sun_path);
  if (endpoint.system_family() != AF_UNIX || endpoint.size() <= before_path) return "";
  const char* path = reinterpret_cast<const char*>(endpoint.data()) + before_path;
  const std::size_t size = endpoint.size() - before_path;
  if (*path == '\0') return '@' + std::string(path + 1, size - 1);
  return {path, ::strnlen(path, size)};
}

std::optional<VsockAddress> vsock_address(const Endpoint& endpoint) {
  sockaddr_vm address{};
  if (endpoint.system_family() != AF_VSOCK || endpoint.size() < sizeof(address))
    return std::nullopt;
  std::memcpy(&address, endpoint.data(), sizeof(address));
  return VsockAddress{address.svm_cid, address.svm_port};
}

std::string address_text(const Endpoint& endpoint) {
  if (endpoint.family() == Family::ipv4)
    return to_string(endpoint) + ':' + std::to_string(endpoint.port());
  if (endpoint.family() == Family::ipv6)
    return '[' + to_string(endpoint) + "]:" + std::to_string(endpoint.port());
  if (const auto vsock = vsock_address(endpoint))
    return "vsock:" + std::to_string(vsock->cid) + ':' + std::to_string(vsock->port);
  const std::string path = unix_path(endpoint);
  return path.empty() ? "(no name)" : printable(path);
}

}  // namespace gladhand
