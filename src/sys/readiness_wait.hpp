// ReadinessWait: waits for a descriptor that is somebody else's.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>

#include "base/result.hpp"

namespace gladhand {

class ReadinessWait {
 public:
  using Descriptor = asio::posix::stream_descriptor;

  /// `fd` is non-blocking, stays the caller's and must outlive this.
  ReadinessWait(const asio::any_io_executor& executor, int fd);
  ~ReadinessWait();

  ReadinessWait(const ReadinessWait&) = delete;
  ReadinessWait& operator=(const ReadinessWait&) = delete;

  /// Completes when the descriptor is readable or writable; false when `deadline` comes first.
  /// Fails (not_handed_over) when there is no waiting for it.
  asio::awaitable<Result<bool>> wait(Descriptor::wait_type what,
                                     std::chrono::steady_clock::time_point deadline);

 private:
  Descriptor descriptor_;
  asio::steady_timer timer_;
};

}  // namespace gladhand
