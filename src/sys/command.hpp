// Command: a program of the user's, run without a shell beside the dial.
#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sys/process.hpp"

namespace gladhand {

class Command {
 public:
  /// Starts `words` with `environment` added to ours. Its standard input is empty, what it writes
  /// to its standard output goes to `output`, our stderr unless told otherwise, and it gets no
  /// other descriptor of ours. Fails as start_process does.
  static Result<std::unique_ptr<Command>> start(asio::io_context& loop,
                                                const std::vector<std::string>& words,
                                                const Environment& environment,
                                                int output = STDERR_FILENO);

  /// Ends the program if it still runs. It is ended, too, when this process is.
  ~Command();

  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;

  /// Calls `on_end` with the program's wait status, from the loop.
  void async_wait(std::function<void(int)> on_end);

  /// The same as a coroutine. To be awaited once.
  asio::awaitable<int> wait();

 private:
  Command(asio::io_context& loop, Process process);
  int reap();

  pid_t pid_;
  asio::posix::stream_descriptor process_;
};

}  // namespace gladhand
