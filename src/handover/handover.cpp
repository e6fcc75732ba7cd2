#include "handover/handover.hpp"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>
#include <utility>

#include "base/unique_fd.hpp"
#include "gladhand/error.hpp"
#include "sys/poll_until.hpp"

namespace gladhand {

namespace {

void wait_until_writable(int fd, std::chrono::steady_clock::time_point deadline) {
  pollfd entry{fd, POLLOUT, 0};
  const int ready = poll_until({&entry, 1}, deadline);
  if (ready < 0) throw std::system_error(errno, std::generic_category(), "poll");
  if (ready == 0)
    throw Error(ExitStatus::timed_out,
                "connected, but the program that wanted the connection does not take it");
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
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(fd, F_GETFD) >= 0) continue;
    if (::open("/dev/null", O_RDWR) != fd)  // the lowest number that is free
      throw Error(
          ExitStatus::not_handed_over,
          "cannot open /dev/null in place of a closed standard descriptor: " + system_words(errno));
  }
}

void keep_text_off(int receiver) {
  struct stat ours {};
  struct stat text {};
  if (::fstat(receiver, &ours) != 0 || ::fstat(STDERR_FILENO, &text) != 0)
    throw std::system_error(errno, std::generic_category(), "cannot examine standard error");
  if (ours.st_dev != text.st_dev || ours.st_ino != text.st_ino) return;
  const UniqueFd nothing(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  if (nothing && ::dup2(nothing.get(), STDERR_FILENO) == STDERR_FILENO) return;
  const std::string why = system_words(errno);
  ::close(STDERR_FILENO);
  throw Error(ExitStatus::not_handed_over, "cannot keep text off standard output: " + why);
}

bool text_reaches(int receiver) {
  struct stat ours {};
  struct stat text {};
  // A relay closes what it has come to the end of.
  if (::fstat(receiver, &ours) != 0 || ::fstat(STDERR_FILENO, &text) != 0) return errno != EBADF;
  return S_ISSOCK(ours.st_mode) && ours.st_dev == text.st_dev && ours.st_ino == text.st_ino;
}

void make_blocking(int fd) {
  int non_blocking = 0;
  if (::ioctl(fd, FIONBIO, &non_blocking) != 0)
    throw std::system_error(errno, std::generic_category(), "cannot make the socket blocking");
}

void pass_descriptor(int receiver, int descriptor, std::chrono::steady_clock::time_point deadline) {
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

  while (::sendmsg(receiver, &message, MSG_NOSIGNAL | MSG_DONTWAIT) != 1) {
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      wait_until_writable(receiver, deadline);
    } else if (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN) {
      throw receiver_gone(std::chrono::steady_clock::duration::max());
    } else if (errno != EINTR) {
      throw Error(ExitStatus::not_handed_over,
                  "cannot pass the connection on: " + system_words(errno));
    }
  }
}

Error receiver_gone(std::chrono::steady_clock::duration after) {
  constexpr std::chrono::seconds at_once{1};
  return Error(ExitStatus::not_handed_over,
               "the program that wanted the connection has gone",
               after > at_once ? ""
                               : "where ssh says 'no message header', a start-up file of the shell "
                                 "has printed something");
}

bool has_spoken(int in) {
  int waiting = 0;
  return ::ioctl(in, FIONREAD, &waiting) == 0 && waiting > 0;
}

bool has_hung_up(int receiver) {
  pollfd watched{receiver, 0, 0};
  return poll_now({&watched, 1}) > 0;
}

HangupWatch::HangupWatch(asio::io_context& loop, int receiver, std::function<void()> on_hangup)
    : hangups_(loop, hangups_of(receiver)), on_hangup_(std::move(on_hangup)) {
  watch();
}

void HangupWatch::watch() {
  hangups_.async_wait(asio::posix::stream_descriptor::wait_read, [this](std::error_code error) {
    if (error) return;
    if (!is_ready(hangups_.native_handle(), POLLIN)) return watch();
    on_hangup_();
  });
}

}  // namespace gladhand
