// Command: a program of the user's, run without a shell beside the dial. CommandGroup: some that
// end together.
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

/// Programs that end together, and with each whatever it has started: a script's own programs too.
class CommandGroup {
 public:
  CommandGroup() = default;
  ~CommandGroup() { end(); }

  CommandGroup(const CommandGroup&) = delete;
  CommandGroup& operator=(const CommandGroup&) = delete;

  /// Ends those that still run, at once: nothing is left to the loop.
  void end();

 private:
  friend class Command;
  std::vector<pid_t> leaders_;
};

class Command {
 public:
  /// Starts `words` with `environment` added to ours. Its standard input is empty, what it writes
  /// to its standard output goes to `output`, our stderr unless told otherwise, and it gets no
  /// other descriptor of ours. One of a `group` has no terminal to ask at. Fails as start_process
  /// does.
  static Result<std::unique_ptr<Command>> start(asio::io_context& loop,
                                                const std::vector<std::string>& words,
                                                const Environment& environment,
                                                int output = STDERR_FILENO,
                                                std::shared_ptr<CommandGroup> group = nullptr);

  /// Ends the program if it still runs. It is ended, too, when this process is.
  ~Command();

  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;

  /// Calls `on_end` with the program's wait status, from the loop.
  void async_wait(std::function<void(int)> on_end);

  /// The same as a coroutine. To be awaited once.
  asio::awaitable<int> wait();

 private:
  Command(asio::io_context& loop, Process process, std::shared_ptr<CommandGroup> group);
  int reap();

  pid_t pid_;
  std::shared_ptr<CommandGroup> group_;
  asio::posix::stream_descriptor process_;
};

}  // namespace gladhand
