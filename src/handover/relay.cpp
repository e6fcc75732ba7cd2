#include "handover/relay.hpp"

#include <fcntl.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <system_error>
#include <thread>
#include <utility>

#include "handover/relay_direction.hpp"
#include "sys/get_int_sockopt.hpp"

namespace gladhand {

namespace {

using State = RelayDirection::State;

Error lost(const std::string& name, int error) {
  std::string reason = system_words(error);
  if (error == ECONNRESET) reason = "reset by the server";
  if (error == ETIMEDOUT) reason = "the server no longer answers";
  return {ExitStatus::not_handed_over, "connection to " + name + " lost: " + reason};
}

Error unreadable(int error) {
  return {ExitStatus::not_handed_over, "cannot read standard input: " + system_words(error)};
}

Error unread() {
  return {ExitStatus::not_handed_over, "nobody reads standard output any more"};
}

class Relay {
 public:
  Relay(UniqueFd server, int in, int out)
      : server_(std::move(server)),
        out_(out),
        upload_(in, server_.get()),
        download_(server_.get(), out) {}

  RelayEnd run(const std::string& name) {
    while (upload_.running() || download_.running()) turn();
    if (upload_.state() == State::ended && download_.state() == State::sink_failed) deliver();
    return {upload_.carried(), download_.carried(), failure(name)};
  }

 private:
  void turn() {
    pollfd ends[] = {upload_.awaited(), download_.awaited(), watched()};
    const std::chrono::milliseconds limit = relay_linger;
    const int ready = ::poll(ends, 3, may_rest() ? -1 : static_cast<int>(limit.count()));
    if (ready < 0 && errno != EINTR) return fail(errno);
    if (ready < 0) return;
    if (ends[2].revents != 0 && !download_.running()) lost_by_ = pending_error();
    if (ready == 0 || (ends[2].revents != 0 && !download_.running())) return upload_.lose_sink();
    if (ends[2].revents != 0) download_.lose_sink();
    if (ends[0].revents != 0) step_upload();
    if (ends[1].revents != 0 && download_.running()) step_download();
  }

  // Neither lane can be waited for any more.
  void fail(int error) {
    own_failure_ = error;
    upload_.lose_sink();
    download_.lose_sink();
  }

  // An end that no lane awaits, for its hang-up. It is left out where that could not be acted upon:
  // poll(2) would return at once, again and again.
  pollfd watched() const {
    if (download_.running()) return {out_, 0, 0};
    return {may_rest() ? -1 : server_.get(), 0, 0};
  }

  // Once the upload is alone it must move: when the server has ended, as long as that is up to the
  // client; when the client reads no more, whoever is to blame.
  bool may_rest() const {
    if (download_.running()) return true;
    return download_.state() == State::ended && upload_.state() == State::awaiting_sink;
  }

  void step_upload() {
    upload_.step();
    if (upload_.state() == State::ended || upload_.state() == State::source_failed)
      ::shutdown(server_.get(), SHUT_WR);
    // EPIPE would tell of a server that has ended in order, and before the client did.
    if (upload_.state() != State::sink_failed || upload_.error() == EPIPE) return;
    lost_by_ = upload_.error();
    // What a dead connection has brought is still read. One that lives would never end.
    if (lost_by_ != ECONNRESET) download_.lose_sink();
  }

  void step_download() {
    download_.step();
    if (download_.state() == State::source_failed) {
      lost_by_ = download_.error();
      if (upload_.running()) upload_.lose_sink();
    } else if (download_.state() == State::ended) {
      ::shutdown(out_, SHUT_WR);
      ::close(out_);
    }
  }

  // A socket that is closed while it holds what nobody has read is reset, and what it was still to
  // send is lost: what the client has said before it left goes out first.
  void deliver() {
    const auto give_up_at = [] { return std::chrono::steady_clock::now() + relay_linger; };
    auto limit = give_up_at();
    for (int left = unsent(), before = left; left > 0; left = unsent()) {
      if (left < before) limit = give_up_at();
      before = left;
      if (std::chrono::steady_clock::now() >= limit) return;
      char nobodys[16384];
      const ssize_t got = ::recv(server_.get(), nobodys, sizeof(nobodys), MSG_DONTWAIT);
      if (got > 0) continue;
      if (got < 0 && errno != EAGAIN && errno != EINTR) return;
      std::this_thread::sleep_for(
          std::chrono::milliseconds(5));  // nothing tells of acknowledgements
    }
  }

  // Bytes that the server has not acknowledged.
  int unsent() const {
    int bytes = 0;
    return ::ioctl(server_.get(), SIOCOUTQ, &bytes) == 0 ? bytes : 0;
  }

  // Why the server's end has gone: 0 for an end in order.
  int pending_error() const {
    const int error = get_int_sockopt(server_.get(), SOL_SOCKET, SO_ERROR).value_or(0);
    return error == EPIPE ? 0 : error;
  }

  std::optional<Error> failure(const std::string& name) const {
    if (own_failure_ != 0)
      return Error(ExitStatus::not_handed_over, "poll: " + system_words(own_failure_));
    if (lost_by_ != 0) return lost(name, lost_by_);
    // A client that is gone with some of the answer unread has reset its socket, if it has one.
    if (upload_.state() == State::source_failed && upload_.error() != ECONNRESET)
      return unreadable(upload_.error());
    if (upload_.state() == State::sink_failed && download_.state() == State::sink_failed)
      return unread();
    return std::nullopt;
  }

  UniqueFd server_;
  int out_;
  RelayDirection upload_;
  RelayDirection download_;
  int lost_by_ = 0;      // errno
  int own_failure_ = 0;  // errno
};

}  // namespace

RelayEnd relay(UniqueFd server, int in, int out, const std::string& name) {
  const int flags = ::fcntl(server.get(), F_GETFL);
  if (flags < 0 || ::fcntl(server.get(), F_SETFL, flags | O_NONBLOCK) < 0)
    return {0, 0, lost(name, errno)};
  return Relay(std::move(server), in, out).run(name);
}

}  // namespace gladhand
