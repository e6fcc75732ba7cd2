#include "dns/exchange.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <asio/buffer.hpp>
#include <asio/read.hpp>
#include <asio/write.hpp>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/unique_fd.hpp"
#include "sys/last_error.hpp"

namespace gladhand {

namespace {

// Without this, a socket hears of a closed port alone, and not of what routers on the way say.
void hear_routers(int fd, Family family) {
  const int on = 1;
  const bool ipv6 = family == Family::ipv6;
  ::setsockopt(fd, ipv6 ? SOL_IPV6 : SOL_IP, ipv6 ? IPV6_RECVERR : IP_RECVERR, &on, sizeof(on));
}

// Each error stands in a queue too, which nobody else empties.
void empty_error_queue(int fd) {
  msghdr message{};
  while (::recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) >= 0) message = {};
}

// The messages of one TCP connection: two bytes of length, then the message [RFC 1035 §4.2.2].
struct Stream {
  Bytes out;
  std::array<std::uint8_t, 2> length{};
  Bytes in;
};

}  // namespace

Exchange::Exchange(asio::io_context& loop, const Endpoint& server, Listener listener)
    : loop_(loop), server_(server), listener_(std::move(listener)), udp_(loop) {}

// Connected, so that the kernel drops what comes from elsewhere and tells what ICMP says.
std::error_code Exchange::open() {
  const int type = SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
  UniqueFd fd(::socket(server_.system_family(), type, 0));
  if (fd) hear_routers(fd.get(), *server_.family());
  if (!fd || ::connect(fd.get(), server_.data(), server_.size()) != 0) return last_error();
  std::error_code error;
  udp_.assign(fd.get(), error);
  if (error) return error;
  (void)fd.release();
  watch();
  return {};
}

std::error_code Exchange::send(const Bytes& question) {
  if (!udp_.is_open())
    if (const std::error_code error = open()) return error;
  if (::send(udp_.native_handle(), question.data(), question.size(), MSG_NOSIGNAL) >= 0) return {};
  // A full queue is a lost datagram.
  return errno == EAGAIN || errno == ENOBUFS ? std::error_code() : last_error();
}

void Exchange::watch() {
  udp_.async_wait(udp_.wait_read, [self = weak_from_this()](std::error_code error) {
    const auto exchange = self.lock();
    if (error || !exchange) return;
    exchange->take_in();
    if (exchange->udp_.is_open()) exchange->watch();
  });
}

void Exchange::take_in() {
  constexpr int most = 64;  // who floods us gets no more than its turn
  std::array<std::uint8_t, 4096> buffer;
  for (int i = 0; i < most && udp_.is_open(); ++i) {
    const ssize_t got = ::recv(udp_.native_handle(), buffer.data(), buffer.size(), 0);
    if (got >= 0) {
      listener_.on_message({buffer.data(), static_cast<std::size_t>(got)});
    } else if (errno == EAGAIN) {
      return;
    } else if (errno != EINTR) {
      const std::error_code error = last_error();
      empty_error_queue(udp_.native_handle());
      // A question fits every path: what is told of its size is about another packet.
      if (error.value() != EMSGSIZE) listener_.on_error(error);
    }
  }
}

void Exchange::send_over_tcp(const Bytes& question) {
  if (tcp_) {
    std::error_code ignored;
    tcp_->close(ignored);
  }
  tcp_ = std::make_shared<asio::ip::tcp::socket>(loop_);
  auto stream = std::make_shared<Stream>();
  stream->out.resize(2 + question.size());
  stream->out[0] = static_cast<std::uint8_t>(question.size() >> 8U);
  stream->out[1] = static_cast<std::uint8_t>(question.size());
  std::ranges::copy(question, stream->out.begin() + 2);

  // Each step goes on only while this connection is the exchange's.
  const auto then = [self = weak_from_this(), socket = tcp_](auto next) {
    return [self, socket, next](std::error_code error, auto...) {
      const auto exchange = self.lock();
      if (!exchange || exchange->tcp_ != socket || !socket->is_open()) return;
      if (error) return exchange->listener_.on_error(error);
      next(*exchange, *socket);
    };
  };
  const auto receive_message = [stream](Exchange& exchange, asio::ip::tcp::socket& /*socket*/) {
    exchange.listener_.on_message(stream->in);
  };
  const auto receive = [stream, then, receive_message](Exchange& /*exchange*/,
                                                       asio::ip::tcp::socket& socket) {
    stream->in.resize(static_cast<std::size_t>(stream->length[0]) << 8U | stream->length[1]);
    asio::async_read(socket, asio::buffer(stream->in), then(receive_message));
  };
  const auto receive_length = [stream, then, receive](Exchange& /*exchange*/,
                                                      asio::ip::tcp::socket& socket) {
    asio::async_read(socket, asio::buffer(stream->length), then(receive));
  };
  const auto send = [stream, then, receive_length](Exchange& /*exchange*/,
                                                   asio::ip::tcp::socket& socket) {
    asio::async_write(socket, asio::buffer(stream->out), then(receive_length));
  };
  asio::ip::tcp::endpoint peer;
  peer.resize(server_.size());
  std::memcpy(peer.data(), server_.data(), server_.size());
  tcp_->async_connect(peer, then(send));
}

void Exchange::close() {
  std::error_code ignored;
  if (udp_.is_open()) udp_.close(ignored);
  if (tcp_) tcp_->close(ignored);
}

}  // namespace gladhand
