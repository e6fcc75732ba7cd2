// Attempt: one socket on its way to one endpoint.
#pragma once

#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <optional>
#include <system_error>
#include <utility>

#include "base/first_words.hpp"
#include "base/unique_fd.hpp"
#include "dial/knock.hpp"
#include "gladhand/endpoint.hpp"
#include "sys/socket_settings.hpp"
#include "sys/socket_setup.hpp"

namespace gladhand {

/// What an attempt does to its socket and its endpoint.
struct AttemptOptions {
  SocketSettings socket;
  KnockSequence knock;
  std::optional<FirstWords> until{};  ///< what the server must have said; unset: it need not
};

class Attempt {
 public:
  /// Opens a socket. `options` must outlive this.
  Attempt(asio::io_context& loop,
          const Endpoint& endpoint,
          const AttemptOptions& options,
          std::function<void(std::error_code)> on_end,
          std::function<void()> on_established = {});

  /// Sets the socket up, and returns what the kernel refuses: then it is all that happens. Knocks
  /// if asked to, and connects. `on_end` is called exactly once: before this returns, or from the
  /// loop, also after cancel(). Where the server's first words are waited for, `on_established` is
  /// called before that, once. A socket that has not connected is closed by then.
  std::optional<RefusedSetting> begin();

  /// Closes the socket. A peer that had accepted it sees the end at once.
  void cancel();

  /// The connected socket. It is non-blocking.
  UniqueFd release() { return std::move(fd_); }

 private:
  std::optional<RefusedSetting> set_up_socket();
  void knock(std::size_t next);
  void rest(std::chrono::microseconds duration, std::function<void()> then);
  void connect();
  void watch();
  void wait_for(asio::posix::stream_descriptor::wait_type what, std::function<void()> then);
  void establish();
  void listen();
  void end(std::error_code error);

  asio::io_context& loop_;
  Endpoint endpoint_;
  const AttemptOptions& options_;
  std::function<void(std::error_code)> on_end_;
  std::function<void()> on_established_;
  UniqueFd fd_;
  std::error_code unopened_;  // why there is no fd_

  // Made when there is something to wait for: the first of a loop makes its epoll, too.
  std::optional<asio::posix::stream_descriptor> connecting_;  // has the descriptor meanwhile
  std::optional<asio::steady_timer> pause_;
};

}  // namespace gladhand
