#include "sys/command.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <asio/use_awaitable.hpp>
#include <cerrno>
#include <system_error>
#include <utility>

#include "sys/poll_until.hpp"

namespace gladhand {

void CommandGroup::end() {
  for (const pid_t leader : std::exchange(leaders_, {})) ::kill(-leader, SIGTERM);
}

Result<std::unique_ptr<Command>> Command::start(asio::io_context& loop,
                                                const std::vector<std::string>& words,
                                                const Environment& environment,
                                                int output,
                                                std::shared_ptr<CommandGroup> group) {
  const UniqueFd nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
  // Its standard output is never ours: ssh reads that.
  auto process = start_process(words,
                               {.in = nothing.get(),
                                .out = output,
                                .leads_group = group != nullptr,
                                .environment = environment,
                                .life = ProcessSetup::Life::ours});
  if (!process) return process.error();
  return std::unique_ptr<Command>(new Command(loop, std::move(*process), std::move(group)));
}

Command::Command(asio::io_context& loop, Process process, std::shared_ptr<CommandGroup> group)
    : pid_(process.pid), group_(std::move(group)), process_(loop, process.ended.release()) {
  if (group_) group_->leaders_.push_back(pid_);
}

Command::~Command() {
  if (pid_ <= 0) return;
  ::kill(group_ ? -pid_ : pid_, SIGTERM);
  if (group_) std::erase(group_->leaders_, pid_);
}

void Command::async_wait(std::function<void(int)> on_end) {
  process_.async_wait(asio::posix::stream_descriptor::wait_read,
                      [this, on_end = std::move(on_end)](std::error_code error) {
                        if (error) return;  // ~Command gave the wait up
                        if (!is_ready(process_.native_handle(), POLLIN)) return async_wait(on_end);
                        on_end(reap());
                      });
}

asio::awaitable<int> Command::wait() {
  do co_await process_.async_wait(asio::posix::stream_descriptor::wait_read, asio::use_awaitable);
  while (!is_ready(process_.native_handle(), POLLIN));
  co_return reap();
}

int Command::reap() {
  if (group_) std::erase(group_->leaders_, pid_);
  return gladhand::reap(std::exchange(pid_, -1));
}

}  // namespace gladhand
