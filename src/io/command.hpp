// Command: a program of the user's, run without a shell beside the dial.
#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <functional>
#include <string>
#include <vector>

#include "process.hpp"

namespace gladhand {

class Command {
 public:
  using Environment = gladhand::Environment;

  /// Starts `words` with `environment` added to ours. Its standard input is empty, what it writes
  /// to its standard output goes to `output`, our stderr unless told otherwise, and it gets no other
  /// descriptor of ours. Throws Error when it cannot be started.
  Command(asio::io_context& loop,
          const std::vector<std::string>& words,
          const Environment& environment,
          int output = STDERR_FILENO);

  /// Ends the program if it still runs, unless detach() was called.
  ~Command();

  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;

  /// Calls `on_end` with the program's wait status, from the loop.
  void async_wait(std::function<void(int)> on_end);

  /// Lets it run on.
  void detach() { pid_ = -1; }

 private:
  pid_t pid_ = -1;
  asio::posix::stream_descriptor process_;
};

}  // namespace gladhand
