#include "attempt.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <asio/post.hpp>
#include <cerrno>
#include <utility>

namespace gladhand {

namespace {

// As ssh has it for a connection of its own, and one thing better: without TCP_NODELAY its key
// exchange waits for the peer's delayed acknowledgements, about 40 ms a login.
std::error_code set_options(int fd) {
  const int on = 1;
  if (::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on)) != 0 ||
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0)
    return {errno, std::system_category()};
  return {};
}

}  // namespace

Attempt::Attempt(asio::io_context& loop,
                 const Endpoint& endpoint,
                 std::function<void(std::error_code)> on_end)
    : socket_(loop) {
  using Protocol = asio::generic::stream_protocol;
  std::error_code error;
  socket_.open(Protocol(endpoint.system_family(), IPPROTO_TCP), error);
  if (!error) error = set_options(socket_.native_handle());
  if (error) {
    asio::post(loop, [error, on_end = std::move(on_end)] { on_end(error); });
    return;
  }
  socket_.async_connect(Protocol::endpoint(endpoint.data(), endpoint.size(), IPPROTO_TCP),
                        std::move(on_end));
}

void Attempt::cancel() {
  std::error_code ignored;
  socket_.close(ignored);
}

UniqueFd Attempt::release() {
  UniqueFd fd(socket_.release());
  const int flags = ::fcntl(fd.get(), F_GETFL);
  if (flags < 0 || ::fcntl(fd.get(), F_SETFL, flags & ~O_NONBLOCK) < 0)
    throw std::system_error(errno, std::system_category(), "fcntl");
  return fd;
}

}  // namespace gladhand
