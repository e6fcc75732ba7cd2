// Exchange: what passes between us and one name server about one question: a UDP socket of its
// own, whose port nothing else uses, and TCP where it is asked for. It carries bytes and reads
// none.
#pragma once

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <functional>
#include <memory>
#include <span>
#include <system_error>

#include "dns/message.hpp"

namespace gladhand {

class Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  /// Told each message that has come from the server, and each error, an ICMP message's perhaps.
  struct Listener {
    std::function<void(std::span<const std::uint8_t>)> on_message;
    std::function<void(std::error_code)> on_error;
  };

  /// The listener may close the exchange, not destroy it.
  Exchange(asio::io_context& loop, const Endpoint& server, Listener listener);

  const Endpoint& server() const { return server_; }

  /// Sends a datagram, always from the same port. Returns at once why it could not.
  std::error_code send(const Bytes& question);

  /// Sends over a new TCP connection; what goes wrong is told later.
  void send_over_tcp(const Bytes& question);

  /// Reads the datagrams that wait, without waiting for any.
  void take_in();

  void close();

 private:
  std::error_code open();
  void watch();

  asio::io_context& loop_;
  Endpoint server_;
  Listener listener_;
  asio::posix::stream_descriptor udp_;
  std::shared_ptr<asio::ip::tcp::socket> tcp_;
};

}  // namespace gladhand
