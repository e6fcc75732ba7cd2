// RelayDirection: one direction of the relay, a step at a time. It never blocks, and holds at most
// a buffer full of bytes.
#pragma once

#include <poll.h>
#include <sys/types.h>

#include <cerrno>
#include <cstdint>
#include <string_view>
#include <vector>

namespace gladhand {

class RelayDirection {
 public:
  enum class State : std::uint8_t {
    awaiting_source,  ///< until there is something to read
    awaiting_sink,    ///< until there is room to write
    ended,            ///< all that the source had is with the sink
    source_failed,
    sink_failed,
  };

  RelayDirection(int source, int sink);

  State state() const { return state_; }
  bool running() const { return state_ <= State::awaiting_sink; }
  int error() const { return error_; }                ///< errno, once failed
  std::uint64_t carried() const { return carried_; }  ///< bytes that are with the sink

  /// For poll(2): the end that is awaited, none when the lane does not run.
  pollfd awaited() const;

  /// To be called when poll(2) says that what is awaited is there.
  void step();

  /// The sink takes no more.
  void lose_sink() { fail(State::sink_failed, EPIPE); }

 private:
  enum class Kind : std::uint8_t { socket, pipe, other };

  static Kind kind_of(int fd);
  bool step_by_splice();
  void fill();
  void drain();
  ssize_t read_source();
  ssize_t write_sink();
  void fail(State side, int error);

  int source_;
  int sink_;
  Kind source_kind_;
  Kind sink_kind_;
  bool may_splice_;
  State state_ = State::awaiting_source;
  int error_ = 0;
  std::uint64_t carried_ = 0;
  std::vector<char> buffer_;
  std::string_view pending_;  // what of the buffer is not with the sink yet
};

}  // namespace gladhand
