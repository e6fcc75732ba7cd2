#include "handover/relay_direction.hpp"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>

namespace gladhand {

namespace {

constexpr std::size_t buffer_size = 128 << 10;

// Measured with 1 GiB through ssh and aes128-gcm over loopback, against nc, which copies: splice(2)
// takes a quarter less CPU time both ways. But the upload takes no less time than nc's unless its
// pipe is larger than the usual 64 KiB, for pages on their way to the server are no room to write;
// with this size it takes a quarter less. The download gains nothing by that.
constexpr int pipe_size = 256 << 10;

bool is_temporary(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

// Anything else is splice(2)'s own trouble: copying tells whether an end has it, too.
bool is_of_an_end(int error) {
  return error != EINVAL && error != ENOSYS && error != ENOMEM && error != EPERM;
}

// A user may have only so much of pipes: then it stays as it is.
void enlarge(int pipe) {
  if (::fcntl(pipe, F_GETPIPE_SZ) < pipe_size) ::fcntl(pipe, F_SETPIPE_SZ, pipe_size);
}

}  // namespace

RelayDirection::RelayDirection(int source, int sink)
    : source_(source),
      sink_(sink),
      source_kind_(kind_of(source)),
      sink_kind_(kind_of(sink)),
      may_splice_(source_kind_ == Kind::pipe || sink_kind_ == Kind::pipe) {
  if (source_kind_ == Kind::pipe) enlarge(source);
}

pollfd RelayDirection::awaited() const {
  switch (state_) {
    case State::awaiting_source: return {source_, POLLIN, 0};
    case State::awaiting_sink: return {sink_, POLLOUT, 0};
    default: return {-1, 0, 0};
  }
}

void RelayDirection::step() {
  if (!pending_.empty()) {
    drain();
  } else if (!may_splice_ || !step_by_splice()) {
    fill();
  }
}

// Moves bytes without copying them. False when the buffer has to do it: splice(2) does not tell an
// end from an end for now, stops for good at TCP's urgent data, and is not for every file.
bool RelayDirection::step_by_splice() {
  const ssize_t moved =
      ::splice(source_, nullptr, sink_, nullptr, pipe_size, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  if (moved > 0) {
    carried_ += static_cast<std::uint64_t>(moved);
    state_ = State::awaiting_source;
    return true;
  }
  if (moved == 0) return false;
  if (is_temporary(errno)) {
    // Readable it is, so the sink must be full. If it is not, splice(2) is of no use here.
    if (state_ == State::awaiting_sink) return false;
    state_ = State::awaiting_sink;
    return true;
  }
  if (!is_of_an_end(errno)) {
    may_splice_ = false;
    return false;
  }
  const bool of_sink = errno == EPIPE || sink_kind_ != Kind::pipe;
  fail(of_sink ? State::sink_failed : State::source_failed, errno);
  return true;
}

void RelayDirection::fill() {
  const ssize_t got = read_source();
  if (got > 0) {
    pending_ = {buffer_.data(), static_cast<std::size_t>(got)};
    state_ = State::awaiting_sink;
    // A socket says by itself when it is full; a pipe would have to wait.
    if (sink_kind_ == Kind::socket) drain();
  } else if (got == 0) {
    state_ = State::ended;
  } else if (is_temporary(errno)) {
    state_ = State::awaiting_source;
  } else {
    fail(State::source_failed, errno);
  }
}

void RelayDirection::drain() {
  const ssize_t written = write_sink();
  if (written < 0) {
    if (!is_temporary(errno)) fail(State::sink_failed, errno);
    return;
  }
  carried_ += static_cast<std::uint64_t>(written);
  pending_.remove_prefix(static_cast<std::size_t>(written));
  if (pending_.empty()) state_ = State::awaiting_source;
}

ssize_t RelayDirection::read_source() {
  buffer_.resize(buffer_size);
  if (source_kind_ != Kind::socket) return ::read(source_, buffer_.data(), buffer_.size());
  return ::recv(source_, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
}

// A blocking pipe with room takes PIPE_BUF bytes at once; for more, write(2) would wait.
ssize_t RelayDirection::write_sink() {
  if (sink_kind_ == Kind::socket)
    return ::send(sink_, pending_.data(), pending_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  return ::write(sink_, pending_.data(), std::min<std::size_t>(pending_.size(), PIPE_BUF));
}

void RelayDirection::fail(State side, int error) {
  state_ = side;
  error_ = error;
}

RelayDirection::Kind RelayDirection::kind_of(int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return Kind::other;
  if (S_ISSOCK(status.st_mode)) return Kind::socket;
  return S_ISFIFO(status.st_mode) ? Kind::pipe : Kind::other;
}

}  // namespace gladhand
