#include "sys/readiness_wait.hpp"

#include <asio/experimental/awaitable_operators.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <system_error>

#include "sys/poll_until.hpp"

namespace gladhand {

ReadinessWait::ReadinessWait(const asio::any_io_executor& executor, int fd)
    : descriptor_(executor, fd), timer_(executor) {}

ReadinessWait::~ReadinessWait() {
  descriptor_.release();
}

asio::awaitable<Result<bool>> ReadinessWait::wait(Descriptor::wait_type what,
                                                  std::chrono::steady_clock::time_point deadline) {
  using namespace asio::experimental::awaitable_operators;
  const short events = what == Descriptor::wait_write ? POLLOUT : POLLIN;
  timer_.expires_at(deadline);
  for (;;) {
    std::error_code error;
    const auto first =
        co_await (descriptor_.async_wait(what, asio::redirect_error(asio::use_awaitable, error)) ||
                  timer_.async_wait(asio::use_awaitable));
    if (first.index() != 0) co_return false;
    if (error)
      co_return Error(ExitStatus::not_handed_over,
                      "cannot wait for a descriptor: " + system_words(error.value()));
    if (is_ready(descriptor_.native_handle(), events)) co_return true;
  }
}

}  // namespace gladhand
