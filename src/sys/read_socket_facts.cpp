#include "sys/read_socket_facts.hpp"

#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <linux/sctp.h>

#include <cerrno>
#include <system_error>

#include "gladhand/error.hpp"
#include "sys/delayed_ack.hpp"
#include "sys/get_int_sockopt.hpp"

namespace gladhand {

namespace {

[[noreturn]] void fail() {
  throw std::system_error(errno, std::generic_category(), "cannot examine the socket");
}

// What a failed question says: there is nothing. Anything else is no answer.
void require_absent() {
  if (!errno_means_absent()) fail();
}

// Empty where the socket has no such option.
std::optional<int> option(int fd, int level, int name) {
  const std::optional<int> value = get_int_sockopt(fd, level, name);
  if (!value) require_absent();
  return value;
}

std::chrono::microseconds time_option(int fd, int name) {
  timeval value{};
  socklen_t size = sizeof(value);
  if (::getsockopt(fd, SOL_SOCKET, name, &value, &size) != 0) {
    require_absent();
    return {};
  }
  return std::chrono::seconds(value.tv_sec) + std::chrono::microseconds(value.tv_usec);
}

std::string bound_device(int fd) {
  char name[IF_NAMESIZE] = "";
  socklen_t size = sizeof(name);  // less is refused
  if (::getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &size) != 0) {
    require_absent();
    return "";
  }
  return name;
}

unsigned dscp(int fd, int family) {
  const std::optional<int> field =
      family == AF_INET6 ? option(fd, IPPROTO_IPV6, IPV6_TCLASS) : option(fd, IPPROTO_IP, IP_TOS);
  return static_cast<unsigned>(field.value_or(0)) >> 2;
}

using NameQuestion = int (*)(int, sockaddr*, socklen_t*);

std::optional<Endpoint> name_of(int fd, NameQuestion ask) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  if (ask(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    require_absent();
    return std::nullopt;
  }
  return Endpoint(reinterpret_cast<const sockaddr*>(&address), size);
}

// Empty for a socket that is not TCP.
std::optional<int> tcp_state(int fd) {
  tcp_info info{};
  socklen_t size = sizeof(info);
  if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) {
    require_absent();
    return std::nullopt;
  }
  return info.tcpi_state;
}

SocketState state_of(int fd, bool has_peer) {
  if (option(fd, SOL_SOCKET, SO_ACCEPTCONN).value_or(0) != 0) return SocketState::listening;
  const std::optional<int> tcp = tcp_state(fd);
  if (tcp == TCP_SYN_SENT) return SocketState::connecting;
  if (tcp == TCP_CLOSE_WAIT) return SocketState::ended_by_peer;
  return has_peer ? SocketState::connected : SocketState::unconnected;
}

std::optional<std::uint64_t> waiting_bytes(int fd) {
  int bytes = 0;
  if (::ioctl(fd, FIONREAD, &bytes) != 0) return std::nullopt;
  return static_cast<std::uint64_t>(bytes);
}

const char* kind_of(const struct stat& status, int fd) {
  switch (status.st_mode & S_IFMT) {
    case S_IFREG: return "a regular file";
    case S_IFDIR: return "a directory";
    case S_IFIFO: return "a pipe";
    case S_IFBLK: return "a block device";
    case S_IFCHR: return ::isatty(fd) != 0 ? "a terminal" : "a character device";
    default: return "an object of the kernel";
  }
}

// What the kernel calls the open file: a path, or such as "anon_inode:[eventpoll]".
std::string name_of_file(int fd) {
  const std::string link = "/proc/self/fd/" + std::to_string(fd);
  char name[4096];
  const ssize_t size = ::readlink(link.c_str(), name, sizeof(name));
  return size <= 0 ? "" : std::string(name, static_cast<std::size_t>(size));
}

}  // namespace

SocketFacts socket_facts(int fd) {
  SocketFacts facts;
  const std::optional<int> family = option(fd, SOL_SOCKET, SO_DOMAIN);
  const std::optional<Endpoint> local = name_of(fd, ::getsockname);
  const int flags = ::fcntl(fd, F_GETFL);
  if (!family || !local || flags < 0) fail();
  facts.family = *family;
  facts.local = *local;
  facts.blocking = (flags & O_NONBLOCK) == 0;
  facts.type = option(fd, SOL_SOCKET, SO_TYPE).value_or(0);
  facts.protocol = option(fd, SOL_SOCKET, SO_PROTOCOL).value_or(0);
  facts.peer = name_of(fd, ::getpeername);
  facts.state = state_of(fd, facts.peer.has_value());
  facts.keepalive = option(fd, SOL_SOCKET, SO_KEEPALIVE).value_or(0) != 0;
  const bool sctp = facts.protocol == IPPROTO_SCTP;
  if (const auto nodelay =
          option(fd, sctp ? IPPROTO_SCTP : IPPROTO_TCP, sctp ? SCTP_NODELAY : TCP_NODELAY))
    facts.nodelay = *nodelay != 0;
  facts.delayed_ack = longest_delayed_ack(fd);
  facts.waiting = waiting_bytes(fd);
  facts.mark = static_cast<std::uint32_t>(option(fd, SOL_SOCKET, SO_MARK).value_or(0));
  if (facts.local.family()) facts.dscp = dscp(fd, facts.family);
  facts.device = bound_device(fd);
  facts.receive_timeout = time_option(fd, SO_RCVTIMEO);
  facts.send_timeout = time_option(fd, SO_SNDTIMEO);
  return facts;
}

std::string kind_of_no_socket(int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0 || S_ISSOCK(status.st_mode)) return "";
  const std::string name = name_of_file(fd);
  std::string kind = kind_of(status, fd);
  if (!name.empty() && !S_ISFIFO(status.st_mode)) kind += ", " + in_quotes(name);
  return kind;
}

}  // namespace gladhand
