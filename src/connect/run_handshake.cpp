#include "connect/run_handshake.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <cerrno>
#include <string>
#include <string_view>

#include "gladhand/error.hpp"
#include "sys/poll_until.hpp"
#include "sys/readiness_wait.hpp"

namespace gladhand {

namespace {

using asio::posix::stream_descriptor;
using Clock = std::chrono::steady_clock;

bool would_block() {
  return errno == EAGAIN || errno == EINTR;
}

class Talk {
 public:
  Talk(const asio::any_io_executor& executor,
       int fd,
       Handshake& handshake,
       Clock::time_point deadline)
      : fd_(fd),
        handshake_(handshake),
        deadline_(deadline),
        until_(deadline),
        ready_(executor, fd),
        pause_(executor) {
    if (const auto patience = handshake_.patience())
      until_ = std::min(deadline_, Clock::now() + *patience);
  }

  asio::awaitable<Result<HandshakeRun>> run() {
    for (;;) {
      const Result<bool> sent = co_await send(handshake_.take_output());
      if (!sent) co_return sent.error();
      if (!*sent) co_return HandshakeRun::timed_out;
      if (handshake_.state() != Handshake::State::talking) co_return HandshakeRun::ended;
      const Result<bool> readable = co_await ready_.wait(stream_descriptor::wait_read, until_);
      if (!readable) co_return readable.error();
      const Result<bool> received = *readable ? receive() : true;
      if (!received) co_return received.error();
      const bool more_needed = *received;
      if (*readable && more_needed) co_await pause();
      if (!more_needed || Clock::now() < until_) continue;
      if (until_ == deadline_) co_return HandshakeRun::timed_out;
      until_ = deadline_;
      handshake_.silence();
    }
  }

 private:
  // Looks before it takes: true when what is there is too little to tell whose it is.
  Result<bool> receive() {
    std::array<char, 4096> buffer;
    const bool all_there = peer_has_ended(fd_);
    const ssize_t seen = ::recv(fd_, buffer.data(), buffer.size(), MSG_PEEK | MSG_DONTWAIT);
    if (seen < 0 && would_block()) return false;
    if (seen <= 0) {
      handshake_.end();
      return false;
    }
    const std::size_t own = handshake_.receive({buffer.data(), static_cast<std::size_t>(seen)});
    for (std::size_t taken = 0; taken < own;) {
      const ssize_t got = ::recv(fd_, buffer.data(), own - taken, MSG_DONTWAIT);
      if (got > 0) taken += static_cast<std::size_t>(got);
      if (got == 0 || (got < 0 && errno != EINTR)) return not_taken(got == 0 ? ECONNRESET : errno);
    }
    if (own != 0 || handshake_.state() != Handshake::State::talking) return false;
    if (all_there) handshake_.end();
    return !all_there;
  }

  // What stayed there would pass for the target's.
  static Error not_taken(int error) {
    return {ExitStatus::not_handed_over,
            "cannot take a proxy's answer from its connection: " + system_words(error)};
  }

  // False when the deadline came first.
  asio::awaitable<Result<bool>> send(std::string bytes) {
    for (std::string_view rest = bytes; !rest.empty();) {
      const ssize_t sent = ::send(fd_, rest.data(), rest.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (sent >= 0) {
        rest.remove_prefix(static_cast<std::size_t>(sent));
      } else if (!would_block()) {
        co_return true;  // what the peer said before it left is still to be read
      } else {
        const auto writable = co_await ready_.wait(stream_descriptor::wait_write, deadline_);
        if (!writable || !*writable) co_return writable;
      }
    }
    co_return true;
  }

  // What is not taken keeps the socket readable: it is looked at again after a moment.
  asio::awaitable<void> pause() {
    pause_.expires_at(std::min(until_, Clock::now() + std::chrono::milliseconds(2)));
    co_await pause_.async_wait(asio::use_awaitable);
  }

  int fd_;
  Handshake& handshake_;
  Clock::time_point deadline_;
  Clock::time_point until_;  // the deadline, or the end of the machine's patience before it
  ReadinessWait ready_;
  asio::steady_timer pause_;
};

}  // namespace

asio::awaitable<Result<HandshakeRun>> run_handshake(int fd,
                                                    Handshake& handshake,
                                                    Clock::time_point deadline) {
  Talk talk(co_await asio::this_coro::executor, fd, handshake, deadline);
  co_return co_await talk.run();
}

}  // namespace gladhand
