#include "sys/netlink.hpp"

#include <sys/socket.h>

#include <cstring>
#include <vector>

namespace gladhand {

UniqueFd open_netlink(int protocol) {
  return UniqueFd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol));
}

namespace {

enum class Dump : std::uint8_t { goes_on, is_done, is_given_up };

// What one datagram holds.
Dump read_messages(const char* data, std::size_t size, const NetlinkDumps::Use& use) {
  for (std::size_t at = 0; at + sizeof(nlmsghdr) <= size;) {
    const auto* message = reinterpret_cast<const nlmsghdr*>(data + at);
    if (message->nlmsg_len < sizeof(nlmsghdr) || message->nlmsg_len > size - at)
      return Dump::is_given_up;
    if (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR)
      return Dump::is_done;
    if (!use(*message)) return Dump::is_given_up;
    at += NLMSG_ALIGN(message->nlmsg_len);
  }
  return Dump::goes_on;
}

}  // namespace

// The kernel fills no more of a datagram than it is given room for; 8 KiB is what netlink(7) advises.
void NetlinkDumps::ask(std::uint16_t type, const void* body, std::size_t size, const Use& use) {
  nlmsghdr header{};
  header.nlmsg_len = static_cast<unsigned>(NLMSG_LENGTH(size));
  header.nlmsg_type = type;
  header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  std::vector<char> request(NLMSG_LENGTH(size));
  std::memcpy(request.data(), &header, sizeof(header));
  std::memcpy(request.data() + NLMSG_HDRLEN, body, size);
  if (!fd_) fd_ = open_netlink(protocol_);
  alignas(nlmsghdr) std::array<char, 8192> buffer;
  Dump dump = Dump::is_given_up;
  if (fd_ && ::send(fd_.get(), request.data(), request.size(), 0) >= 0) dump = Dump::goes_on;
  while (dump == Dump::goes_on) {
    const ssize_t got = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
    dump = got <= 0 ? Dump::is_given_up
                    : read_messages(buffer.data(), static_cast<std::size_t>(got), use);
  }
  if (dump == Dump::is_given_up) fd_ = UniqueFd();  // its rest is nobody's answer
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
