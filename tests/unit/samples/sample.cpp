// Samples out of events, figures and sentences out of samples, judgements out of figures.
#include <doctest/doctest.h>

#include <cerrno>
#include <string>
#include <system_error>
#include <vector>

#include "gladhand/error.hpp"
#include "names/host_and_port.hpp"
#include "samples/bench_mode.hpp"
#include "samples/bench_verdict.hpp"
#include "samples/best_family.hpp"
#include "samples/groups.hpp"
#include "samples/headline.hpp"
#include "samples/host_list.hpp"
#include "samples/sample_builder.hpp"
#include "samples/threshold.hpp"
#include "samples/versions.hpp"

using namespace gladhand;
using namespace std::chrono_literals;

namespace {

constexpr Family AAAA = Family::ipv6;
constexpr Family A = Family::ipv4;

Endpoint at(std::string_view address) {
  return parse_address(address, 22).value();
}

std::error_code error(int number) {
  return {number, std::system_category()};
}

const Endpoint six = at("2001:db8::1");
const Endpoint four = at("192.0.2.1");

AnswerReceived answer(Family family, const Endpoint& endpoint) {
  return {family, AnswerStatus::addresses, {{endpoint, {}}}};
}

// Both questions, IPv6 silent, IPv4 connects 30 ms after its start.
std::vector<Event> fallback() {
  return {
      {0ms, DialStarted{{AAAA, A}, {}}},
      {0ms, SendQuery{AAAA}},
      {1ms, SendQuery{A}},
      {12ms, AnswerReceived{answer(A, four)}},
      {20ms, AnswerReceived{answer(AAAA, six)}},
      {20ms, StartAttempt{1, six, StartReason::preferred_family_known}},
      {270ms, StartAttempt{0, four, StartReason::connection_attempt_delay_over}},
      {300ms, Connected{0}},
      {300ms, CancelAttempt{1, CancelReason::lost}},
      {300ms, Finish{Outcome::connected, 0, {}, {}}},
      {301ms, Connected{1}},
      {301ms, CancelAttempt{1, CancelReason::lost}},
  };
}

std::vector<Event> ended(Outcome outcome, std::vector<Event> before) {
  const Moment last = before.empty() ? Moment{} : before.back().at;
  const Finish finish{outcome, 0, {}, {}};
  before.push_back({last, finish});
  before.push_back({last, DialEnded{DialFailure{LostRace{finish, ""}}}});
  return before;
}

std::vector<Event> failed(std::vector<int> errors) {
  std::vector<Event> events;
  AttemptId id = 0;
  for (const int number : errors) {
    events.push_back({Moment(id * 1000), StartAttempt{id, six, StartReason::attempt_failed}});
    events.push_back({Moment(id * 1000 + 500), AttemptFailed{id, error(number)}});
    ++id;
  }
  return ended(Outcome::all_attempts_failed, std::move(events));
}

DialEnded ended(ExitStatus status, const std::string& text) {
  return {DialFailure{Error(status, text)}};
}

struct Run {
  HostSamples host{.host = "db.example", .port = "22"};

  explicit Run(std::vector<std::string> modes = {"race"}) {
    for (std::string& mode : modes) host.modes.push_back({.mode = std::move(mode)});
  }

  SampleBuilder builder{};
  void add(const std::vector<Event>& events, std::size_t mode = 0, SampleFrame frame = {}) {
    builder.begin();
    for (const Event& event : events) builder.take(event);
    if (!std::holds_alternative<DialEnded>(events.back().body))
      builder.take({events.back().at, DialEnded{}});
    builder.store(frame, host, host.modes[mode]);
  }
  const Sample& last(std::size_t mode = 0) const { return host.modes[mode].samples.back(); }
  std::optional<Moment> last(Phase phase) const {
    return duration(host, host.modes[0], host.modes[0].samples.back(), phase);
  }
  std::vector<std::string> verdicts() const {
    std::vector<Summary> summaries;
    for (const ModeSamples& mode : host.modes) summaries.push_back(summarise(host, mode));
    return host_verdicts(host, summaries);
  }
};

// A dial to one address that connects after `time`, the k-th to start.
void connect(Run& run, std::size_t mode, const Endpoint& endpoint, Moment time) {
  const auto number = static_cast<std::uint32_t>(run.host.modes[mode].samples.size());
  run.add({{0ms, StartAttempt{0, endpoint, StartReason::nothing_to_wait_for}},
           {time, Connected{0}},
           {time, Finish{Outcome::connected, 0, {}, {}}}},
          mode,
          {number, number * 1s, number * 1s});
}

bool holds(const std::vector<std::string>& sentences, const std::string& part) {
  for (const std::string& sentence : sentences)
    if (sentence.find(part) != sentence.npos) return true;
  return false;
}

}  // namespace

