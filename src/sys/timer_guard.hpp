// TimerGuard: Asio's timers, watched by one of the kernel's own.
#pragma once

#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>
#include <functional>

namespace gladhand {

/// Asio does not say when the system refuses to set its timer, and would wait for ever.
class TimerGuard {
 public:
  /// Once a second a timer of the loop is made to fire, with which one that was lost is set again.
  /// Calls `on_broken` when none has fired for five seconds. Throws std::system_error when the
  /// system has no timer to watch with.
  TimerGuard(asio::io_context& loop, std::function<void()> on_broken);

  TimerGuard(const TimerGuard&) = delete;
  TimerGuard& operator=(const TimerGuard&) = delete;

 private:
  void watch();
  void look();

  asio::posix::stream_descriptor seconds_;
  asio::steady_timer probe_;
  int unanswered_ = 0;  // seconds
  std::function<void()> on_broken_;
};

}  // namespace gladhand
