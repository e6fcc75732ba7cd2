#include "attempt.hpp"

#include <fcntl.h>
#include <netinet/in.h>

#include <asio/post.hpp>
#include <cerrno>
#include <utility>

#include "socket_setup.hpp"

namespace gladhand {

Attempt::Attempt(asio::io_context& loop,
                 const Endpoint& endpoint,
                 const SocketSettings& settings,
                 std::function<void(std::error_code)> on_end)
    : socket_(loop) {
  using Protocol = asio::generic::stream_protocol;
  std::error_code error;
  socket_.open(Protocol(endpoint.system_family(), IPPROTO_TCP), error);
  if (error) {
    asio::post(loop, [error, on_end = std::move(on_end)] { on_end(error); });
    return;
  }
  set_up(socket_.native_handle(), *endpoint.family(), settings);
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
