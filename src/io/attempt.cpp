#include "attempt.hpp"

#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <asio/error.hpp>
#include <asio/post.hpp>
#include <cerrno>
#include <utility>

#include "socket_setup.hpp"

namespace gladhand {

namespace {

// One SYN or one empty datagram; nobody waits for what it brings.
std::error_code send_knock(const Knock& knock, const Endpoint& to, const SocketSettings& settings) {
  const bool tcp = knock.protocol == Knock::Protocol::tcp;
  const int type = (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC;
  const UniqueFd fd(::socket(to.system_family(), type, 0));
  const Endpoint door = to.with_port(knock.port);
  if (fd && set_up_route(fd.get(), *to.family(), settings)) {
    const int begun = ::connect(fd.get(), door.data(), door.size());
    if (begun != 0 && errno == EINPROGRESS) return {};
    if (begun == 0 && (tcp || ::send(fd.get(), "", 0, MSG_NOSIGNAL) == 0)) return {};
  }
  // A closed door says so at once on loopback: that it was knocked at is what counts.
  if (errno == ECONNREFUSED) return {};
  return {errno, std::system_category()};
}

}  // namespace

Attempt::Attempt(asio::io_context& loop,
                 const Endpoint& endpoint,
                 const AttemptOptions& options,
                 std::function<void(std::error_code)> on_end)
    : endpoint_(endpoint),
      options_(options),
      on_end_(std::move(on_end)),
      socket_(loop),
      pause_(loop) {
  std::error_code error;
  const bool internet = endpoint.family().has_value();
  socket_.open({endpoint.system_family(), internet ? system_protocol(options.socket.protocol) : 0},
               error);
  if (error) {
    asio::post(loop, [error, then = on_end_] { then(error); });
    return;
  }
  if (internet) {
    set_up(socket_.native_handle(), *endpoint.family(), options.socket);
  } else {
    set_up_local(socket_.native_handle(), options.socket);
  }
  knock(0);
}

void Attempt::knock(std::size_t next) {
  if (next == options_.knock.knocks.size()) {
    connect();
    return;
  }
  const std::error_code error = send_knock(options_.knock.knocks[next], endpoint_, options_.socket);
  pause_.expires_after(error ? std::chrono::microseconds(0) : options_.knock.delay);
  pause_.async_wait([this, next, error](std::error_code canceled) {
    if (canceled || !socket_.is_open()) {
      on_end_(asio::error::operation_aborted);
    } else if (error) {
      on_end_(error);
    } else {
      knock(next + 1);
    }
  });
}

void Attempt::connect() {
  if (endpoint_.system_family() == AF_UNIX) {
    connect_here();
    return;
  }
  socket_.async_connect({endpoint_.data(), endpoint_.size(), 0}, [this](std::error_code error) {
    // VSOCK has a reset only to say that nobody listens.
    const bool vsock = endpoint_.system_family() == AF_VSOCK;
    if (vsock && error == asio::error::connection_reset) error = asio::error::connection_refused;
    on_end_(error);
  });
}

// A Unix socket connects at once, or says EAGAIN while its server has too many waiting [unix(7)]:
// no event tells when there is room.
void Attempt::connect_here() {
  constexpr auto patience = std::chrono::milliseconds(10);
  socket_.native_non_blocking(true);
  const int begun = ::connect(socket_.native_handle(), endpoint_.data(), endpoint_.size());
  const std::error_code error(begun == 0 ? 0 : errno, std::system_category());
  const bool full = error == std::errc::resource_unavailable_try_again;
  pause_.expires_after(full ? patience : patience.zero());
  pause_.async_wait([this, full, error](std::error_code canceled) {
    if (canceled || !socket_.is_open()) {
      on_end_(asio::error::operation_aborted);
    } else if (full) {
      connect_here();
    } else {
      on_end_(error);
    }
  });
}

void Attempt::cancel() {
  std::error_code ignored;
  socket_.close(ignored);
  pause_.cancel();
}

UniqueFd Attempt::release() {
  UniqueFd fd(socket_.release());
  int non_blocking = 0;
  if (::ioctl(fd.get(), FIONBIO, &non_blocking) != 0)
    throw std::system_error(errno, std::system_category(), "ioctl");
  return fd;
}

}  // namespace gladhand
