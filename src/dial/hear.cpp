#include "dial/hear.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <cerrno>
#include <string_view>
#include <utility>
#include <vector>

#include "base/duration.hpp"
#include "gladhand/error.hpp"
#include "sys/last_error.hpp"
#include "sys/poll_until.hpp"
#include "sys/readiness_wait.hpp"

namespace gladhand {

Heard hear(int fd, const FirstWords& wanted) {
  std::vector<char> buffer(most_first_words);
  const bool ended = peer_has_ended(fd);
  const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), MSG_PEEK | MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return {};
  if (got < 0) return {last_error(), true};
  const std::string_view seen(buffer.data(), static_cast<std::size_t>(got));
  return {judge(wanted, seen, ended || got == 0), true};
}

asio::awaitable<std::error_code> wait_for_first_words(
    int fd, FirstWords wanted, std::chrono::steady_clock::time_point deadline) {
  const auto executor = co_await asio::this_coro::executor;
  ReadinessWait ready(executor, fd);
  for (;;) {
    const Heard heard = hear(fd, wanted);
    if (heard.verdict) co_return *heard.verdict;
    const auto now = std::chrono::steady_clock::now();
    if (now >= deadline) co_return std::make_error_code(std::errc::timed_out);
    if (heard.readable) {
      asio::steady_timer pause(executor);
      pause.expires_at(std::min(deadline, now + pause_between_looks));
      co_await pause.async_wait(asio::use_awaitable);
      continue;
    }
    const Result<bool> waited =
        co_await ready.wait(asio::posix::stream_descriptor::wait_read, deadline);
    if (!waited) co_return std::make_error_code(std::errc::not_enough_memory);
  }
}

std::string why_unheard(std::error_code error, std::chrono::microseconds given) {
  if (error == std::errc::timed_out) return "no first words in " + to_string(given);
  if (error.category() == std::system_category()) return system_words(error.value());
  return error.message();
}

}  // namespace gladhand
