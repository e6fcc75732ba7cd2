#include "sys/netlink.hpp"

#include <sys/socket.h>

#include <cstring>
#include <vector>

namespace gladhand {

UniqueFd open_netlink(int protocol) {
  return UniqueFd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol));
}

void dump_netlink(int protocol,
                  std::uint16_t type,
                  const void* body,
                  std::size_t size,
                  const std::function<bool(const nlmsghdr&)>& use) {
  nlmsghdr header{};
  header.nlmsg_len = static_cast<unsigned>(NLMSG_LENGTH(size));
  header.nlmsg_type = type;
  header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  std::vector<char> request(NLMSG_LENGTH(size));
  std::memcpy(request.data(), &header, sizeof(header));
  std::memcpy(request.data() + NLMSG_HDRLEN, body, size);
  const UniqueFd fd = open_netlink(protocol);
  if (!fd || ::send(fd.get(), request.data(), request.size(), 0) < 0) return;
  alignas(nlmsghdr) std::array<char, 16384> buffer;
  for (;;) {
    const ssize_t got = ::recv(fd.get(), buffer.data(), buffer.size(), 0);
    if (got <= 0) return;
    const auto received = static_cast<std::size_t>(got);
    for (std::size_t at = 0; at + sizeof(nlmsghdr) <= received;) {
      const auto* message = reinterpret_cast<const nlmsghdr*>(buffer.data() + at);
      if (message->nlmsg_len < sizeof(nlmsghdr) || message->nlmsg_len > received - at) return;
      if (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR) return;
      if (!use(*message)) return;
      at += NLMSG_ALIGN(message->nlmsg_len);
    }
  }
}

const rtattr* find_attribute(const rtattr* first,
                             std::size_t size,
                             unsigned short type,
                             std::size_t least) {
  auto left = static_cast<int>(size);
  for (const rtattr* it = first; RTA_OK(it, left); it = RTA_NEXT(it, left))
    if (it->rta_type == type && RTA_PAYLOAD(it) >= least) return it;
  return nullptr;
}

const void* address_attribute(const rtattr* first,
                              std::size_t size,
                              unsigned short type,
                              int family) {
  const std::size_t wanted = family == AF_INET ? sizeof(in_addr) : sizeof(in6_addr);
  const rtattr* found = find_attribute(first, size, type, wanted);
  return found == nullptr ? nullptr : RTA_DATA(found);
}

Endpoint endpoint_of(int family, const void* bytes, unsigned index) {
  if (family == AF_INET) {
    in_addr address{};
    std::memcpy(&address, bytes, sizeof(address));
    return Endpoint(address, 0);
  }
  in6_addr address{};
  std::memcpy(&address, bytes, sizeof(address));
  return Endpoint(address, 0, IN6_IS_ADDR_LINKLOCAL(&address) ? index : 0);
}

unsigned number_attribute(const rtattr* first, std::size_t size, unsigned short type) {
  unsigned number = 0;
  if (const rtattr* found = find_attribute(first, size, type, sizeof(number)))
    std::memcpy(&number, RTA_DATA(found), sizeof(number));
  return number;
}

RouteRequest::RouteRequest(const Endpoint& destination) {
  const in6_addr address = destination.mapped();
  const std::size_t size =
      destination.family() == Family::ipv6 ? sizeof(in6_addr) : sizeof(in_addr);
  header_.nlmsg_type = RTM_GETROUTE;
  header_.nlmsg_flags = NLM_F_REQUEST;
  route_.rtm_family = static_cast<unsigned char>(destination.system_family());
  route_.rtm_dst_len = static_cast<unsigned char>(8 * size);
  add(RTA_DST, address.s6_addr + sizeof(address) - size, size);
}

void RouteRequest::add(unsigned short type, const void* data, std::size_t size) {
  rtattr attribute{static_cast<unsigned short>(RTA_LENGTH(size)), type};
  std::memcpy(attributes_.data() + used_, &attribute, sizeof(attribute));
  std::memcpy(attributes_.data() + used_ + RTA_LENGTH(0), data, size);
  used_ += RTA_ALIGN(RTA_LENGTH(size));
  header_.nlmsg_len = static_cast<unsigned>(NLMSG_LENGTH(sizeof(rtmsg)) + used_);
}

bool RouteRequest::send(int fd) const {
  return ::send(fd, this, header_.nlmsg_len, 0) >= 0;
}

unsigned ask_route_device(int fd, const RouteRequest& request) {
  alignas(nlmsghdr) std::array<char, 4096> buffer;
  if (fd < 0 || !request.send(fd)) return 0;
  const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), 0);
  const auto* message = reinterpret_cast<const nlmsghdr*>(buffer.data());
  if (got < static_cast<ssize_t>(NLMSG_LENGTH(sizeof(rtmsg))) ||
      message->nlmsg_type != RTM_NEWROUTE || message->nlmsg_len > static_cast<std::size_t>(got))
    return 0;
  const auto* route = static_cast<const rtmsg*>(NLMSG_DATA(message));
  return number_attribute(RTM_RTA(route), RTM_PAYLOAD(message), RTA_OIF);
}

}  // namespace gladhand
