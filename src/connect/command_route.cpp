#include "connect/command_route.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>

#include <array>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <cerrno>
#include <optional>
#include <string_view>
#include <utility>

#include "base/duration.hpp"
#include "dns/target_environment.hpp"
#include "gladhand/error.hpp"
#include "sys/poll_until.hpp"
#include "sys/process.hpp"
#include "sys/readiness_wait.hpp"

namespace gladhand {

namespace {

using Clock = std::chrono::steady_clock;
using asio::posix::stream_descriptor;

struct SocketPair {
  UniqueFd ours;
  UniqueFd theirs;
};

std::optional<SocketPair> make_pair_of_sockets() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return std::nullopt;
  SocketPair pair{UniqueFd(ends[0]), UniqueFd(ends[1])};
  ::fcntl(ends[0], F_SETFL, O_RDWR | O_NONBLOCK);  // of this end alone
  return pair;
}

enum class Look { nothing, part, line, end };

// Whatever is no end of a line in so many bytes is not ssh's [RFC 4253 §4.2].
Look look_at(int fd) {
  std::array<char, 1024> seen;
  const ssize_t size = ::recv(fd, seen.data(), seen.size(), MSG_PEEK | MSG_DONTWAIT);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return Look::nothing;
  if (size <= 0) return Look::end;
  const std::string_view text(seen.data(), static_cast<std::size_t>(size));
  if (text.find('\n') != text.npos || text.size() == seen.size()) return Look::line;
  pollfd watched{fd, POLLRDHUP, 0};
  return poll_now({&watched, 1}) > 0 ? Look::end : Look::part;
}

// Why there is no line; empty when there is one. `given` is what the deadline was made of.
asio::awaitable<std::string> wait_for_line(int fd, Clock::time_point deadline, Moment given) {
  const auto executor = co_await asio::this_coro::executor;
  ReadinessWait ready(executor, fd);
  for (;;) {
    const Look seen = look_at(fd);
    if (seen == Look::line) co_return "";
    if (seen == Look::end) co_return "no word of the server's";
    if (Clock::now() >= deadline) co_return "no line of the server's in " + to_string(given);
    if (seen == Look::part) {  // it keeps the socket readable
      asio::steady_timer pause(executor, std::chrono::milliseconds(2));
      co_await pause.async_wait(asio::use_awaitable);
      continue;
    }
    const Result<bool> waited = co_await ready.wait(stream_descriptor::wait_read, deadline);
    if (!waited) co_return waited.error().what();
  }
}

Result<Process> start_beside(const std::vector<std::string>& words, int fd, const Target& target) {
  return start_process(words, {.in = fd, .out = fd, .environment = target_environment(target)});
}

Configured announcement(const Target& target, const std::string& peer, Moment timeout) {
  Configured event{};
  event.host = target.host;
  event.service = target.service;
  event.through = peer;
  event.timeout = timeout;
  event.origin = "command";
  return event;
}

Endpoint nameless_peer() {
  const sockaddr peer{.sa_family = AF_UNIX, .sa_data = {}};
  return {&peer, sizeof(peer.sa_family)};
}

// A program that has closed its output ends at once, as a rule; its status says more.
std::string end_of(const Process& process) {
  pollfd ended{process.ended.get(), POLLIN, 0};
  if (poll_until({&ended, 1}, Clock::now() + std::chrono::milliseconds(50)) > 0)
    return "it " + describe_wait_status(reap(process.pid));
  ::kill(process.pid, SIGTERM);
  return "";
}

}  // namespace

asio::awaitable<DialResult> run_command_route(Target target,
                                              std::vector<std::string> words,
                                              DialOptions options,
                                              Clock::time_point deadline,
                                              Recorder& recorder) {
  const std::string peer = in_quotes(words.front());
  const std::string asked_for = in_words(target.host, target.service);
  recorder.begin();
  recorder.record(announcement(target, peer, options.race.timeout));
  const auto fail = [&](ExitStatus status, const std::string& why) {
    DialFailure failure{Error(status, "connect to " + asked_for + ": " + peer + ": " + why)};
    recorder.record(HandshakeFinished{peer, why});
    recorder.end(failure);
    return failure;
  };
  recorder.record(HandshakeStarted{peer, asked_for});
  auto pair = make_pair_of_sockets();
  if (!pair) co_return fail(ExitStatus::not_handed_over, system_words(errno));
  Result<Process> process = start_beside(words, pair->theirs.get(), target);
  if (!process) co_return fail(ExitStatus::not_handed_over, process.error().what());
  pair->theirs = UniqueFd();
  std::string why = co_await wait_for_line(pair->ours.get(), deadline, options.race.timeout);
  if (why.empty()) {
    recorder.record(HandshakeFinished{peer, ""});
    co_return DialConnection{std::move(pair->ours), nameless_peer(), {}};
  }
  const bool late = Clock::now() >= deadline;
  pair->ours = UniqueFd();
  if (late) {
    ::kill(process->pid, SIGTERM);
  } else if (const std::string ending = end_of(*process); !ending.empty()) {
    why = ending;
  }
  co_return fail(late ? ExitStatus::timed_out : ExitStatus::proxy_failed, why);
}

}  // namespace gladhand
