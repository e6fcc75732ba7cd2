#include "sys/unix_call.hpp"

#include <sys/socket.h>

#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <cerrno>
#include <string_view>
#include <utility>

#include "base/unique_fd.hpp"
#include "gladhand/endpoint.hpp"
#include "gladhand/error.hpp"
#include "sys/readiness_wait.hpp"

namespace gladhand {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t longest_reply = 1U << 20U;

// One conversation. What it is constructed with must outlive it.
class Call {
 public:
  Call(const asio::any_io_executor& executor, const UnixPeer& peer, Clock::time_point deadline)
      : peer_(peer), deadline_(deadline), pause_(executor) {}

  asio::awaitable<Result<std::optional<std::string>>> run(std::string message) {
    const Result<bool> somebody = co_await connect();
    if (!somebody) co_return somebody.error();
    if (!*somebody) co_return std::nullopt;
    if (const auto failure = co_await send(message)) co_return *failure;
    co_return co_await receive();
  }

 private:
  // False when nobody listens there. A Unix socket connects at once, or says EAGAIN while its
  // server has too many waiting [unix(7)]: no event tells when there is room.
  asio::awaitable<Result<bool>> connect() {
    const auto address = Endpoint::unix_socket(peer_.path);
    fd_ = UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!address || !fd_) co_return broken("no socket");
    while (::connect(fd_.get(), address->data(), address->size()) != 0) {
      if (errno == ENOENT || errno == ECONNREFUSED) co_return false;
      if (!would_block()) co_return broken(system_words(errno));
      if (Clock::now() >= deadline_) co_return late();
      pause_.expires_after(std::chrono::milliseconds(10));
      co_await pause_.async_wait(asio::use_awaitable);
    }
    co_return true;
  }

  asio::awaitable<std::optional<Error>> send(std::string_view bytes) {
    ReadinessWait ready(pause_.get_executor(), fd_.get());
    while (!bytes.empty()) {
      const ssize_t sent =
          ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent >= 0) {
        bytes.remove_prefix(static_cast<std::size_t>(sent));
        continue;
      }
      if (!would_block()) co_return broken(system_words(errno));
      const auto writable = co_await ready.wait(ReadinessWait::Descriptor::wait_write, deadline_);
      if (!writable) co_return writable.error();
      if (!*writable) co_return late();
    }
    co_return std::nullopt;
  }

  asio::awaitable<Result<std::optional<std::string>>> receive() {
    ReadinessWait ready(pause_.get_executor(), fd_.get());
    std::string reply;
    while (reply.find(peer_.end) == reply.npos) {
      const auto readable = co_await ready.wait(ReadinessWait::Descriptor::wait_read, deadline_);
      if (!readable) co_return readable.error();
      if (!*readable) co_return late();
      char part[4096];
      const ssize_t got = ::recv(fd_.get(), part, sizeof(part), MSG_DONTWAIT);
      if (got < 0 && would_block()) continue;
      if (got < 0) co_return broken(system_words(errno));
      if (got == 0 || reply.size() > longest_reply)
        co_return Error(ExitStatus::no_address, peer_.name + " sends no proper answer");
      reply.append(part, static_cast<std::size_t>(got));
    }
    co_return reply.substr(0, reply.find(peer_.end));
  }

  static bool would_block() { return errno == EAGAIN || errno == EINTR; }

  Error broken(const std::string& why) const {
    return {ExitStatus::no_address, peer_.name + ": " + why};
  }
  Error late() const { return {ExitStatus::timed_out, peer_.name + " does not answer"}; }

  const UnixPeer& peer_;
  const Clock::time_point deadline_;
  asio::steady_timer pause_;
  UniqueFd fd_;
};

}  // namespace

asio::awaitable<Result<std::optional<std::string>>> call_unix_peer(UnixPeer peer,
                                                                   std::string request,
                                                                   Clock::time_point deadline) {
  Call call(co_await asio::this_coro::executor, peer, deadline);
  request += peer.end;
  co_return co_await call.run(std::move(request));
}

}  // namespace gladhand
