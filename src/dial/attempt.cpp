#include "dial/attempt.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <asio/error.hpp>
#include <cerrno>
#include <optional>
#include <utility>

#include "dial/hear.hpp"
#include "sys/get_int_sockopt.hpp"
#include "sys/last_error.hpp"
#include "sys/poll_until.hpp"

namespace gladhand {

namespace {

// One SYN or one empty datagram; nobody waits for what it brings.
std::error_code send_knock(const Knock& knock, const Endpoint& to, const SocketSettings& settings) {
  const bool tcp = knock.protocol == Knock::Protocol::tcp;
  const int type = (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC;
  const UniqueFd fd(::socket(to.system_family(), type, 0));
  const Endpoint door = to.with_port(knock.port);
  if (fd && set_up_route(fd.get(), *to.family(), settings)) {
    const int begun = ::connect(fd.get(), door.data(), door.size());
    if (begun != 0 && errno == EINPROGRESS) return {};
    if (begun == 0 && (tcp || ::send(fd.get(), "", 0, MSG_NOSIGNAL) == 0)) return {};
  }
  // A closed door says so at once on loopback: that it was knocked at is what counts.
  if (errno == ECONNREFUSED) return {};
  return last_error();
}

UniqueFd open_socket(const Endpoint& endpoint, Protocol protocol) {
  const int number = endpoint.family() ? system_protocol(protocol) : 0;
  return UniqueFd(
      ::socket(endpoint.system_family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, number));
}

bool has_peer(int fd) {
  sockaddr_storage peer{};
  socklen_t size = sizeof(peer);
  return ::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) == 0;
}

// What has come of a connect; empty while nothing has. What cannot be found out is no success.
std::optional<std::error_code> result_of(int fd) {
  pollfd watched{fd, POLLOUT, 0};
  const int ready = poll_now({&watched, 1});
  if (ready == 0) return std::nullopt;
  if (ready < 0) return last_error();
  if ((watched.revents & (POLLERR | POLLHUP)) == 0) return std::error_code();
  const std::optional<int> error = get_int_sockopt(fd, SOL_SOCKET, SO_ERROR);
  if (error && *error != 0) return std::error_code(*error, std::system_category());
  // A Unix socket's peer that has closed again is a peer all the same.
  if (!error || !has_peer(fd)) return last_error();
  return std::error_code();
}

}  // namespace

Attempt::Attempt(asio::io_context& loop,
                 const Endpoint& endpoint,
                 const AttemptOptions& options,
                 std::function<void(std::error_code)> on_end,
                 std::function<void()> on_established)
    : loop_(loop),
      endpoint_(endpoint),
      options_(options),
      on_end_(std::move(on_end)),
      on_established_(std::move(on_established)),
      fd_(open_socket(endpoint, options.socket.protocol)),
      unopened_(fd_ ? std::error_code() : last_error()) {}

std::optional<RefusedSetting> Attempt::set_up_socket() {
  const auto family = endpoint_.family();
  return family ? set_up(fd_.get(), *family, options_.socket)
                : set_up_local(fd_.get(), options_.socket);
}

std::optional<RefusedSetting> Attempt::begin() {
  if (unopened_) {
    end(unopened_);
    return std::nullopt;
  }
  if (auto refused = set_up_socket()) return refused;
  knock(0);
  return std::nullopt;
}

void Attempt::end(std::error_code error) {
  // VSOCK has a reset only to say that nobody listens.
  if (endpoint_.system_family() == AF_VSOCK && error == std::errc::connection_reset)
    error = std::make_error_code(std::errc::connection_refused);
  if (error) fd_ = UniqueFd();  // a long list must not use up the descriptors
  on_end_(error);
}

void Attempt::rest(std::chrono::microseconds duration, std::function<void()> then) {
  if (!pause_) pause_.emplace(loop_);
  pause_->expires_after(duration);
  pause_->async_wait([this, then = std::move(then)](std::error_code canceled) {
    if (canceled || !fd_) return end(asio::error::operation_aborted);
    then();
  });
}

void Attempt::knock(std::size_t next) {
  if (next == options_.knock.knocks.size()) return connect();
  const std::error_code error = send_knock(options_.knock.knocks[next], endpoint_, options_.socket);
  if (error) return end(error);
  rest(options_.knock.delay, [this, next] { knock(next + 1); });
}

void Attempt::connect() {
  if (::connect(fd_.get(), endpoint_.data(), endpoint_.size()) == 0) return establish();
  // A Unix socket says so while its server has too many waiting [unix(7)]: no event tells when
  // there is room.
  if (errno == EAGAIN && endpoint_.system_family() == AF_UNIX)
    return rest(std::chrono::milliseconds(10), [this] { connect(); });
  if (errno != EINPROGRESS) return end(last_error());
  watch();
}

// Over loopback all has happened within connect(2), mostly: then the loop has nothing to wait for.
void Attempt::watch() {
  if (const auto result = result_of(fd_.get())) return *result ? end(*result) : establish();
  wait_for(asio::posix::stream_descriptor::wait_write, [this] { watch(); });
}

void Attempt::wait_for(asio::posix::stream_descriptor::wait_type what, std::function<void()> then) {
  if (!connecting_) connecting_.emplace(loop_);
  std::error_code error;
  connecting_->assign(fd_.get(), error);
  if (error) return end(error);
  fd_.release();
  connecting_->async_wait(what, [this, then = std::move(then)](std::error_code failed) {
    if (!connecting_->is_open()) return end(asio::error::operation_aborted);
    fd_ = UniqueFd(connecting_->release());
    if (failed) return end(failed);
    then();
  });
}

void Attempt::establish() {
  if (!options_.until) return end({});
  on_established_();
  listen();
}

// What is too little keeps the socket readable.
void Attempt::listen() {
  const Heard heard = hear(fd_.get(), *options_.until);
  if (heard.verdict) return end(*heard.verdict);
  if (heard.readable) return rest(pause_between_looks, [this] { listen(); });
  wait_for(asio::posix::stream_descriptor::wait_read, [this] { listen(); });
}

void Attempt::cancel() {
  std::error_code ignored;
  if (connecting_) connecting_->close(ignored);
  fd_ = UniqueFd();
  if (pause_) pause_->cancel();
}

}  // namespace gladhand