TEST_SUITE("samples") {
  TEST_CASE("every phase of a dial is told apart") {
    Run run;
    run.add(fallback());
    CHECK(run.last().outcome == SampleOutcome::connected);
    CHECK(run.last().error == Sample::none);
    CHECK(run.last(Phase::total) == 300ms);
    CHECK(run.last(Phase::dns_aaaa) == 20ms);
    CHECK(run.last(Phase::dns_a) == 11ms);
    CHECK(run.last(Phase::connect) == 30ms);
    CHECK(run.last(Phase::connect_ipv4) == 30ms);
    CHECK_FALSE(run.last(Phase::connect_ipv6));
    CHECK_FALSE(run.last(Phase::proxy));
    CHECK_FALSE(run.last(Phase::banner));
    CHECK(run.host.address_of(run.host.modes[0], run.last()) == four);
  }

  TEST_CASE("attempts are in the order of their starts, and a loser ends when it is given up") {
    Run run;
    run.add(fallback());
    const auto attempts = run.host.modes[0].attempts_of(run.last());
    REQUIRE(attempts.size() == 2);
    CHECK(run.host.addresses[attempts[0].address] == six);
    CHECK(attempts[0].outcome == AttemptOutcome::canceled);
    CHECK(attempts[0].end == 300ms);
    CHECK(attempts[1].outcome == AttemptOutcome::success);
    CHECK(run.last().winner == 1);
  }

  TEST_CASE("a late start counts as time that was waited") {
    Run run;
    run.add(fallback(), 0, {.number = 3, .intended = 1000ms, .started = 1250ms});
    CHECK(run.last(Phase::total) == 550ms);
    CHECK(run.last(Phase::connect) == 30ms);
    CHECK(run.last().number == 3);
  }

  TEST_CASE("a question that nobody waited for has no duration") {
    Run run;
    run.add({{0ms, SendQuery{AAAA}},
             {0ms, SendQuery{A}},
             {5ms, AnswerReceived{answer(A, four)}},
             {55ms, StartAttempt{0, four, StartReason::resolution_delay_over}},
             {60ms, Connected{0}},
             {60ms, Finish{Outcome::connected, 0, {}, {}}}});
    CHECK_FALSE(run.last(Phase::dns_aaaa));
    CHECK(run.host.modes[0].queries_of(run.last())[0].end == 60ms);
    CHECK(run.last(Phase::dns_a) == 5ms);
  }

  TEST_CASE("a failure is named by its cause, and a refusal tells more than silence") {
    const auto outcome_of = [](const std::vector<Event>& events) {
      Run run;
      run.add(events);
      CHECK_FALSE(run.last(Phase::total));
      CHECK_FALSE(run.host.error_of(run.last()).empty());
      return run.last().outcome;
    };
    CHECK(outcome_of(failed({ECONNREFUSED, ECONNREFUSED})) == SampleOutcome::refused);
    CHECK(outcome_of(failed({ENETUNREACH, ECONNREFUSED})) == SampleOutcome::refused);
    CHECK(outcome_of(failed({ENETUNREACH, EHOSTUNREACH})) == SampleOutcome::unreachable);
    CHECK(outcome_of(failed({ETIMEDOUT})) == SampleOutcome::timed_out);
    CHECK(outcome_of(failed({ECONNREFUSED, EPROTO})) == SampleOutcome::failed);
    CHECK(outcome_of(ended(Outcome::timed_out, {})) == SampleOutcome::timed_out);
    CHECK(outcome_of(ended(Outcome::no_address, {})) == SampleOutcome::no_address);
  }

  TEST_CASE("an error of the dial itself is a sample with its text") {
    Run run;
    run.add({{3ms, ended(ExitStatus::not_handed_over, "no descriptors")}});
    CHECK(run.last().outcome == SampleOutcome::ours);
    CHECK(run.host.error_of(run.last()) == "no descriptors");
    CHECK(run.last().end() == 3ms);
    run.add({{3s, ended(ExitStatus::timed_out, "--before has not ended")}});
    CHECK(run.last().outcome == SampleOutcome::timed_out);
    run.add({{3ms, ended(ExitStatus::no_address, "no such machine")}});
    CHECK(run.last().outcome == SampleOutcome::no_address);
  }

  TEST_CASE("a dial that connected to a proxy, and got no further, is no connection") {
    Run run;
    const Finish nowhere{Outcome::no_address, 0, {}, {}};
    run.add({{0ms, StartAttempt{0, six, StartReason::nothing_to_wait_for}},
             {5ms, Connected{0}},
             {5ms, Finish{Outcome::connected, 0, {}, {}}},
             {9ms, DialEnded{DialFailure{LostRace{nowhere, ""}}}}});
    CHECK(run.last().outcome == SampleOutcome::no_address);
    CHECK(run.last().winner == Sample::no_winner);
    CHECK(run.last().end() == 9ms);
    CHECK(run.host.error_of(run.last()) == "no address");
  }

  TEST_CASE("an attempt that the end of its dial gave up is none that connected") {
    Run run;
    run.add({{0ms, StartAttempt{0, six, StartReason::nothing_to_wait_for}},
             {5ms, CancelAttempt{0, CancelReason::abandoned}},
             {5ms, ended(ExitStatus::not_handed_over, "--bind 192.0.2.9: gone")}});
    CHECK(run.host.modes[0].attempts_of(run.last())[0].outcome == AttemptOutcome::canceled);
    CHECK(run.host.modes[0].attempts_of(run.last())[0].end == 5ms);
    CHECK(run.last().winner == Sample::no_winner);
  }

  TEST_CASE("the first line of a server is a phase; turned away is not connected") {
    const auto with_banner = [](const BannerResult& result) {
      Run run;
      run.builder.begin();
      for (const Event& event : fallback()) run.builder.take(event);
      run.builder.take({302ms, DialEnded{}});
      run.builder.set_banner(result);
      run.builder.store({}, run.host, run.host.modes[0]);
      return run;
    };
    using enum BannerResult::Kind;
    const Run good = with_banner({line, "SSH-2.0-x", 340ms});
    CHECK(good.last(Phase::banner) == 40ms);
    CHECK(good.last(Phase::total) == 340ms);
    CHECK(with_banner({line, "Not allowed at this time", 340ms}).last().outcome ==
          SampleOutcome::penalised);
    CHECK(with_banner({line, "Exceeded MaxStartups", 340ms}).last().outcome ==
          SampleOutcome::penalised);
    CHECK(good.host.first_line_of(good.last()) == "SSH-2.0-x");
    const Run web = with_banner({other, "220 mail\x1b", 340ms});
    CHECK(web.last().outcome == SampleOutcome::failed);
    CHECK(web.host.error_of(web.last()).starts_with("no SSH server: '220 mail"));
    CHECK_FALSE(web.last(Phase::banner));
    CHECK(with_banner({closed, "", 340ms}).last().outcome == SampleOutcome::closed);
    CHECK(with_banner({timed_out, "", 30s}).last().outcome == SampleOutcome::timed_out);
  }

  TEST_CASE("handshakes are a phase, and a second race goes on where the first ended") {
    Run run;
    run.add({{0ms, Configured{}},
             {0ms, StartAttempt{0, six, StartReason::nothing_to_wait_for}},
             {5ms, Connected{0}},
             {5ms, Finish{Outcome::connected, 0, {}, {}}},
             {5ms, HandshakeStarted{}},
             {15ms, HandshakeFinished{"", "refused"}},
             {15ms, DialEnded{}},
             {0ms, Configured{}},
             {0ms, StartAttempt{0, four, StartReason::nothing_to_wait_for}},
             {3ms, Connected{0}},
             {3ms, Finish{Outcome::connected, 0, {}, {}}},
             {3ms, HandshakeStarted{}},
             {33ms, HandshakeFinished{}}});
    CHECK(run.last(Phase::proxy) == 40ms);
    CHECK(run.last(Phase::total) == 48ms);
    CHECK(run.last(Phase::connect) == 3ms);
    REQUIRE(run.last().attempts == 2);
    CHECK(run.host.modes[0].attempts_of(run.last())[1].start == 15ms);
    CHECK(run.host.address_of(run.host.modes[0], run.last()) == four);
  }

  TEST_CASE("handshakes that fail have no time, and are told from those that led on") {
    const std::vector<Event> refused = {
        {0ms, StartAttempt{0, six, StartReason::nothing_to_wait_for}},
        {5ms, Connected{0}},
        {5ms, Finish{Outcome::connected, 0, {}, {}}},
        {5ms, HandshakeStarted{}},
        {15ms, HandshakeFinished{"", "refused"}}};
    Run run;
    std::vector<Event> whole = refused;
    whole.push_back({16ms, ended(ExitStatus::proxy_failed, "refused")});
    run.add(whole);
    CHECK_FALSE(run.last(Phase::proxy));
    CHECK_FALSE(summarise(run.host, run.host.modes[0]).phases.contains(Phase::proxy));
    const auto failed = run.host.modes[0].handshakes_of(run.last()).value();
    CHECK(failed.start == 5ms);
    CHECK(failed.end == 15ms);
    CHECK(failed.failed);

    std::vector<Event> granted = refused;
    granted.back() = {15ms, HandshakeFinished{}};
    run.builder.begin();
    for (const Event& event : granted) run.builder.take(event);
    run.builder.take({15ms, DialEnded{}});
    run.builder.set_banner({BannerResult::Kind::closed, "", 90ms});
    run.builder.store({}, run.host, run.host.modes[0]);
    const auto led_on = run.host.modes[0].handshakes_of(run.last()).value();
    CHECK(led_on.start == 5ms);
    CHECK(led_on.end == 15ms);
    CHECK_FALSE(led_on.failed);
  }

  TEST_CASE("addresses and texts are kept once") {
    Run run;
    for (int i = 0; i < 5; ++i) run.add(failed({ECONNREFUSED}));
    CHECK(run.host.addresses.size() == 1);
    CHECK(run.host.texts.size() == 1);
  }
}

