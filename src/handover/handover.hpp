// The hand-over: one byte and one descriptor over fd 1, as ssh's ProxyUseFdpass expects it.
#pragma once

#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <chrono>
#include <functional>

#include "gladhand/error.hpp"

namespace gladhand {

/// Opens /dev/null in place of any of fds 0, 1, 2 that is closed, so that no socket of ours gets
/// such a number. To be called first thing in main. Throws Error when one stays closed.
void open_standard_descriptors();

/// Silences our stderr if it is the receiver itself ("2>&1"): one byte of text there, and ssh would
/// take no connection. Throws Error, with stderr closed, when it cannot be silenced, and
/// std::system_error when the system does not tell.
void keep_text_off(int receiver);

/// Whether our stderr is the receiver itself, and that is a socket: text there is for nobody. Also
/// when the system does not tell.
bool text_reaches(int receiver);

/// As ssh and most programs expect a socket. Throws std::system_error when the kernel refuses.
void make_blocking(int fd);

/// Makes `descriptor` blocking and passes it over `receiver`: one NUL byte with one SCM_RIGHTS.
/// Waits while the receiver's queue is full, until `deadline`. Throws Error when it still is, or
/// the receiver has gone.
void pass_descriptor(int receiver, int descriptor, std::chrono::steady_clock::time_point deadline);

/// What to say when the receiver has gone, `after` so long: at once where a start-up file of the
/// shell has printed something in front of us.
Error receiver_gone(std::chrono::steady_clock::duration after);

/// Whether the other end of `in` has sent bytes: who waits for a descriptor says nothing. libssh
/// sends its banner at once, and socat what its own client says.
bool has_spoken(int in);

/// Whether the receiver has closed its end already.
bool has_hung_up(int receiver);

/// Calls `on_hangup` once if the receiver closes its end. An end of file on our standard input is
/// no hang-up: some clients give none.
class HangupWatch {
 public:
  HangupWatch(asio::io_context& loop, int receiver, std::function<void()> on_hangup);

 private:
  void watch();

  asio::posix::stream_descriptor hangups_;
  std::function<void()> on_hangup_;
};

}  // namespace gladhand
