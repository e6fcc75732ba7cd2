// What the kernel tells of this machine's network: netlink(7), without rules. Nothing is sent to
// anybody.
#pragma once

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>

#include "base/unique_fd.hpp"
#include "gladhand/endpoint.hpp"

namespace gladhand {

/// A socket to ask with; none where the system gives none.
UniqueFd open_netlink(int protocol = NETLINK_ROUTE);

/// Asks for everything of a kind, one kind after the other, by a socket that is opened when it is
/// first needed. What fails ends a dump.
class NetlinkDumps {
 public:
  explicit NetlinkDumps(int protocol = NETLINK_ROUTE) : protocol_(protocol) {}

  using Use = std::function<bool(const nlmsghdr&)>;

  /// Sends one request, `type` and what `body` holds, and calls `use` with each message's header
  /// until it returns false; it may ask for nothing itself.
  template <typename Body>
  void ask(std::uint16_t type, const Body& body, const Use& use) {
    ask(type, &body, sizeof(body), use);
  }

 private:
  void ask(std::uint16_t type, const void* body, std::size_t size, const Use& use);

  int protocol_;
  UniqueFd fd_;
};

/// The attribute `type` with `least` octets or more, among those of `size` bytes that follow a
/// message's fixed part; null where there is none.
const rtattr* find_attribute(const rtattr* first,
                             std::size_t size,
                             unsigned short type,
                             std::size_t least);

/// The bytes of an address of `family` in such an attribute; null where there is none.
const void* address_attribute(const rtattr* first,
                              std::size_t size,
                              unsigned short type,
                              int family);

/// These bytes as an endpoint without a port; `index` is the interface of a link-local one.
Endpoint endpoint_of(int family, const void* bytes, unsigned index);

/// The number in such an attribute, 0 where there is none.
unsigned number_attribute(const rtattr* first, std::size_t size, unsigned short type);

/// A request for the route to one destination, attributes behind its fixed part.
class RouteRequest {
 public:
  explicit RouteRequest(const Endpoint& destination);

  void add(unsigned short type, const void* data, std::size_t size);

  bool send(int fd) const;

 private:
  nlmsghdr header_{};
  rtmsg route_{};
  std::array<char, 64> attributes_{};  // an address and two numbers at most
  std::size_t used_ = 0;               // sent by nobody: the message ends before it
};

/// The index of the interface that the route leaves by; 0 where the kernel does not say.
unsigned ask_route_device(int fd, const RouteRequest& request);

}  // namespace gladhand