TEST_SUITE("figures") {
  TEST_CASE("failures count for loss, not for times") {
    Run run;
    for (const Moment time : {10ms, 20ms, 30ms}) connect(run, 0, four, time);
    run.add(failed({ECONNREFUSED}));
    const Summary summary = summarise(run.host, run.host.modes[0]);
    CHECK(summary.count == 4);
    CHECK(summary.failures == 1);
    CHECK(summary.loss() == 0.25);
    CHECK(summary.median == 20000);
    CHECK(summary.max() == 30000);
    CHECK(summary.ipv4_wins == 3);
    CHECK(summary.phases.at(Phase::connect_ipv4).count == 3);
    CHECK_FALSE(summary.phases.contains(Phase::connect_ipv6));
  }

  TEST_CASE("thresholds are read and judged") {
    Run run;
    for (const Moment time : {10ms, 20ms, 30ms}) connect(run, 0, four, time);
    const Summary summary = summarise(run.host, run.host.modes[0]);
    const auto met = [&summary](const char* text) {
      return is_met(parse_threshold(text), summary);
    };
    CHECK(met("median>19.9ms"));
    CHECK_FALSE(met("median>20ms"));
    CHECK(met("median>=20ms"));
    CHECK(met("p50>=0.02"));
    CHECK(met(" median >= 20 ms "));
    CHECK(met("p99>29ms"));
    CHECK_FALSE(met("max>30ms"));
    CHECK(met("max<=30ms"));
    CHECK(met("min<11ms"));
    CHECK(met("mean>=20ms"));
    CHECK(met("loss<=0%"));
    CHECK_FALSE(met("failures>=1"));
  }

  TEST_CASE("a failed dial is slower than any limit") {
    Run run;
    for (const Moment time : {10ms, 20ms, 30ms}) connect(run, 0, four, time);
    run.add(failed({ECONNREFUSED}));
    const Summary summary = summarise(run.host, run.host.modes[0]);
    const auto met = [&summary](const char* text) {
      return is_met(parse_threshold(text), summary);
    };
    CHECK(met("p99>10h"));
    CHECK(met("max>10h"));
    CHECK(met("mean>10h"));
    CHECK(met("p67>10h"));  // between the last that connected and the one that failed
    CHECK_FALSE(met("p66>30ms"));
    CHECK(met("median>=25ms"));
    CHECK_FALSE(met("median>25ms"));
    CHECK_FALSE(met("min>10ms"));
    CHECK_FALSE(met("p99<10h"));
    CHECK(met("loss>24%"));
    CHECK_FALSE(met("loss>25%"));
    CHECK(met("failures>=1"));
    CHECK_FALSE(met("failures>1"));
    CHECK(reason(parse_threshold("p99>1s"), summary) == "a dial that failed, 1 of 4 failed");
    CHECK(reason(parse_threshold("median>1ms"), summary) == "25.0 ms, 1 of 4 failed");
    CHECK(reason(parse_threshold("loss>1%"), summary) == "25%, 1 of 4 failed");
  }

  TEST_CASE("where nothing was dialled, nobody knows that all is well") {
    const Summary nothing;
    CHECK(is_met(parse_threshold("p99>10s"), nothing));
    CHECK(is_met(parse_threshold("loss>10%"), nothing));
    CHECK(reason(parse_threshold("loss>10%"), nothing) == "no dial");
  }

  TEST_CASE("a host that never connected is beyond every limit of time") {
    Run run;
    run.add(failed({ECONNREFUSED}));
    const Summary summary = summarise(run.host, run.host.modes[0]);
    CHECK(is_met(parse_threshold("p99>200ms"), summary));
    CHECK_FALSE(is_met(parse_threshold("p99<200ms"), summary));
  }

  TEST_CASE("what is no threshold is a usage error") {
    for (const char* text : {"",
                             "p99",
                             "p99>",
                             ">200ms",
                             "p101>1s",
                             "p>1s",
                             "p99=1s",
                             "loss>1",
                             "loss>1ms",
                             "failures>1ms",
                             "median>1%",
                             "p99>>1s",
                             "p99>-1s",
                             "p99>inf",
                             "p99>nan",
                             "pnan>1s",
                             "loss>nan%",
                             "loss>inf%",
                             "failures>inf"}) {
      CAPTURE(text);
      CHECK_THROWS_AS(parse_threshold(text), UsageError);
    }
  }
}

