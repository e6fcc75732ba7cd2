#include "handover/receive.hpp"

#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "base/duration.hpp"
#include "gladhand/error.hpp"
#include "handover/rights.hpp"
#include "sys/poll_until.hpp"
#include "sys/process.hpp"
#include "sys/signal_guard.hpp"

namespace gladhand {

namespace {

using Clock = std::chrono::steady_clock;
using Deadline = std::optional<Clock::time_point>;

// For what should follow at once: the rest of a text, an exit after a close, an end after SIGTERM.
constexpr std::chrono::seconds grace{1};
constexpr std::size_t longest_text = 200;

constexpr const char* byte_hint =
    "exactly one byte goes with the descriptor; text belongs on standard error";
constexpr const char* relay_hint =
    "that is a server speaking: COMMAND carries bytes instead of passing its socket (nc needs -F)";

Error wrong(const std::string& message, const char* hint = "") {
  return {ExitStatus::not_handed_over, message, hint};
}

// The command, from its start to its end.
class Child {
 public:
  explicit Child(Process process) : process_(std::move(process)) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (status_) return;
    ::kill(process_.pid, SIGTERM);
    pollfd end{process_.ended.get(), POLLIN, 0};
    if (poll_until({&end, 1}, Clock::now() + grace) <= 0) ::kill(process_.pid, SIGKILL);
    reap();
  }

  // For poll(2): -1 once it has been reaped.
  int ended() const { return status_ ? -1 : process_.ended.get(); }
  std::optional<int> status() const { return status_; }

  void reap() { status_ = gladhand::reap(process_.pid); }

 private:
  Process process_;
  std::optional<int> status_;  // of waitpid(2)
};

std::pair<UniqueFd, UniqueFd> socket_pair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    throw std::system_error(errno, std::generic_category(), "socketpair");
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

class Reception {
 public:
  Reception(const std::vector<std::string>& command,
            std::optional<std::chrono::microseconds> timeout)
      : Reception(command, timeout, socket_pair()) {}

  Received run() {
    UniqueFd descriptor = take_descriptor();
    ::shutdown(socket_.get(), SHUT_WR);  // ssh closes its end here; ours stays to see what follows
    await_end();
    return {std::move(descriptor), *command_.status()};
  }

 private:
  Reception(const std::vector<std::string>& command,
            std::optional<std::chrono::microseconds> timeout,
            std::pair<UniqueFd, UniqueFd> ends)
      : timeout_(timeout),
        socket_(std::move(ends.first)),
        command_(start_process(command,
                               {.in = ends.second.get(),
                                .out = ends.second.get(),
                                .on_broken_pipe = SIG_IGN,  // as ssh leaves it
                                .blocked = &guard_.blocked_before()})
                     .or_throw()) {
    if (timeout_) deadline_ = Clock::now() + *timeout_;
  }

  // Waits until the socket has something, the command has ended (and reaps it), or the deadline.
  // False for the deadline.
  bool wait(Deadline deadline) {
    std::array<pollfd, 3> sources = {pollfd{stream_ended_ ? -1 : socket_.get(), POLLIN, 0},
                                     pollfd{command_.ended(), POLLIN, 0},
                                     pollfd{guard_.arrival(), POLLIN, 0}};
    const int ready = poll_until(sources, deadline);
    if (ready < 0) throw std::system_error(errno, std::generic_category(), "poll");
    // Unwinding ends the command, and at last the guard lets the signal through.
    if (sources[2].revents != 0) throw std::runtime_error("ended by a signal");
    if (ready > 0 && sources[1].revents != 0) command_.reap();
    return ready != 0;
  }

  RightsMessage read(std::size_t most) {
    RightsMessage message = read_with_rights(socket_.get(), most);
    stream_ended_ = message.ended;
    return message;
  }

  // One byte, as ssh: with more, text before a descriptor would look like text with one.
  UniqueFd take_descriptor() {
    RightsMessage message;
    while (message.bytes.empty() && !message.ended) {
      if (!wait(deadline_)) throw nothing_in_time();
      message = read(1);
    }
    if (message.ended) throw nothing_passed();
    if (message.descriptors_lost)
      throw wrong("COMMAND passed a descriptor, but this process may open no more");
    if (message.descriptors.empty()) throw text_passed(std::move(message.bytes));
    if (message.descriptors.size() > 1)
      throw wrong("COMMAND passed " + std::to_string(message.descriptors.size()) +
                  " descriptors at once, not one");
    return std::move(message.descriptors.front());
  }

  // What the command does after its descriptor and before its end is seen in full: it has been
  // written by the time that it has ended.
  void await_end() {
    for (;;) {
      const bool ended = command_.status().has_value();
      if (!stream_ended_) refuse_more(read(longest_text));
      if (ended) return;
      if (!wait(deadline_))
        throw Error(ExitStatus::timed_out,
                    "COMMAND passed a descriptor, but still runs after " + to_string(*timeout_),
                    "ssh waits for the end of its ProxyCommand, without a limit");
    }
  }

  static void refuse_more(const RightsMessage& message) {
    if (!message.descriptors.empty() || message.descriptors_lost)
      throw wrong("COMMAND passed a second descriptor after the first");
    if (!message.bytes.empty())
      throw wrong("COMMAND wrote " + in_quotes(message.bytes) +
                      " after the one byte that goes with its descriptor",
                  byte_hint);
  }

  Error nothing_in_time() const {
    std::string message = "COMMAND passed nothing in " + to_string(*timeout_);
    if (command_.status())
      message = "COMMAND " + describe_wait_status(*command_.status()) +
                ", and what it left running passed nothing in " + to_string(*timeout_);
    return {ExitStatus::timed_out, message};
  }

  // The stream ends a moment before the process does.
  Error nothing_passed() {
    const Clock::time_point soon = Clock::now() + grace;
    while (!command_.status() && wait(soon)) {
    }
    if (!command_.status())
      return wrong("COMMAND closed its standard input and output and passed nothing");
    return wrong("COMMAND " + describe_wait_status(*command_.status()) + " and passed nothing");
  }

  // Byte for byte: the kernel would join the end of the text with a descriptor's byte.
  Error text_passed(std::string text) {
    const Clock::time_point soon = Clock::now() + grace;
    while (!stream_ended_ && text.size() < longest_text) {
      const RightsMessage more = read(1);
      if (!more.descriptors.empty())
        return wrong("COMMAND wrote " + in_quotes(text) + " before its descriptor", byte_hint);
      text += more.bytes;
      if (more.bytes.empty() && !wait(soon)) break;
    }
    if (text.starts_with("SSH-"))
      return wrong("COMMAND wrote " + in_quotes(text) + " and no descriptor", relay_hint);
    if (text.size() == 1)
      return wrong("COMMAND wrote one byte, " + in_quotes(text) + ", without a descriptor");
    return wrong("COMMAND wrote " + in_quotes(text) + " and no descriptor", byte_hint);
  }

  SignalGuard guard_;  // first, so that it goes last
  std::optional<std::chrono::microseconds> timeout_;
  Deadline deadline_;
  UniqueFd socket_;
  bool stream_ended_ = false;
  Child command_;
};

}  // namespace

Received receive(const std::vector<std::string>& command,
                 std::optional<std::chrono::microseconds> timeout) {
  return Reception(command, timeout).run();
}

}  // namespace gladhand
