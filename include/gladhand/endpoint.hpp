// Endpoint: an address a stream socket can be connected to, as the system spells it.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gladhand {

/// The two families that Happy Eyeballs races.
enum class Family : std::uint8_t { ipv6, ipv4 };

/// "IPv6" or "IPv4".
std::string_view to_string(Family family);

/// The DNS question that asks for this family's addresses: "AAAA" or "A".
std::string_view question_type(Family family);

/// The other of the two families.
Family other(Family family);

/// A socket address of any kind. A value: copies are independent, equality is by content.
class Endpoint {
 public:
  Endpoint() = default;

  /// Copies `size` bytes of `address`; anything longer than a sockaddr_storage is cut.
  Endpoint(const sockaddr* address, socklen_t size);
  Endpoint(const in_addr& address, std::uint16_t port);
  Endpoint(const in6_addr& address, std::uint16_t port, std::uint32_t scope = 0);

  const sockaddr* data() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  socklen_t size() const { return size_; }

  /// AF_INET, AF_INET6, ... ; AF_UNSPEC for a default-constructed endpoint.
  int system_family() const { return storage_.ss_family; }

  /// Empty for an endpoint that is neither IPv6 nor IPv4.
  std::optional<Family> family() const;

  /// The port in host order, 0 where the kind has none.
  std::uint16_t port() const;

  /// The address as 16 bytes, IPv4 mapped into ::ffff:0:0/96 as [RFC 6724] reads it.
  in6_addr mapped() const;

  /// The interface index of a scoped IPv6 address, else 0.
  std::uint32_t scope() const;

  Endpoint with_port(std::uint16_t port) const;

  /// A Unix socket's address. Empty when `path` does not fit into one (or holds a NUL).
  static std::optional<Endpoint> unix_socket(std::string_view path);

  /// A VSOCK address [vsock(7)].
  static Endpoint vsock(std::uint32_t cid, std::uint32_t port);

  friend bool operator==(const Endpoint& a, const Endpoint& b);

 private:
  sockaddr_storage storage_{};
  socklen_t size_ = 0;
};

/// The path of a Unix socket as it is, an abstract one behind a '@'; empty for one without a name
/// and for other families.
std::string unix_path(const Endpoint& endpoint);

/// The context id and the port of a vsock address. Empty for other families.
struct VsockAddress {
  std::uint32_t cid;
  std::uint32_t port;
};
std::optional<VsockAddress> vsock_address(const Endpoint& endpoint);

/// The address without its port: "192.0.2.1", "2001:db8::1", "fe80::1%eth0"; a Unix socket's path,
/// "@abstract" or "(no name)"; "vsock:3:22". Printable whatever a path holds.
std::string to_string(const Endpoint& endpoint);

/// The address and its port, where it has one beside: "192.0.2.1 port 22".
std::string with_port(const Endpoint& endpoint);

/// Reads an IPv4 or IPv6 literal, the latter with or without "%zone" (an interface's name or
/// index). Empty when `text` is no literal, or when its zone names no interface of this machine.
std::optional<Endpoint> parse_address(std::string_view text, std::uint16_t port);

/// True when `text` can only be meant as an IPv6 literal: it holds a colon.
bool looks_like_ipv6(std::string_view text);

}  // namespace gladhand