TEST_SUITE("command line") {
  TEST_CASE("modes") {
    const auto modes = parse_modes("race,v4,v6,each,sequential,delay=100ms");
    REQUIRE(modes.size() == 6);
    CHECK(modes[1].family == Family::ipv4);
    CHECK(modes[5].delay == 100ms);
    CHECK(modes[5].name == "delay=100ms");
    for (const char* text :
         {"", "race,", "v5", "delay=", "delay=x", "delay=1ms", "delay=3s", "race,race"}) {
      CAPTURE(text);
      CHECK_THROWS_AS(parse_modes(text), UsageError);
    }
  }

  TEST_CASE("hosts with and without a port") {
    const auto split = [](const char* text) {
      const HostAndPort it = split_host(text, "22");
      return it.host + ' ' + it.port;
    };
    CHECK(split("db.example") == "db.example 22");
    CHECK(split("db.example:2222") == "db.example 2222");
    CHECK(split("2001:db8::1") == "2001:db8::1 22");
    CHECK(split("[2001:db8::1]") == "2001:db8::1 22");
    CHECK(split("[fe80::1%eth0]:2222") == "fe80::1%eth0 2222");
    CHECK(split("me@db.example") == "db.example 22");
    CHECK(split("a@b@db.example:2222") == "db.example 2222");
    CHECK(split("ssh://db.example") == "db.example 22");
    CHECK(split("ssh://me@db.example:2222") == "db.example 2222");
    CHECK(split("ssh://me@[2001:db8::1]:2222/") == "2001:db8::1 2222");
    CHECK(split("unix/run/me@home") == "unix/run/me@home 22");
    for (const char* text :
         {"", ":22", "db.example:", "[2001:db8::1", "[2001:db8::1]22", "[]:22", "me@", "ssh://"}) {
      CAPTURE(text);
      CHECK_THROWS_AS(split_host(text, "22"), UsageError);
    }
  }

  TEST_CASE("a list of hosts has comments and blank lines") {
    CHECK(read_host_list("# fleet\na.example\n\n  b.example:2222  # the other\n[2001:db8::1]:22") ==
          std::vector<ListedHost>{{"a.example"}, {"b.example:2222"}, {"[2001:db8::1]:22"}});
    CHECK_THROWS_AS(read_host_list("a.example b.example\n"), UsageError);
    const std::vector<ListedHost> labelled = {{"web1", {{"role", "web"}, {"site", "ams"}}}, {"web2"}};
    CHECK(read_host_list("web1 role=web site=ams\nweb2\n") == labelled);
    for (const char* wrong : {"a 1x=y", "a =y", "a host=y", "a __x=y", "a x-y=z", "a x=1 x=2"})
      CHECK_THROWS_AS(read_host_list(wrong), UsageError);
  }
}

