// Waiter: waits for a descriptor that is somebody else's.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>

namespace gladhand {

class Waiter {
 public:
  using Descriptor = asio::posix::stream_descriptor;

  /// `fd` stays the caller's, must outlive this, and is as blocking afterwards as it was.
  Waiter(const asio::any_io_executor& executor, int fd);
  ~Waiter();

  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  /// Completes when the descriptor is readable or writable; false when `deadline` comes first.
  asio::awaitable<bool> wait(Descriptor::wait_type what,
                             std::chrono::steady_clock::time_point deadline);

 private:
  int flags_;
  Descriptor descriptor_;
  asio::steady_timer timer_;
};

}  // namespace gladhand
