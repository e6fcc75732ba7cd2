#include "sys/timer_guard.hpp"

#include <sys/timerfd.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <system_error>
#include <utility>

#include "base/unique_fd.hpp"

namespace gladhand {

namespace {

int every_second() {
  UniqueFd fd(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  const itimerspec second{{1, 0}, {1, 0}};
  if (!fd || ::timerfd_settime(fd.get(), 0, &second, nullptr) != 0)
    throw std::system_error(errno, std::generic_category(), "timerfd");
  return fd.release();
}

}  // namespace

TimerGuard::TimerGuard(asio::io_context& loop, std::function<void()> on_broken)
    : seconds_(loop, every_second()), probe_(loop), on_broken_(std::move(on_broken)) {
  watch();
}

void TimerGuard::watch() {
  seconds_.async_wait(asio::posix::stream_descriptor::wait_read, [this](std::error_code canceled) {
    if (canceled) return;
    std::uint64_t passed = 0;
    if (::read(seconds_.native_handle(), &passed, sizeof(passed)) > 0) look();
    watch();
  });
}

void TimerGuard::look() {
  constexpr int patience = 5;
  if (unanswered_++ == patience) on_broken_();
  probe_.expires_at(std::chrono::steady_clock::time_point::min());
  probe_.async_wait([this](std::error_code canceled) {
    if (!canceled) unanswered_ = 0;
  });
}

}  // namespace gladhand
