#include "sys/program_output.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "gladhand/error.hpp"
#include "sys/pipe.hpp"
#include "sys/poll_until.hpp"

namespace gladhand {

namespace {

constexpr std::size_t most = 1U << 20U;

// Takes what is there. False when nothing more can come, or too much has.
bool take(int fd, std::string& text) {
  char part[4096];
  for (;;) {
    const ssize_t got = ::read(fd, part, sizeof(part));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno == EAGAIN;
    if (got == 0 || text.size() > most) return false;
    text.append(part, static_cast<std::size_t>(got));
  }
}

Error ended_early(const std::string& program, ExitStatus status, const char* why) {
  return {status, in_quotes(program) + ' ' + why};
}

}  // namespace

// Its own end is waited for, not that of its pipes: it may leave a program behind that has them.
Result<ProgramOutput> run_program(const std::vector<std::string>& words,
                                  const Environment& environment,
                                  std::chrono::steady_clock::time_point deadline) {
  const UniqueFd nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
  Result<Pipe> out = make_pipe();
  if (!out) return out.error();
  Result<Pipe> err = make_pipe();
  if (!err) return err.error();
  const auto process = start_process(words,
                                     {.in = nothing.get(),
                                      .out = out->in.get(),
                                      .err = err->in.get(),
                                      .leads_group = true,
                                      .environment = environment,
                                      .life = ProcessSetup::Life::ours});
  if (!process) return process.error();
  out->in = UniqueFd();
  err->in = UniqueFd();
  ProgramOutput result;
  std::array<pollfd, 3> entries{{{process->ended.get(), POLLIN, 0},
                                 {out->out.get(), POLLIN, 0},
                                 {err->out.get(), POLLIN, 0}}};
  bool ended = false;
  while (!ended && poll_until(entries, deadline) > 0) {
    ended = entries[0].revents != 0;
    if (entries[1].fd >= 0 && !take(entries[1].fd, result.out)) entries[1].fd = -1;
    if (entries[2].fd >= 0 && !take(entries[2].fd, result.err)) entries[2].fd = -1;
    if (result.out.size() + result.err.size() > most) break;
  }
  if (!ended) ::kill(-process->pid, SIGKILL);
  result.status = reap(process->pid);
  if (ended) return result;
  if (result.out.size() + result.err.size() > most)
    return ended_early(words[0], ExitStatus::not_handed_over, "writes without an end");
  return ended_early(words[0], ExitStatus::timed_out, "does not end");
}

}  // namespace gladhand
