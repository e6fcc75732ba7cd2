#include "connect/command_route.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "base/words.hpp"
#include "dial/hear.hpp"
#include "dns/target_environment.hpp"
#include "gladhand/error.hpp"
#include "sys/environment.hpp"
#include "sys/poll_until.hpp"
#include "sys/process.hpp"

namespace gladhand {

namespace {

using Clock = std::chrono::steady_clock;

struct SocketPair {
  UniqueFd ours;
  UniqueFd theirs;
};

std::optional<SocketPair> make_pair_of_sockets() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return std::nullopt;
  SocketPair pair{UniqueFd(ends[0]), UniqueFd(ends[1])};
  ::fcntl(ends[0], F_SETFL, O_RDWR | O_NONBLOCK);  // of this end alone
  return pair;
}

// The targets whose commands have led to this process: "db.example:22 gate.example:22".
constexpr const char* led_here = "GLADHAND_ROUTES_TO";
constexpr std::size_t most_in_a_row = 16;

std::string with_port(const Target& target) {
  return target.host + ':' +
         (target.service.empty() ? std::to_string(target.port) : target.service);
}

// A bastion whose own route is through the bastion would start commands without end.
std::string why_endless(const Target& target) {
  const std::string text = environment_variable({led_here}).value_or("");
  const std::vector<std::string_view> targets = split_words(text);
  if (std::ranges::find(targets, with_port(target)) != targets.end())
    return "it runs for this host already: leave the host out of the rule, as in match.host = "
           "\"*,!" +
           printable(target.host) + '"';
  if (targets.size() >= most_in_a_row) return "too many commands have led here, one from the other";
  return "";
}

Environment environment_for(const Target& target) {
  Environment environment = target_environment(target);
  std::string targets = environment_variable({led_here}).value_or("");
  targets += (targets.empty() ? "" : " ") + with_port(target);
  environment.emplace_back(led_here, std::move(targets));
  return environment;
}

Result<Process> start_beside(const std::vector<std::string>& words, int fd, const Target& target) {
  return start_process(words, {.in = fd, .out = fd, .environment = environment_for(target)});
}

Configured announcement(const Target& target, const std::string& peer, Moment timeout) {
  Configured event{};
  event.host = target.host;
  event.service = target.service;
  event.through = peer;
  event.timeout = timeout;
  event.origin = "command";
  return event;
}

Endpoint nameless_peer() {
  const sockaddr peer{.sa_family = AF_UNIX, .sa_data = {}};
  return {&peer, sizeof(peer.sa_family)};
}

// A program that is ended with this, unless it is kept.
class Program {
 public:
  explicit Program(Process process) : process_(std::move(process)) {}
  ~Program() {
    if (process_.pid > 0) ::kill(process_.pid, SIGTERM);
  }

  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  void keep() { process_.pid = -1; }

  // One that has closed its output ends at once, as a rule; its status says more.
  std::string ending() {
    pollfd ended{process_.ended.get(), POLLIN, 0};
    if (poll_until({&ended, 1}, Clock::now() + std::chrono::milliseconds(50)) <= 0) return "";
    return "it " + describe_wait_status(reap(std::exchange(process_.pid, -1)));
  }

 private:
  Process process_;
};

}  // namespace

asio::awaitable<DialResult> run_command_route(Target target,
                                              std::vector<std::string> words,
                                              std::shared_ptr<const DialOptions> options,
                                              Clock::time_point deadline,
                                              Recorder& recorder) {
  const std::string peer = in_quotes(words.front());
  const std::string asked_for = in_words(target.host, target.service);
  recorder.begin();
  recorder.record(announcement(target, peer, options->race.timeout));
  const auto fail = [&](ExitStatus status, const std::string& why) {
    DialFailure failure{Error(status, "connect to " + asked_for + ": " + peer + ": " + why)};
    recorder.record(HandshakeFinished{peer, why});
    recorder.end(failure);
    return failure;
  };
  recorder.record(HandshakeStarted{peer, asked_for});
  if (const std::string why = why_endless(target); !why.empty())
    co_return fail(ExitStatus::proxy_failed, why);
  auto pair = make_pair_of_sockets();
  if (!pair) co_return fail(ExitStatus::not_handed_over, system_words(errno));
  Result<Process> process = start_beside(words, pair->theirs.get(), target);
  if (!process) co_return fail(ExitStatus::not_handed_over, process.error().what());
  Program program(std::move(*process));
  pair->theirs = UniqueFd();
  const FirstWords wanted = options->attempt.until.value_or(FirstWords{});
  const std::error_code heard = co_await wait_for_first_words(pair->ours.get(), wanted, deadline);
  if (!heard) {
    program.keep();
    recorder.record(HandshakeFinished{peer, ""});
    co_return DialConnection{std::move(pair->ours), nameless_peer(), {}};
  }
  pair->ours = UniqueFd();
  std::string why = why_unheard(heard, options->race.timeout);
  if (heard == std::errc::timed_out) co_return fail(ExitStatus::timed_out, why);
  if (const std::string ending = program.ending(); !ending.empty())
    why = heard == Unheard::closed ? ending : why + ", and " + ending;
  co_return fail(ExitStatus::proxy_failed, why);
}

}  // namespace gladhand
