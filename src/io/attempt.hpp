// Attempt: one socket on its way to one endpoint.
#pragma once

#include <asio/generic/stream_protocol.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <functional>
#include <system_error>

#include "gladhand/endpoint.hpp"
#include "gladhand/knock.hpp"
#include "gladhand/socket_settings.hpp"
#include "unique_fd.hpp"

namespace gladhand {

/// What an attempt does to its socket and its endpoint.
struct AttemptOptions {
  SocketSettings socket;
  KnockSequence knock;
};

class Attempt {
 public:
  /// Opens a socket, sets it up, knocks if asked to and begins to connect. `on_end` is called
  /// exactly once, from the loop, also after cancel(); never from inside this constructor. `options`
  /// must outlive this. Throws Error when the kernel refuses a setting.
  Attempt(asio::io_context& loop,
          const Endpoint& endpoint,
          const AttemptOptions& options,
          std::function<void(std::error_code)> on_end);

  /// Closes the socket. A peer that had accepted it sees the end at once.
  void cancel();

  /// Detaches the connected socket from the loop and makes it blocking again. Throws
  /// std::system_error if that fails.
  UniqueFd release();

 private:
  void knock(std::size_t next);
  void connect();
  void connect_here();

  Endpoint endpoint_;
  const AttemptOptions& options_;
  std::function<void(std::error_code)> on_end_;
  asio::generic::stream_protocol::socket socket_;
  asio::steady_timer pause_;
};

}  // namespace gladhand
