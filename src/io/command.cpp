#include "command.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "gladhand/error.hpp"
#include "unique_fd.hpp"

namespace gladhand {

namespace {

[[noreturn]] void fail(const std::string& program, int error) {
  throw Error(ExitStatus::not_handed_over,
              "cannot run " + in_quotes(program) + ": " + system_words(error));
}

// After fork(2): only what may be called there. Reports errno through `report` if exec fails.
[[noreturn]] void become(char* const* words, char* const* environment, int output, int report) {
  const int nothing = ::open("/dev/null", O_RDWR);
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);  // never ours: ssh reads it
  ::dup2(report, STDERR_FILENO + 1);
  ::fcntl(STDERR_FILENO + 1, F_SETFD, FD_CLOEXEC);
  // A racing socket that stayed open here would keep the connection alive after ssh.
  if (::syscall(SYS_close_range, STDERR_FILENO + 2, ~0U, 0) != 0)
    for (int fd = STDERR_FILENO + 2; fd < 1024; ++fd) ::close(fd);
  ::signal(SIGPIPE, SIG_DFL);  // ssh starts us with it ignored
  ::execvpe(words[0], words, environment);
  const int error = errno;
  [[maybe_unused]] const ssize_t told = ::write(STDERR_FILENO + 1, &error, sizeof(error));
  ::_exit(127);
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> result;
  result.reserve(words.size() + 1);
  for (std::string& word : words) result.push_back(word.data());
  result.push_back(nullptr);
  return result;
}

std::vector<std::string> merged_environment(const Command::Environment& added) {
  std::vector<std::string> variables;
  for (char** it = environ; *it != nullptr; ++it) variables.emplace_back(*it);
  for (const auto& [name, value] : added) variables.push_back(name + '=' + value);
  return variables;
}

}  // namespace

Command::Command(asio::io_context& loop,
                 const std::vector<std::string>& words,
                 const Environment& environment,
                 int output)
    : process_(loop) {
  std::vector<std::string> arguments = words;
  std::vector<std::string> variables = merged_environment(environment);
  const std::vector<char*> argument_pointers = pointers(arguments);
  const std::vector<char*> variable_pointers = pointers(variables);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) fail(words[0], errno);
  const UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  const pid_t pid = ::fork();
  if (pid < 0) fail(words[0], errno);
  if (pid == 0) become(argument_pointers.data(), variable_pointers.data(), output, write_end.get());
  write_end = UniqueFd();
  int error = 0;
  if (::read(read_end.get(), &error, sizeof(error)) == sizeof(error)) {
    ::waitpid(pid, nullptr, 0);
    fail(words[0], error);
  }
  const auto process = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (process < 0) fail(words[0], errno);
  pid_ = pid;
  process_.assign(process);
}

Command::~Command() {
  if (pid_ > 0) ::kill(pid_, SIGTERM);
}

void Command::async_wait(std::function<void(int)> on_end) {
  process_.async_wait(asio::posix::stream_descriptor::wait_read,
                      [this, on_end = std::move(on_end)](std::error_code error) {
                        if (error) return;  // this is gone
                        int status = 0;
                        ::waitpid(pid_, &status, 0);
                        pid_ = -1;
                        on_end(status);
                      });
}

std::string describe_wait_status(int status) {
  if (WIFSIGNALED(status)) return "was ended by signal " + std::to_string(WTERMSIG(status));
  return "exited with status " + std::to_string(WEXITSTATUS(status));
}

}  // namespace gladhand
