// Attempt: one socket on its way to one endpoint.
#pragma once

#include <asio/generic/stream_protocol.hpp>
#include <asio/io_context.hpp>
#include <functional>
#include <system_error>

#include "gladhand/endpoint.hpp"
#include "gladhand/socket_settings.hpp"
#include "unique_fd.hpp"

namespace gladhand {

class Attempt {
 public:
  /// Opens a socket, sets it up and begins to connect. `on_end` is called exactly once, from the
  /// loop, also after cancel(); never from inside this constructor. Throws Error when the kernel
  /// refuses a setting.
  Attempt(asio::io_context& loop,
          const Endpoint& endpoint,
          const SocketSettings& settings,
          std::function<void(std::error_code)> on_end);

  /// Closes the socket. A peer that had accepted it sees the end at once.
  void cancel();

  /// Detaches the connected socket from the loop and makes it blocking again. Throws
  /// std::system_error if that fails.
  UniqueFd release();

 private:
  asio::generic::stream_protocol::socket socket_;
};

}  // namespace gladhand
