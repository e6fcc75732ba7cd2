#include "handover/handover.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>
#include <utility>

#include "base/unique_fd.hpp"
#include "gladhand/error.hpp"
#include "sys/get_int_sockopt.hpp"

namespace gladhand {

namespace {

constexpr const char* ssh_hint =
    "ssh passes such a socket when its configuration has 'ProxyUseFdpass yes' next to the "
    "ProxyCommand; 'gladhand --explain' shows a race anywhere";

constexpr const char* relay_hint = "--relay carries bytes over it";

[[noreturn]] void reject_receiver(const char* what, const char* hint = ssh_hint) {
  throw Error(ExitStatus::not_handed_over,
              std::string("standard output is ") + what +
                  ", not a socket that a connection can be passed over",
              hint);
}

const char* kind_of(const struct stat& status, int fd) {
  if (S_ISREG(status.st_mode)) return "a file";
  if (::isatty(fd) != 0) return "a terminal";
  // open_standard_descriptors() has put it there, perhaps.
  if (S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 3)) return "closed, or /dev/null";
  if (S_ISCHR(status.st_mode)) return "a device";
  return "something else";
}

void wait_until_writable(int fd) {
  pollfd entry{fd, POLLOUT, 0};
  ::poll(&entry, 1, -1);
}

// A descriptor that is readable once `fd` has hung up. Asio makes what it waits for non-blocking,
// and `fd` may be shared with others.
int hangups_of(int fd) {
  UniqueFd hangups(::epoll_create1(EPOLL_CLOEXEC));
  epoll_event nothing_more{};
  if (!hangups || ::epoll_ctl(hangups.get(), EPOLL_CTL_ADD, fd, &nothing_more) != 0)
    throw std::system_error(errno, std::generic_category(), "epoll");
  return hangups.release();
}

}  // namespace

void open_standard_descriptors() {
  for (;;) {
    const int fd = ::open("/dev/null", O_RDWR);
    if (fd > STDERR_FILENO) ::close(fd);
    if (fd < 0 || fd > STDERR_FILENO) return;
  }
}

HandOver choose_hand_over(int fd, std::optional<HandOver> wanted) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) reject_receiver("closed");  // not while main opens it
  if (S_ISFIFO(status.st_mode)) {
    if (wanted == HandOver::pass) reject_receiver("a pipe");
    return HandOver::relay;
  }
  if (!S_ISSOCK(status.st_mode)) reject_receiver(kind_of(status, fd));
  if (get_int_sockopt(fd, SOL_SOCKET, SO_TYPE) != SOCK_STREAM) reject_receiver("no stream socket");
  if (wanted == HandOver::relay) return HandOver::relay;
  if (get_int_sockopt(fd, SOL_SOCKET, SO_DOMAIN) != AF_UNIX)
    reject_receiver("a network socket", relay_hint);
  return HandOver::pass;
}

void keep_text_off(int receiver) {
  struct stat ours {};
  struct stat text {};
  if (::fstat(receiver, &ours) != 0 || ::fstat(STDERR_FILENO, &text) != 0) return;
  if (ours.st_dev != text.st_dev || ours.st_ino != text.st_ino) return;
  const int nothing = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  ::dup2(nothing, STDERR_FILENO);
  ::close(nothing);
}

void make_blocking(int fd) {
  int non_blocking = 0;
  if (::ioctl(fd, FIONBIO, &non_blocking) != 0)
    throw std::system_error(errno, std::generic_category(), "cannot make the socket blocking");
}

void pass_descriptor(int receiver, int descriptor) {
  make_blocking(descriptor);
  char byte = 0;
  iovec data{&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  cmsghdr* rights = CMSG_FIRSTHDR(&message);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(rights), &descriptor, sizeof(int));

  while (::sendmsg(receiver, &message, MSG_NOSIGNAL) != 1) {
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      wait_until_writable(receiver);
    } else if (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN) {
      throw receiver_gone();
    } else if (errno != EINTR) {
      throw Error(ExitStatus::not_handed_over,
                  "cannot pass the connection on: " + system_words(errno));
    }
  }
}

Error receiver_gone() {
  return Error(ExitStatus::not_handed_over, "the program that wanted the connection has gone");
}

HangupWatch::HangupWatch(asio::io_context& loop, int receiver, std::function<void()> on_hangup)
    : hangups_(loop, hangups_of(receiver)) {
  hangups_.async_wait(asio::posix::stream_descriptor::wait_read,
                      [on_hangup = std::move(on_hangup)](std::error_code error) {
                        if (!error) on_hangup();
                      });
}

}  // namespace gladhand
