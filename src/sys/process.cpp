#include "sys/process.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <system_error>
#include <thread>

#include "gladhand/error.hpp"

namespace gladhand {

namespace {

constexpr int report_fd = STDERR_FILENO + 1;

Error cannot_run(const std::string& program, int error) {
  return {ExitStatus::not_handed_over,
          "cannot run " + in_quotes(program) + ": " + system_words(error)};
}

// Where close_range(2) is missing, the bound of open descriptors has to do.
void close_from(int first) {
  if (::syscall(SYS_close_range, first, ~0U, 0) == 0) return;
  constexpr rlim_t most = 1U << 20U;
  rlimit limit{most, most};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const auto end = static_cast<int>(std::min(limit.rlim_cur, most));
  for (int fd = first; fd < end; ++fd) ::close(fd);
}

[[noreturn]] void give_up(int report, int error) {
  while (::write(report, &error, sizeof(error)) < 0 && errno == EINTR) {
  }
  ::_exit(127);
}

// After fork(2): only what may be called there. Reports errno through `report` if exec fails.
[[noreturn]] void become(char* const* words,
                         char* const* environment,
                         const ProcessSetup& setup,
                         pid_t parent,
                         int report) {
  // Our own standard output is ssh's: a program that would get it is not started.
  if (::dup2(setup.in, STDIN_FILENO) < 0 || ::dup2(setup.out, STDOUT_FILENO) < 0)
    give_up(report, errno);
  if (setup.err >= 0 && ::dup2(setup.err, STDERR_FILENO) < 0) give_up(report, errno);
  if (report != report_fd) {
    if (::dup2(report, report_fd) < 0) give_up(report, errno);
    ::fcntl(report_fd, F_SETFD, FD_CLOEXEC);
  }
  // A racing socket that stayed open here would keep the connection alive after ssh.
  close_from(report_fd + 1);
  if (setup.leads_group) ::setpgid(0, 0);
  if (setup.life == ProcessSetup::Life::ours) {
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != parent) ::_exit(127);  // it has ended before that was set
  }
  ::signal(SIGPIPE, setup.on_broken_pipe);
  ::signal(SIGXFSZ, SIG_DFL);
  if (setup.blocked != nullptr) ::sigprocmask(SIG_SETMASK, setup.blocked, nullptr);
  ::execvpe(words[0], words, environment);
  give_up(report_fd, errno);
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
Result<pid_t> fork_program(const std::vector<std::string>& words,
                           const ProcessSetup& setup,
                           Generation generation) {
  std::vector<std::string> arguments = words;
  std::vector<std::string> variables = merged_environment(setup.environment);
  const std::vector<char*> argument_pointers = pointers(arguments);
  const std::vector<char*> variable_pointers = pointers(variables);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return cannot_run(words[0], errno);
  const UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  ::signal(SIGCHLD, SIG_DFL);  // whoever ignored it before us: an end must be there to wait for
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return cannot_run(words[0], errno);
  if (pid == 0) {
    if (generation == Generation::grandchild) {
      const pid_t grandchild = ::fork();
      if (grandchild < 0) give_up(write_end.get(), errno);
      if (grandchild > 0) ::_exit(0);
    }
    become(argument_pointers.data(), variable_pointers.data(), setup, parent, write_end.get());
  }
  write_end = UniqueFd();
  int error = 0;
  ssize_t got = 0;
  do got = ::read(read_end.get(), &error, sizeof(error));
  while (got < 0 && errno == EINTR);
  if (got == 0) return pid;
  if (got < 0) {
    error = errno;
    ::kill(pid, SIGKILL);
  }
  reap(pid);
  return cannot_run(words[0], error);
}

// A descriptor that is readable once the child has ended, where the kernel has no pidfd_open(2) or
// a filter forbids it: a thread waits for the end, and leaves the child to whoever reaps it.
UniqueFd end_by_thread(pid_t pid) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return {};
  UniqueFd ended(ends[0]);
  auto told = std::make_shared<UniqueFd>(ends[1]);
  try {
    std::thread([pid, told] {
      siginfo_t info{};
      while (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) < 0 &&
             errno == EINTR) {
      }
    }).detach();
  } catch (const std::system_error& error) {
    errno = error.code().value();
    return {};
  }
  return ended;
}

}  // namespace

int reap(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

Result<Process> start_process(const std::vector<std::string>& words, const ProcessSetup& setup) {
  const Result<pid_t> pid = fork_program(words, setup, Generation::child);
  if (!pid) return pid.error();
  UniqueFd ended(static_cast<int>(::syscall(SYS_pidfd_open, *pid, 0)));
  if (!ended) ended = end_by_thread(*pid);
  if (!ended) {
    const int error = errno;
    ::kill(*pid, SIGKILL);
    reap(*pid);
    return cannot_run(words[0], error);
  }
  return Process{*pid, std::move(ended)};
}

std::optional<Error> start_detached_process(const std::vector<std::string>& words,
                                            const ProcessSetup& setup) {
  const Result<pid_t> pid = fork_program(words, setup, Generation::grandchild);
  if (!pid) return pid.error();
  reap(*pid);
  return std::nullopt;
}

std::optional<Error> missing_program(const std::string& name) {
  if (name.find('/') != name.npos) {
    if (::access(name.c_str(), X_OK) != 0) return cannot_run(name, errno);
    return std::nullopt;
  }
  const char* path = std::getenv("PATH");
  std::string_view rest = path != nullptr ? path : "/bin:/usr/bin";
  for (;;) {
    const std::size_t colon = std::min(rest.find(':'), rest.size());
    const std::string folder(rest.substr(0, colon));
    if (::access(((folder.empty() ? "." : folder) + '/' + name).c_str(), X_OK) == 0)
      return std::nullopt;
    if (colon == rest.size()) return cannot_run(name, ENOENT);
    rest.remove_prefix(colon + 1);
  }
}

Error become_program(const std::vector<std::string>& words) {
  std::vector<std::string> arguments = words;
  ::execvp(words[0].c_str(), pointers(arguments).data());
  return cannot_run(words[0], errno);
}

std::string describe_wait_status(int status) {
  if (WIFSIGNALED(status)) return "was ended by signal " + std::to_string(WTERMSIG(status));
  return "exited with status " + std::to_string(WEXITSTATUS(status));
}

}  // namespace gladhand
