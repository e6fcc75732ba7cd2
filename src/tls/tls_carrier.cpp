#include "tls/tls_carrier.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "sys/poll_until.hpp"

namespace gladhand {

namespace {

using Step = TlsSession::Step;

constexpr std::size_t buffer_size = 32768;

bool would_block() {
  return errno == EAGAIN || errno == EINTR;
}

}  // namespace

TlsCarrier::TlsCarrier(TlsSession& session, int transport, int plain)
    : session_(session),
      transport_(transport),
      plain_(plain),
      up_(buffer_size),
      down_(buffer_size) {}

void TlsCarrier::run() {
  while (running()) {
    const bool sent = send();
    const bool received = receive();
    if (!sent && !received && running() && !wait()) return;
  }
}

// True when anything has moved, as with all steps here.
bool TlsCarrier::send() {
  write_wish_ = Step::done;
  if (sent_end_) return false;
  if (unsent_.empty() && !plain_ended_ && !take_plain()) return false;
  if (unsent_.empty()) return plain_ended_ && say_end();
  const auto [step, bytes] = session_.write(unsent_);
  forget(bytes);
  if (step == Step::failed || step == Step::ended) {  // nobody hears what is said from now on
    unsent_ = {};
    plain_ended_ = sent_end_ = true;
    ::shutdown(plain_, SHUT_RD);
    return true;
  }
  return has_moved(step, write_wish_);
}

// A password is among the first that is said.
void TlsCarrier::forget(std::size_t sent) {
  if (forgotten_ < buffer_size) {
    ::explicit_bzero(up_.data() + (unsent_.data() - up_.data()), sent);
    forgotten_ += sent;
  }
  unsent_.remove_prefix(sent);
}

bool TlsCarrier::take_plain() {
  const ssize_t got = ::recv(plain_, up_.data(), up_.size(), MSG_DONTWAIT);
  if (got < 0 && would_block()) return false;
  if (got > 0)
    unsent_ = {up_.data(), static_cast<std::size_t>(got)};
  else
    plain_ended_ = true;
  return true;
}

bool TlsCarrier::say_end() {
  if (!has_moved(session_.end(), write_wish_)) return false;
  ::shutdown(transport_, SHUT_WR);
  sent_end_ = true;
  return true;
}

bool TlsCarrier::receive() {
  read_wish_ = Step::done;
  if (received_end_) return false;
  if (!undelivered_.empty()) return give_plain();
  if (session_ended_) {
    ::shutdown(plain_, SHUT_WR);
    received_end_ = true;
    return true;
  }
  const auto [step, bytes] = session_.read(down_);
  if (step == Step::failed || step == Step::ended) {
    session_ended_ = true;
    return true;
  }
  if (!plain_gone_) undelivered_ = {down_.data(), bytes};
  return has_moved(step, read_wish_);
}

bool TlsCarrier::give_plain() {
  const ssize_t given =
      ::send(plain_, undelivered_.data(), undelivered_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (given < 0 && would_block()) return false;
  if (given < 0)
    lose_plain();
  else
    undelivered_.remove_prefix(static_cast<std::size_t>(given));
  return true;
}

// What still comes is taken: a socket that is closed while it holds something is reset, and what it
// was to send is lost.
void TlsCarrier::lose_plain() {
  plain_gone_ = true;
  undelivered_ = {};
}

bool TlsCarrier::has_moved(Step step, Step& wish) {
  if (step == Step::wants_read || step == Step::wants_write) wish = step;
  return wish == Step::done;
}

bool TlsCarrier::may_rest() const {
  return !plain_gone_ && (!received_end_ || sent_end_);
}

// False when nothing moves any more, and nobody is left who would mind.
bool TlsCarrier::wait() {
  short local = 0;
  short remote = 0;
  if (unsent_.empty() && !plain_ended_) local |= POLLIN;
  if (!undelivered_.empty()) local |= POLLOUT;
  for (const Step wish : {write_wish_, read_wish_}) {
    if (wish == Step::wants_read) remote |= POLLIN;
    if (wish == Step::wants_write) remote |= POLLOUT;
  }
  // A hang-up that is known would be told again and again.
  pollfd ends[] = {{plain_gone_ && local == 0 ? -1 : plain_, local, 0},
                   {remote == 0 ? -1 : transport_, remote, 0}};
  std::optional<std::chrono::steady_clock::time_point> limit;
  if (!may_rest()) limit = std::chrono::steady_clock::now() + carrier_linger;
  if (poll_until(ends, limit) <= 0) return false;
  if ((ends[0].revents & (POLLHUP | POLLERR)) != 0) lose_plain();
  return true;
}

}  // namespace gladhand
