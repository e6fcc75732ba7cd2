#include "bench/first_line.hpp"

#include <sys/socket.h>

#include <array>
#include <asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <string>

#include "base/first_words.hpp"
#include "sys/readiness_wait.hpp"

namespace gladhand {

namespace {

using Clock = std::chrono::steady_clock;
using asio::posix::stream_descriptor;

constexpr std::size_t longest_line = 4096;

// sshd turns a client away with a line of its own.
BannerResult::Kind kind_of(std::string_view line) {
  return line.starts_with("SSH-") || refusal_of_sshd(line) ? BannerResult::Kind::line
                                                          : BannerResult::Kind::other;
}

// What the socket has now. False when it has nothing yet.
bool take_line(int fd, BannerResult& result) {
  std::array<char, 512> buffer{};
  for (;;) {
    const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return false;
    if (got <= 0) {
      result.kind = BannerResult::Kind::closed;
      return true;
    }
    result.line.append(buffer.data(), static_cast<std::size_t>(got));
    const std::size_t end = result.line.find('\n');
    if (end == std::string::npos && result.line.size() < longest_line) continue;
    result.line.resize(std::min(end, longest_line));
    if (result.line.ends_with('\r')) result.line.pop_back();
    result.kind = kind_of(result.line);
    return true;
  }
}

}  // namespace

asio::awaitable<BannerResult> read_first_line(asio::io_context& loop,
                                              int fd,
                                              Clock::time_point start,
                                              Clock::time_point until) {
  BannerResult result;
  ReadinessWait readable(loop.get_executor(), fd);
  bool complete = false;
  while (!complete && Clock::now() < until) {
    const auto ready = co_await readable.wait(stream_descriptor::wait_read, until);
    if (!ready) break;
    result.at = std::chrono::duration_cast<Moment>(Clock::now() - start);
    complete = *ready && take_line(fd, result);
  }
  if (!complete) result.kind = BannerResult::Kind::timed_out;
  co_return result;
}

}  // namespace gladhand
