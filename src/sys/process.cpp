#include "sys/process.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <string_view>
#include <system_error>

#include "gladhand/error.hpp"

namespace gladhand {

namespace {

[[noreturn]] void fail(const std::string& program, int error) {
  throw Error(ExitStatus::not_handed_over,
              "cannot run " + in_quotes(program) + ": " + system_words(error));
}

// After fork(2): only what may be called there. Reports errno through `report` if exec fails.
[[noreturn]] void become(char* const* words,
                         char* const* environment,
                         const ProcessSetup& setup,
                         int report) {
  ::dup2(setup.in, STDIN_FILENO);
  ::dup2(setup.out, STDOUT_FILENO);
  ::dup2(report, STDERR_FILENO + 1);
  ::fcntl(STDERR_FILENO + 1, F_SETFD, FD_CLOEXEC);
  // A racing socket that stayed open here would keep the connection alive after ssh.
  if (::syscall(SYS_close_range, STDERR_FILENO + 2, ~0U, 0) != 0)
    for (int fd = STDERR_FILENO + 2; fd < 1024; ++fd) ::close(fd);
  if (setup.life == ProcessSetup::Life::ours) ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  ::signal(SIGPIPE, setup.on_broken_pipe);
  if (setup.blocked != nullptr) ::sigprocmask(SIG_SETMASK, setup.blocked, nullptr);
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

std::vector<std::string> merged_environment(const Environment& added) {
  const auto is_added = [&added](std::string_view variable) {
    const std::string_view name = variable.substr(0, variable.find('='));
    return std::ranges::any_of(added, [name](const auto& one) { return one.first == name; });
  };
  std::vector<std::string> variables;
  for (char** it = environ; *it != nullptr; ++it)
    if (!is_added(*it)) variables.emplace_back(*it);
  for (const auto& [name, value] : added) variables.push_back(name + '=' + value);
  return variables;
}

enum class Generation : std::uint8_t { child, grandchild };

// The child's pid. A grandchild is nobody's once the child, which ends at once, is reaped.
pid_t fork_program(const std::vector<std::string>& words,
                   const ProcessSetup& setup,
                   Generation generation) {
  std::vector<std::string> arguments = words;
  std::vector<std::string> variables = merged_environment(setup.environment);
  const std::vector<char*> argument_pointers = pointers(arguments);
  const std::vector<char*> variable_pointers = pointers(variables);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) fail(words[0], errno);
  const UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  ::signal(SIGCHLD, SIG_DFL);  // whoever ignored it before us: an end must be there to wait for
  const pid_t pid = ::fork();
  if (pid < 0) fail(words[0], errno);
  if (pid == 0) {
    if (generation == Generation::grandchild && ::fork() != 0) ::_exit(0);
    become(argument_pointers.data(), variable_pointers.data(), setup, write_end.get());
  }
  write_end = UniqueFd();
  int error = 0;
  if (::read(read_end.get(), &error, sizeof(error)) == sizeof(error)) {
    ::waitpid(pid, nullptr, 0);
    fail(words[0], error);
  }
  return pid;
}

}  // namespace

Process start_process(const std::vector<std::string>& words, const ProcessSetup& setup) {
  const pid_t pid = fork_program(words, setup, Generation::child);
  UniqueFd ended(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!ended) fail(words[0], errno);
  return {pid, std::move(ended)};
}

void start_detached_process(const std::vector<std::string>& words, const ProcessSetup& setup) {
  ::waitpid(fork_program(words, setup, Generation::grandchild), nullptr, 0);
}

void require_program(const std::string& name) {
  if (name.find('/') != name.npos) {
    if (::access(name.c_str(), X_OK) != 0) fail(name, errno);
    return;
  }
  const char* path = std::getenv("PATH");
  std::string_view rest = path != nullptr ? path : "/bin:/usr/bin";
  for (;;) {
    const std::size_t colon = std::min(rest.find(':'), rest.size());
    const std::string folder(rest.substr(0, colon));
    if (::access(((folder.empty() ? "." : folder) + '/' + name).c_str(), X_OK) == 0) return;
    if (colon == rest.size()) fail(name, ENOENT);
    rest.remove_prefix(colon + 1);
  }
}

void become_program(const std::vector<std::string>& words) {
  std::vector<std::string> arguments = words;
  ::execvp(words[0].c_str(), pointers(arguments).data());
  fail(words[0], errno);
}

std::string describe_wait_status(int status) {
  if (WIFSIGNALED(status)) return "was ended by signal " + std::to_string(WTERMSIG(status));
  return "exited with status " + std::to_string(WEXITSTATUS(status));
}

}  // namespace gladhand
