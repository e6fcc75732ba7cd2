// The views of what is said to proxies, and of the dials that it takes.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "report/narrator.hpp"
#include "report/trace.hpp"
#include "report/waterfall.hpp"

namespace gladhand::report_tunnel_test {

namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

const Endpoint proxy = parse_address("192.0.2.1", 1080).value();
const std::string peer = "socks5://192.0.2.1:1080";

// One dial of the first hop, which connects at once.
std::vector<Event> dial() {
  Finish finish{Outcome::connected, 0, {}, {}};
  finish.attempts.push_back({.endpoint = proxy});
  return {
      {0ms,
       Configured{"db.example", "22", peer, 250ms, 50ms, 30s, 1, Family::ipv6, true, "literal"}},
      {0ms, StartAttempt{0, proxy, StartReason::nothing_to_wait_for}},
      {1ms, Connected{0}},
      {1ms, finish}};
}

std::vector<Event> with_handshake(const std::string& failure) {
  std::vector<Event> events = dial();
  events.push_back({1ms, HandshakeStarted{peer, "'db.example' port 22"}});
  events.push_back({4ms, HandshakeFinished{peer, failure}});
  events.push_back({4ms, DialEnded{}});
  return events;
}

std::vector<Json> traced(const std::vector<Event>& events) {
  Trace trace;
  std::vector<Json> lines;
  for (const Event& event : events) {
    const std::string text = trace.lines(event);
    if (!text.empty()) lines.push_back(Json::parse(text.substr(0, text.find('\n'))));
  }
  return lines;
}

}  // namespace

TEST_CASE("a handshake is told with whom it is, what for, and how it ended") {
  Narrator narrator;
  CHECK(narrator.sentence({1ms, HandshakeStarted{peer, "'db.example' port 22"}}) ==
        "ask socks5://192.0.2.1:1080 for 'db.example' port 22");
  CHECK(narrator.sentence({2ms, HandshakeFinished{peer, ""}}) ==
        "socks5://192.0.2.1:1080: the way is open");
  CHECK(narrator.sentence({2ms, HandshakeFinished{peer, "host unreachable"}}) ==
        "socks5://192.0.2.1:1080: host unreachable");
  CHECK(narrator.sentence({2ms, FellBackToTcp{}}) == "the kernel has no MPTCP: TCP in its place");
}

TEST_CASE("a handshake is traced, and its failure with what was said") {
  const std::vector<Json> lines = traced(with_handshake("host unreachable"));
  CHECK(lines[4] == R"({"t_us":1000, "event":"handshake_started",
                        "peer":"socks5://192.0.2.1:1080",
                        "asks_for":"'db.example' port 22"})"_json);
  CHECK(lines[5] == R"({"t_us":4000, "event":"handshake_finished",
                        "peer":"socks5://192.0.2.1:1080", "outcome":"failure",
                        "error":"host unreachable"})"_json);
  CHECK(traced(with_handshake(""))[5] == R"({"t_us":4000, "event":"handshake_finished",
                        "peer":"socks5://192.0.2.1:1080", "outcome":"success"})"_json);
  CHECK(traced({{1ms, FellBackToTcp{}}})[0] ==
        R"({"t_us":1000, "event":"protocol_fallback", "from":"mptcp", "to":"tcp"})"_json);
}

TEST_CASE("what the user asked for is told, and what the dial is for") {
  Narrator narrator;
  CHECK(narrator.sentence(dial().front()) ==
        "connect to 'db.example' port 22 through socks5://192.0.2.1:1080");
  const Json line = traced(dial()).front();
  CHECK(line["host"] == "db.example");
  CHECK(line["service"] == "22");
  CHECK(line["through"] == "socks5://192.0.2.1:1080");
}

TEST_CASE("a dial that is given up in its midst says so, and why") {
  const Error gone(ExitStatus::not_handed_over, "the receiver has gone");
  const std::vector<Json> lines = traced({dial()[0],
                                          dial()[1],
                                          {7ms, CancelAttempt{0, CancelReason::abandoned}},
                                          {7ms, DialEnded{DialFailure{gone}}}});
  CHECK(lines[lines.size() - 2]["event"] == "attempt_outcome");
  CHECK(lines[lines.size() - 2]["outcome"] == "canceled");
  CHECK(lines[lines.size() - 2]["duration_us"] == 7000);
  CHECK(lines.back() == R"({"t_us":7000, "event":"metrics", "total_duration_us":7000,
      "outcome":"failure", "exit_status":71, "error":"the receiver has gone", "attempts_total":1,
      "attempts_success":0, "attempts_failure":0, "attempts_canceled":1})"_json);
}

TEST_CASE("a command of --on-slow that cannot be started is told") {
  Narrator narrator;
  CHECK(narrator.sentence({1s, FoundSlow{}}) == "nothing has connected yet: run --on-slow");
  CHECK(narrator.sentence({1s, FoundSlow{"cannot run 'x'"}}) ==
        "nothing has connected yet: --on-slow: cannot run 'x'");
  CHECK(traced({{1s, FoundSlow{"cannot run 'x'"}}})[0] ==
        R"({"t_us":1000000, "event":"on_slow_started", "error":"cannot run 'x'"})"_json);
}

TEST_CASE("each dial through a proxy counts its attempts anew") {
  std::vector<Event> events = with_handshake("host unreachable");
  for (const Event& event : with_handshake("")) events.push_back(event);
  std::vector<Json> metrics;
  for (const Json& line : traced(events))
    if (line["event"] == "metrics") metrics.push_back(line);
  REQUIRE(metrics.size() == 2);
  for (const Json& line : metrics) CHECK(line["attempts_total"] == 1);
}

TEST_CASE("the waterfall draws the last dial with what was said behind it") {
  std::vector<Event> events = with_handshake("host unreachable");
  for (const Event& event : with_handshake("")) events.push_back(event);
  const std::string text = draw_waterfall(events, {});
  const std::string picture = text.substr(0, text.find("\n\n", text.find("\n\n") + 2));
  CHECK(picture == R"(connect to 'db.example' port 22 through socks5://192.0.2.1:1080

                         0                                  4 ms
192.0.2.1                ━━━━━━━━━●                              connected, 1 ms
socks5://192.0.2.1:1080           ━━━━━━━━━━━━━━━━━━━━━━━━━━━━●  open, 3 ms)");
}

}  // namespace gladhand::report_tunnel_test
