// gladhand: connect to HOST and PORT, hand the socket to ssh, be gone; or stay and carry its bytes.

#include <unistd.h>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <chrono>
#include <csignal>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "apps/dial_options.hpp"
#include "apps/doctor.hpp"
#include "apps/last_words.hpp"
#include "apps/observers.hpp"
#include "apps/options.hpp"
#include "apps/routes.hpp"
#include "apps/terminal.hpp"
#include "base/duration.hpp"
#include "connect/credential_sources.hpp"
#include "connect/dial_with_retry.hpp"
#include "gladhand/error.hpp"
#include "gladhand/target.hpp"
#include "handover/choose_hand_over.hpp"
#include "handover/handover.hpp"
#include "handover/relay.hpp"
#include "report/narrator.hpp"
#include "report/verdict.hpp"
#include "report/waterfall.hpp"
#include "sys/delayed_ack.hpp"
#include "sys/file.hpp"
#include "sys/last_resort.hpp"
#include "sys/privacy.hpp"
#include "sys/process.hpp"
#include "sys/zones.hpp"

namespace gladhand {
namespace {

Target read_target(const Settings& settings) {
  Target target = read_target(host_and_port(settings));
  check_target(settings.given, target, settings.dial);
  return target;
}

// Runs the loop until the dial has ended, or nobody waits for its result any more. Where somebody
// still does, that is watched once the dial waits, too: over loopback it does not, and the loop
// needs no epoll.
RetryResult run_dial(asio::io_context& loop,
                     bool waited_for,
                     const std::function<void()>& begin_watch,
                     const Settings& settings,
                     const Target& target,
                     Alternatives routes,
                     Recorder& recorder) {
  std::optional<RetryResult> result;
  std::exception_ptr failure;
  asio::co_spawn(loop,
                 dial_with_retry(loop,
                                 target,
                                 std::make_shared<const ConnectOptions>(settings.dial),
                                 std::move(routes),
                                 settings.retry,
                                 recorder),
                 [&](std::exception_ptr error, RetryResult ended) {
                   failure = std::move(error);
                   result = std::move(ended);
                   loop.stop();
                 });
  if (waited_for) loop.poll();
  if (!loop.stopped()) {
    begin_watch();
    loop.run();
  }
  if (failure) std::rethrow_exception(failure);
  if (!result) throw receiver_gone(recorder.now());
  return std::move(*result);
}

// A timer that does not fire, a read that does not return: whatever it is, ssh is not kept.
void end_in_time(const Settings& settings, std::optional<LastResort>& last_resort) {
  constexpr Moment grace = std::chrono::seconds(2);
  const Moment allowed = longest_time(settings.retry, settings.dial.race.timeout);
  const Error late(ExitStatus::timed_out,
                   "connect to " + in_words(settings.host, settings.port) + ": no end in " +
                       to_string(allowed) + ", and this process does not get on");
  last_resort.emplace(
      allowed + grace, error_lines("gladhand", late), static_cast<int>(late.status()));
}

// ssh waits for this process: nothing that destructors could still do is worth its time.
[[noreturn]] void leave() {
  ::_exit(static_cast<int>(ExitStatus::handed_over));
}

// ssh has its connection, and waits: a file system that does not get on must not keep it.
void remember(const Settings& settings,
              std::optional<HandOver> way,
              std::optional<LastResort>& last_resort,
              Recorder& recorder) {
  constexpr std::chrono::milliseconds patience{100};
  if (!settings.dial.history) return;
  if (way == HandOver::pass)
    last_resort.emplace(patience, "", static_cast<int>(ExitStatus::handed_over));
  if (auto written = settings.dial.history->write()) recorder.record(std::move(*written));
}

Event::Body announcement(HandOver way, const Endpoint& peer, int socket) {
  const auto delayed_ack = longest_delayed_ack(socket);
  if (way == HandOver::relay) return RelayStarted{peer, delayed_ack};
  return HandedOver{peer, delayed_ack};
}

bool may_know_passwords(const Settings& settings) {
  return settings.dial.route.has_proxies() || has_proxies(settings.routes);
}

void forget_passwords(Route& route) {
  route = {};
  forget_environment_login();
}

// A relay stays for hours, runs no program and asks for no password any more.
RelayEnd carry(UniqueFd server, const Target& target) {
  forbid_dumps();
  forbid_new_privileges();
  return relay(
      std::move(server), STDIN_FILENO, STDOUT_FILENO, in_words(target.host, target.service));
}

// What each of several ways said, without what all of them would begin with.
Error why_no_route(const std::vector<FailedAlternative>& failed,
                   const Target& target,
                   NameServers servers) {
  const std::string beginning = "connect to " + in_words(target.host, target.service) + ": ";
  std::string text;
  std::string hint;
  for (const FailedAlternative& it : failed) {
    const Error error = verdict(it.failure, it.target, it.duration, 1, servers);
    const std::string_view whole = error.what();
    text += (text.empty() ? beginning : "; ");
    text += whole.starts_with(beginning)
                ? printable(it.text) + ": " + std::string(whole.substr(beginning.size()))
                : std::string(whole);
    if (hint.empty()) hint = error.hint();
  }
  return {exit_status(failed.back().failure), text, hint};
}

Error why_not(const DialFailure& failure,
              const RetryResult& dials,
              const Target& target,
              const NameOptions& names) {
  const NameServers servers =
      names.dns_servers.empty() ? NameServers::of_resolv_conf : NameServers::given;
  if (!dials.failed.empty()) return why_no_route(dials.failed, target, servers);
  return verdict(failure, target, dials.last_duration, dials.dials, servers);
}

// `way` is empty for --explain.
[[noreturn]] void connect(Settings& settings,
                          const Target& target,
                          Alternatives routes,
                          std::optional<HandOver> way,
                          std::optional<LastResort>& last_resort,
                          Observers& observers,
                          Recorder& recorder) {
  const bool raced = routes.order == RouteOrder::race && !routes.list.empty();
  std::optional<asio::io_context> loop(std::in_place, 1);
  std::optional<HangupWatch> watch;
  const auto begin_watch = [&] {
    if (way) watch.emplace(*loop, STDOUT_FILENO, [&loop] { loop->stop(); });
  };
  const bool waited_for = way && !has_hung_up(STDOUT_FILENO);
  RetryResult dials =
      run_dial(*loop, waited_for, begin_watch, settings, target, std::move(routes), recorder);
  auto* connection = std::get_if<DialConnection>(&dials.last);
  if (way == HandOver::pass && !settings.hand_over && has_spoken(STDIN_FILENO))
    way = HandOver::relay;
  if (connection != nullptr && way == HandOver::pass) {
    const auto until = recorder.began() + settings.dial.race.timeout;
    pass_descriptor(STDOUT_FILENO, connection->socket.get(), until);
    observers.stop_waiting();
  }
  if (connection != nullptr) remember(settings, way, last_resort, recorder);
  if (connection != nullptr && way == HandOver::pass && !recorder && !raced) leave();
  if (connection != nullptr && raced) {  // ways that have lost end, with their sockets and programs
    watch.reset();
    connection->deferred_teardown.reset();
    loop.reset();
  }
  if (connection != nullptr && way) {
    observers.stop_waiting();
    recorder.record(announcement(*way, connection->peer, connection->socket.get()));
  }
  if (connection != nullptr) recorder.end();
  if (settings.explain) print(draw_waterfall(observers.events(), output_canvas()));
  if (connection == nullptr)
    throw why_not(std::get<DialFailure>(dials.last), dials, target, settings.dial.names);
  if (way == HandOver::relay) {
    watch.reset();
    last_resort.reset();
    forget_passwords(settings.dial.route);
    wipe_dead_stack();
    const RelayEnd carried = carry(std::move(connection->socket), target);
    recorder.record(RelayEnded{carried.sent, carried.received});
    if (carried.failure) throw Error(*carried.failure);
  }
  leave();
}

void check_machine(ConnectOptions& options, const Target& target) {
  if (target.kind != Target::Kind::internet) return;
  const bool is_direct = options.route.proxies_for(target).empty();
  if (is_direct && target.literal) options.names.families = {*target.literal->family()};
  check_machine(options);
}

// What this machine would refuse is refused before any traffic.
void check_machine(Settings& settings, const Target& target, Alternatives& routes) {
  if (!settings.retry.on_slow.empty())
    if (const auto missing = missing_program(settings.retry.on_slow.front())) throw Error(*missing);
  if (routes.list.empty()) check_machine(settings.dial, target);
  for (Alternative& route : routes.list)
    if (route.command.empty()) check_machine(route.options, route.target);
}

// They may be sudo, or fwknop; the system's own getent(1) needs no privilege.
bool names_programs(const Settings& settings) {
  return has_proxies(settings.routes) || has_commands(settings.routes) ||
         !settings.dial.before.empty() || !settings.retry.on_slow.empty() ||
         !settings.dial.names.command.empty() || settings.dial.route.has_proxies();
}

[[noreturn]] void run(Settings settings) {
  std::optional<LastResort> last_resort;
  end_in_time(settings, last_resort);
  Observers observers(settings);
  observers.tell_rules(settings.explanation);
  Recorder recorder(observers.sink());
  try {
    const Target target = read_target(settings);
    std::optional<HandOver> way;
    if (!settings.explain) {
      way = choose_hand_over(STDIN_FILENO, STDOUT_FILENO, settings.hand_over);
      keep_text_off(STDOUT_FILENO);
    }
    Alternatives routes = read_routes(settings, host_and_port(settings));
    check_machine(settings, target, routes);
    if (settings.explain && !settings.explanation.empty()) print(settings.explanation + '\n');
    if (may_know_passwords(settings)) wipe_dead_stack();
    connect(settings, target, std::move(routes), way, last_resort, observers, recorder);
  } catch (const std::exception& error) {
    const Error told = to_error(error);
    recorder.end(DialFailure{told});
    observers.log(told);
    throw;
  }
}

// Whoever does not read our stderr must not keep us. As long as nobody knows better, a picture that
// was asked for included, stdout is ssh's.
int fail(const Error& error, bool quiet, bool may_tell) {
  constexpr std::chrono::milliseconds patience{100};
  if (may_tell || !text_reaches(STDOUT_FILENO))
    write_in_time(STDERR_FILENO, error_lines("gladhand", error, quiet), patience);
  return static_cast<int>(error.status());
}

}  // namespace
}  // namespace gladhand

int main(int argc, char** argv) {
  using namespace gladhand;
  end_in_order("gladhand");
  use_system_zones();
  take_environment_login();
  std::signal(SIGPIPE, SIG_IGN);  // a reader that has gone is an error of its own, not the end
  bool quiet = false;
  bool may_tell = false;  // stderr is not what the connection is passed over
  try {
    open_standard_descriptors();
    Settings settings = parse_command_line(argc, argv);
    quiet = settings.quiet;
    may_tell = settings.doctor;
    if (settings.doctor && settings.answer.empty()) return static_cast<int>(run_doctor(settings));
    if (may_know_passwords(settings)) {
      hide_secrets(argc, argv, "--proxy-header");
      wipe_dead_stack();
      forbid_dumps();
    }
    if (!names_programs(settings)) forbid_new_privileges();
    if (!settings.explain && settings.answer.empty() && text_reaches(STDOUT_FILENO))
      keep_text_off(STDOUT_FILENO);
    may_tell = settings.explain || settings.answer.empty();
    if (settings.answer.empty()) run(std::move(settings));
    print(settings.answer);
    return static_cast<int>(ExitStatus::handed_over);
  } catch (const std::exception& error) {
    return fail(to_error(error), quiet, may_tell);
  }
}
