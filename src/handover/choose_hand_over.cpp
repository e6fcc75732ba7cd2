#include "handover/choose_hand_over.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <string>
#include <system_error>

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

// What cannot be found out must not pass for one or the other: a relay in front of ssh would hang.
[[noreturn]] void fail_to_examine() {
  throw std::system_error(errno, std::generic_category(), "cannot examine standard output");
}

struct stat status_of(int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) fail_to_examine();
  return status;
}

int socket_option(int fd, int name) {
  const std::optional<int> value = get_int_sockopt(fd, SOL_SOCKET, name);
  if (!value) fail_to_examine();
  return *value;
}

bool is_dev_null(const struct stat& status) {
  return S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 3);
}

// Neither end of a socketpair(2) has a name; of a connection to a Unix socket one end has.
bool has_name(int (*name_of)(int, sockaddr*, socklen_t*), int fd) {
  sockaddr_un address{};
  socklen_t size = sizeof(address);
  if (name_of(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0)
    return size > sizeof(sa_family_t);
  if (errno != ENOTCONN) fail_to_examine();
  return false;
}

bool is_pair(int fd) {
  return !has_name(::getsockname, fd) && !has_name(::getpeername, fd);
}

// Whether whoever started this process can only have meant a descriptor: ssh gives one socket for
// both, others give nothing to read at all. Two sockets, or a socket and something else that
// carries bytes, are what shells and Node make of pipes.
bool is_receiver(int in, int out) {
  if (!is_pair(out)) return false;
  const struct stat input = status_of(in);
  if (is_dev_null(input)) return true;
  const struct stat output = status_of(out);
  return input.st_dev == output.st_dev && input.st_ino == output.st_ino;
}

}  // namespace

HandOver choose_hand_over(int in, int out, std::optional<HandOver> wanted) {
  const struct stat status = status_of(out);
  if (S_ISFIFO(status.st_mode)) {
    if (wanted == HandOver::pass) reject_receiver("a pipe");
    return HandOver::relay;
  }
  if (!S_ISSOCK(status.st_mode)) reject_receiver(kind_of(status, out));
  if (socket_option(out, SO_TYPE) != SOCK_STREAM) reject_receiver("no stream socket");
  if (wanted == HandOver::relay) return HandOver::relay;
  if (socket_option(out, SO_DOMAIN) != AF_UNIX) reject_receiver("a network socket", relay_hint);
  return wanted == HandOver::pass || is_receiver(in, out) ? HandOver::pass : HandOver::relay;
}

HandOver parse_hand_over(std::string_view text, std::string_view option) {
  if (text == "pass") return HandOver::pass;
  if (text == "relay") return HandOver::relay;
  throw UsageError(std::string(option) + ": " + in_quotes(text) + " is neither 'pass' nor 'relay'");
}

}  // namespace gladhand
