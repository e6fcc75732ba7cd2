#include "handover/rights.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace gladhand {

namespace {

constexpr std::size_t most_descriptors = 253;  // SCM_MAX_FD of Linux: more fit into no message

void take_descriptors(msghdr& message, std::vector<UniqueFd>& into) {
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
       part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof(int));
      into.emplace_back(fd);
    }
  }
}

}  // namespace

RightsMessage read_with_rights(int fd, std::size_t most) {
  RightsMessage result;
  result.bytes.resize(most);
  iovec data{result.bytes.data(), most};
  alignas(cmsghdr) char control[CMSG_SPACE(most_descriptors * sizeof(int))];
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  ssize_t got = 0;
  do got = ::recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  while (got < 0 && errno == EINTR);
  result.bytes.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
  if (got < 0) {
    if (errno == EAGAIN || errno == EWOULDBLOCK) return result;
    // COMMAND has ended with something unread that was sent to it: an end like any other.
    if (errno != ECONNRESET) throw std::system_error(errno, std::generic_category(), "recvmsg");
  }
  result.ended = got <= 0;
  if (got >= 0) take_descriptors(message, result.descriptors);
  result.descriptors_lost = got >= 0 && (message.msg_flags & MSG_CTRUNC) != 0;
  return result;
}

}  // namespace gladhand