TEST_SUITE("sentences") {
  TEST_CASE("who wins, and what the race costs and saves") {
    Run run({"race", "v4", "v6", "sequential"});
    for (int i = 0; i < 10; ++i) {
      connect(run, 0, six, 20ms + Moment(i * 10));
      connect(run, 1, four, 80ms + Moment(i * 10));
      connect(run, 2, six, 15ms + Moment(i * 10));
      connect(run, 3, six, 1s + Moment(i * 10));
    }
    const auto told = run.verdicts();
    CHECK(holds(told, "IPv6 wins 10 of 10 races"));
    CHECK(holds(told, "the race costs 5.00 ms against the faster family, IPv6 alone"));
    CHECK(holds(told, "the race saves 60.0 ms against the slower family, IPv4 alone"));
    CHECK(holds(told, "the race saves 980 ms against one address after another"));
  }

  TEST_CASE("what cannot be told apart is not told apart") {
    Run run({"race", "v4"});
    for (int i = 0; i < 10; ++i) {
      connect(run, 0, four, 20ms + Moment((i * 7 % 10) * 400));
      connect(run, 1, four, 20ms + Moment((i * 3 % 10) * 500));
    }
    CHECK(
        holds(run.verdicts(),
              "10 samples show no difference between the race and IPv4 alone (medians 21.8 ms and "
              "22.2 ms; 95 % interval of the difference -"));
  }

  TEST_CASE("as fast as is said only where a difference that matters would be seen") {
    Run run({"race", "v4"});
    for (int i = 0; i < 10; ++i) {
      connect(run, 0, four, 20ms + Moment((i * 7 % 10) * 4));
      connect(run, 1, four, 20ms + Moment((i * 3 % 10) * 5));
    }
    CHECK(holds(run.verdicts(), "the race is as fast as IPv4 alone (medians 20.0 ms and 20.0 ms)"));
  }

  TEST_CASE("a family that never connects is broken, one that only loses is not") {
    Run broken;
    Run losing;
    for (int i = 0; i < 3; ++i) {
      broken.add(fallback());
      std::vector<Event> quick = fallback();
      quick[6].at = 60ms;  // IPv4 began 40 ms after IPv6, and won 10 ms later
      for (std::size_t k = 7; k < quick.size(); ++k) quick[k].at = 70ms;
      losing.add(quick);
    }
    CHECK(holds(broken.verdicts(),
                "IPv6 is slow or broken: in 3 attempts it had not connected by the time that IPv4 "
                "did; --compare v6 tells which"));
    CHECK_FALSE(holds(losing.verdicts(), "broken"));
    std::vector<Event> silent = fallback();
    silent[8] = {300ms, CancelAttempt{1, CancelReason::timed_out}};
    broken.add(silent);
    CHECK(holds(broken.verdicts(), "IPv6 is broken: none of 4 attempts connected (no answer)"));
  }

  TEST_CASE("a dead name server is no late AAAA answer") {
    const std::vector<Event> nothing =
        ended(Outcome::timed_out, {{0ms, SendQuery{AAAA}}, {0ms, SendQuery{A}}});
    std::vector<Event> late = fallback();
    late.erase(late.begin() + 4);  // no AAAA
    Run dead;
    Run slow;
    for (int i = 0; i < 4; ++i) {
      dead.add(nothing);
      slow.add(late);
    }
    CHECK_FALSE(holds(dead.verdicts(), "AAAA"));
    CHECK(holds(slow.verdicts(),
                "AAAA answers come too late: the race went on without them in 4 of 4 samples"));
  }

  TEST_CASE("of several causes the most frequent is named") {
    Run run;
    run.add(failed({EHOSTUNREACH}));
    for (int i = 0; i < 3; ++i) run.add(failed({ECONNREFUSED}));
    connect(run, 0, four, 2ms);
    CHECK(holds(run.verdicts(), "4 of 5 failed (80 %): mostly connection refused"));
  }

  TEST_CASE("a slow family and slow answers are named") {
    Run run({"v4", "v6"});
    for (int i = 0; i < 5; ++i) {
      connect(run, 0, four, 10ms);
      connect(run, 1, six, 90ms);
    }
    CHECK(holds(run.verdicts(), "IPv6 is slow: its connects take 90.0 ms, those of IPv4 10.0 ms"));
    Run answers;
    std::vector<Event> late = fallback();
    late[3].at = 90ms;  // A
    answers.add(late);
    CHECK(holds(answers.verdicts(), "A answers come 69.0 ms after those of AAAA"));
  }

  TEST_CASE("two groups are shown in their order") {
    Run run;
    for (const Moment time : {2ms, 252ms, 2ms, 252ms, 2ms, 252ms, 2ms, 2ms})
      connect(run, 0, four, time);
    CHECK(holds(run.verdicts(),
                "two groups: 5 samples around 2.00 ms, 3 around 252 ms; in order o^o^o^oo"));
  }

  TEST_CASE("being turned away and sudden refusals are named") {
    Run sudden;
    for (int i = 0; i < 4; ++i) connect(sudden, 0, four, 2ms);
    for (std::uint32_t i = 0; i < 3; ++i)
      sudden.add(failed({ECONNREFUSED}), 0, {4 + i, (4 + i) * 1s, (4 + i) * 1s});
    CHECK(holds(sudden.verdicts(), "it connected at first and then refused"));
    Run always;
    for (int i = 0; i < 4; ++i) always.add(failed({ECONNREFUSED}));
    CHECK_FALSE(holds(always.verdicts(), "at first"));
    CHECK(holds(always.verdicts(), "4 of 4 failed (100 %): connection refused"));
  }

  TEST_CASE("a run whose own queue is as long as what it measures says so") {
    Run host;
    for (int i = 0; i < 10; ++i) connect(host, 0, four, 5ms);
    BenchRun run;
    run.hosts = {host.host};
    const std::vector<std::vector<Summary>> summaries = {
        {summarise(host.host, host.host.modes[0])}};
    run.lag = {100us, 400us};
    CHECK_FALSE(is_saturated(run, summaries));
    run.lag = {400us, 2ms};
    CHECK(is_saturated(run, summaries));
    CHECK(holds(run_verdicts(run, summaries), "saturated"));
  }

  TEST_CASE("[coordinated omission] dials that were left out are told, and saturate the run") {
    BenchRun run;
    run.hosts.resize(1);
    const std::vector<std::vector<Summary>> summaries(1);
    run.never_begun = 3;
    CHECK(is_saturated(run, summaries));
    CHECK(holds(run_verdicts(run, summaries),
                "3 dials were due and never begun: the rate was not kept"));
  }

  TEST_CASE("the better family has the quicker connects, or the only ones") {
    Run run({"v4", "v6"});
    CHECK_FALSE(best_family(run.host, ""));
    connect(run, 0, four, 20ms);
    CHECK(best_family(run.host, "") == A);
    for (int i = 0; i < 4; ++i) connect(run, 1, six, 10ms);
    CHECK_FALSE(best_family(run.host, ""));  // one of the other is nothing to go by
    for (int i = 0; i < 3; ++i) connect(run, 0, four, 20ms);
    CHECK(best_family(run.host, "") == AAAA);
    for (int i = 0; i < 4; ++i) connect(run, 1, six, 30ms);
    CHECK_FALSE(best_family(run.host, ""));
    CHECK_FALSE(best_family(run.host, "elsewhere"));
  }

  TEST_CASE("what this machine had too little of is not laid to the server") {
    Run run;
    run.add(failed({EMFILE}));
    run.add(failed({EADDRNOTAVAIL}));  // an address of ours that is missing, for all that is known
    BenchRun whole;
    const auto told = [&] {
      whole.hosts = {run.host};
      return run_verdicts(
          whole, std::vector<std::vector<Summary>>{{summarise(run.host, run.host.modes[0])}});
    };
    CHECK(holds(told(), "1 dial found no descriptor free: that is this machine's own limit"));
    CHECK_FALSE(holds(told(), "local port"));
    CHECK(holds(told(), "1 dial failed for this machine's own limit: cannot assign requested"));
    CHECK(summarise(run.host, run.host.modes[0]).ours == 2);
    CHECK(summarise(run.host, run.host.modes[0]).failures == 0);
    connect(run, 0, six, 5ms);
    CHECK(holds(told(), "1 dial found no local port free: that is this machine's own limit"));
    run.add({{1ms, ended(ExitStatus::not_handed_over, "no socket: " + system_words(ENFILE))}});
    CHECK(holds(told(), "2 dials found no descriptor free"));
  }

  TEST_CASE("a shortage of this machine's is no loss of the host's") {
    Run run;
    run.add(failed({ECONNREFUSED, EADDRNOTAVAIL}));  // a server that refuses is there
    CHECK(run.last().outcome == SampleOutcome::refused);
    run.add(failed({ECONNREFUSED, EMFILE}));  // the address that was not tried may have connected
    CHECK(run.last().outcome == SampleOutcome::ours);
    for (const int number : {EMFILE, ENFILE, ENOBUFS, ENOMEM, EADDRNOTAVAIL}) {
      run.add(failed({number}));
      CHECK(run.last().outcome == SampleOutcome::ours);
      CHECK(run.host.error_of(run.last()) == system_words(number));
    }
    connect(run, 0, four, 5ms);
    const Summary figures = summarise(run.host, run.host.modes[0]);
    CHECK(figures.ours == 6);
    CHECK(figures.failures == 1);
    CHECK(figures.loss() == 0.5);
    CHECK(is_met(parse_threshold("loss>=50%"), figures));
    CHECK_FALSE(is_met(parse_threshold("loss>50%"), figures));
    CHECK(reason(parse_threshold("loss>=50%"), figures) == "50%, 1 of 2 failed");
    CHECK_FALSE(is_met(parse_threshold("min>1s"), figures));
    CHECK(holds(run.verdicts(), "1 of 2 failed"));
  }

  TEST_CASE("a host that this machine could not dial at all is not known to be well") {
    Run run;
    run.add(failed({ENOBUFS}));
    const Summary figures = summarise(run.host, run.host.modes[0]);
    CHECK(is_met(parse_threshold("loss>99%"), figures));
    CHECK(reason(parse_threshold("loss>99%"), figures) == "no dial that this machine could make");
  }

  TEST_CASE("a connect counts from the system call, not from the order for it") {
    Run run;
    run.add({{0ms, StartAttempt{0, six, StartReason::nothing_to_wait_for}},
             {7ms, ConnectBegun{0}},
             {9ms, Connected{0}},
             {9ms, Finish{Outcome::connected, 0, {}, {}}}});
    CHECK(run.last(Phase::connect) == 2ms);
    CHECK(run.last(Phase::total) == 9ms);
    run.add({{0ms, StartAttempt{0, six, StartReason::nothing_to_wait_for}},
             {7ms, ConnectBegun{0}},
             {0ms, AttemptFailed{0, error(EADDRNOTAVAIL)}},
             {8ms, ended(ExitStatus::not_handed_over, "--bind")}});
    const AttemptSample& refused = run.host.modes[0].attempts.back();
    CHECK(refused.end == refused.start);
  }

  TEST_CASE("dials that this program was late in are counted") {
    Run run;
    BenchRun whole;
    for (const Moment lag : {1000us, 5000us, 6000us, 31'000us}) {
      connect(run, 0, four, 5ms);
      run.host.modes[0].samples.back().lag = shortened(lag);
    }
    whole.hosts = {run.host};
    const auto told = run_verdicts(
        whole, std::vector<std::vector<Summary>>{{summarise(run.host, run.host.modes[0])}});
    CHECK(holds(told, "this machine was busy: 2 of 4 dials were started or served over 5 ms late, "
                      "up to 31.0 ms"));
  }

  TEST_CASE("what servers say they are is told where it differs") {
    const auto with_lines = [](const char* name, std::vector<std::string> lines) {
      Run run;
      run.host.host = name;
      for (const std::string& line : lines) {
        connect(run, 0, four, 5ms);
        run.host.modes[0].samples.back().first_line =
            static_cast<std::uint32_t>(run.host.texts.size());
        run.host.texts.push_back(line);
      }
      return run.host;
    };
    BenchRun run;
    run.hosts = {with_lines("a", {"SSH-2.0-OpenSSH_9.2p1 Debian-2", "SSH-2.0-OpenSSH_9.2p1 Debian-2"}),
                 with_lines("b", {"SSH-2.0-OpenSSH_9.2p1 Debian-2"})};
    CHECK(describe_versions(run).empty());
    run.hosts.push_back(with_lines("c", {"SSH-2.0-dropbear_2022.83", "SSH-2.0-dropbear_2024.85"}));
    CHECK(describe_versions(run) == "2 hosts OpenSSH_9.2p1 Debian-2, 1 host dropbear_2022.83, "
                                    "1 host dropbear_2024.85");
    CHECK(versions_of(run.hosts[2], run.hosts[2].modes[0]) ==
          std::vector<std::string>{"dropbear_2022.83", "dropbear_2024.85"});
  }

  TEST_CASE("a lost packet is told from a slow server") {
    Run run;
    run.builder.set_transport({});
    connect(run, 0, four, 5ms);
    CHECK_FALSE(holds(run.verdicts(), "lost"));
    run.host.modes[0].samples.back().retransmits = 1;
    CHECK(holds(run.verdicts(), "was lost in 1 of 1 samples"));
    // A backup attempt that connects sooner than the first has waited.
    run.add({{0ms, StartAttempt{0, four, StartReason::nothing_to_wait_for}},
             {250ms, StartAttempt{1, four, StartReason::backup, AttemptId{0}}},
             {280ms, Connected{1}},
             {280ms, CancelAttempt{0, CancelReason::lost}},
             {280ms, Finish{Outcome::connected, 1, {}, {}}}});
    CHECK(holds(run.verdicts(), "was lost in 2 of 2 samples"));
  }

  TEST_CASE("the hosts of one label's value are pooled") {
    BenchRun run;
    std::vector<std::vector<Summary>> summaries;
    const std::pair<const char*, Moment> hosts[] = {{"ams", 10ms}, {"fra", 30ms}, {"ams", 20ms}};
    for (const auto& [site, took] : hosts) {
      Run host;
      connect(host, 0, four, took);
      host.host.labels = {{"site", site}};
      summaries.push_back({summarise(host.host, host.host.modes[0])});
      run.hosts.push_back(host.host);
    }
    const auto groups = groups_of(run, summaries, "site");
    REQUIRE(groups.size() == 2);
    CHECK(groups[0].value == "ams");
    CHECK(groups[0].hosts == 2);
    CHECK(groups[0].sorted == std::vector<double>{10'000, 20'000});
    CHECK(groups_of(run, summaries, "role").empty());
  }

  TEST_CASE("one sentence says whether anything is wrong, where, and since when") {
    BenchRun run;
    run.started = WallTime(1'000s);
    const auto said = [&run] {
      std::vector<std::vector<Summary>> summaries;
      for (const HostSamples& host : run.hosts)
        summaries.push_back({summarise(host, host.modes[0])});
      return headline(run, summaries);
    };
    CHECK_FALSE(said().well);
    Run good;
    good.host.host = "good";
    for (int i = 0; i < 4; ++i) connect(good, 0, four, 5ms);
    run.hosts = {good.host};
    CHECK(said().well);
    CHECK(said().text == "Nothing is wrong: every dial to 1 host connected.");
    Run gone = good;
    gone.host.host = "gone";
    for (int i = 4; i < 8; ++i)
      gone.add(failed({ECONNREFUSED}), 0, {static_cast<std::uint32_t>(i), i * 1s, i * 1s});
    run.hosts = {good.host, gone.host};
    CHECK(said().text ==
          "1 of 2 hosts have trouble: gone has not connected since 1970-01-01T00:16:44.000Z.");
    Run never;
    never.host.host = "never";
    never.add(failed({ECONNREFUSED}));
    Run shaky = good;
    shaky.host.host = "shaky";
    shaky.add(failed({ECONNREFUSED}), 0, {4, 4s, 4s});
    run.hosts = {never.host, shaky.host};
    CHECK(said().text == "2 of 2 hosts have trouble: never has never connected; shaky lost 1 of 5 "
                         "dials, the first at 1970-01-01T00:16:44.000Z, and IPv6 is broken or far "
                         "slower.");
  }

  TEST_CASE("hosts that were not dialled are no hosts that do not connect") {
    Run host;
    connect(host, 0, four, 5ms);
    BenchRun run;
    run.hosts = {host.host, host.host, host.host};
    run.interrupted = true;
    const Summary none;
    const Summary well = summarise(host.host, host.host.modes[0]);
    const auto told = run_verdicts(run, std::vector<std::vector<Summary>>{{well}, {none}, {none}});
    CHECK(holds(told, "1 of 1 hosts connect"));
    CHECK(holds(told, "2 of 3 hosts were not reached"));
    CHECK(holds(told, "interrupted"));
  }
}
