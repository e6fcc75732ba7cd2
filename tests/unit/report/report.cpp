// The views of one stream of events: the waterfall, the -v text and the trace, each compared with
// what it must be for one fixed dial that has an event of every kind.
#include <doctest/doctest.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "report/json_line.hpp"
#include "report/narrator.hpp"
#include "report/trace.hpp"
#include "report/waterfall.hpp"

namespace gladhand::report_test {

namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

constexpr Family AAAA = Family::ipv6;
constexpr Family A = Family::ipv4;

Endpoint at(std::string_view address) {
  return parse_address(address, 22).value();
}

Candidate candidate(std::string_view address, std::string_view source) {
  return {at(address), Source{at(source), 64}};
}

std::error_code error(int number) {
  return {number, std::system_category()};
}

Configured configured(std::string_view origin = "dns") {
  return {"db.example", "22", "", 250ms, 50ms, 30s, 1, AAAA, true, origin};
}

Finish ended(Outcome outcome) {
  return {outcome, 0, {}, {}};
}

DialEnded lost(Outcome outcome) {
  return {DialFailure{LostRace{ended(outcome), ""}}};
}

Finish won(AttemptId winner, std::vector<Endpoint> endpoints) {
  Finish finish{Outcome::connected, winner, {}, {}};
  for (const Endpoint& endpoint : endpoints) finish.attempts.push_back({.endpoint = endpoint});
  return finish;
}

// One dial with an event of every kind: A answers before AAAA, the first attempt stays silent, the
// second is refused, the third connects, and the first connects when it has been given up.
const std::vector<Event>& story() {
  using enum StartReason;
  static const std::vector<Event> events = {
      {0ms, configured()},
      {0ms, DialStarted{{AAAA, A}, {}}},
      {0ms, SendQuery{AAAA, "db.example"}},
      {2ms, SendQuery{A, "db.example"}},
      {12300us, AnswerReceived{A, AnswerStatus::addresses, {candidate("192.0.2.7", "192.0.2.9")}}},
      {12300us, TimerSet{TimerKind::resolution_delay, 62300us}},
      {30ms,
       AnswerReceived{AAAA,
                      AnswerStatus::addresses,
                      {candidate("2001:db8::1", "2001:db8::9"),
                       {at("2001:db8::2"), {}},
                       {at("2001:db8::1"), {}}}}},
      {30ms, DuplicateRemoved{at("2001:db8::1")}},
      {30ms,
       CandidatesSorted{{{1, at("2001:db8::1"), Rule::higher_precedence},
                         {0, at("192.0.2.7"), Rule::avoid_unusable},
                         {2, at("2001:db8::2"), Rule::unchanged_order}}}},
      {30ms, TimerCanceled{TimerKind::resolution_delay}},
      {30ms, StartAttempt{1, at("2001:db8::1"), preferred_family_known}},
      {30ms, TimerSet{TimerKind::next_attempt, 280ms}},
      {280ms, TimerFired{TimerKind::next_attempt}},
      {280ms, StartAttempt{0, at("192.0.2.7"), connection_attempt_delay_over}},
      {290ms, AttemptFailed{0, error(ECONNREFUSED)}},
      {290ms, StartAttempt{2, at("2001:db8::2"), attempt_failed}},
      {310ms, Connected{2}},
      {310ms, CancelAttempt{1, CancelReason::lost}},
      {310ms, won(2, {at("192.0.2.7"), at("2001:db8::1"), at("2001:db8::2")})},
      {311ms, Connected{1}},
      {311ms, CancelAttempt{1, CancelReason::lost}},
      {312ms, HandedOver{at("2001:db8::2")}},
      {313ms, DialEnded{}},
  };
  return events;
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string picture(const std::vector<Event>& events, const Canvas& canvas) {
  const std::string text = draw_waterfall(events, canvas);
  return text.substr(0, text.find("\n\n", text.find("\n\n") + 2) + 1);
}

std::size_t width(const std::string& line) {
  return static_cast<std::size_t>(
      std::ranges::count_if(line, [](char c) { return (c & 0xc0) != 0x80; }));
}

std::vector<Json> traced(const std::vector<Event>& events) {
  Trace trace;
  std::vector<Json> lines;
  for (const Event& event : events)
    for (const std::string& line : split(trace.lines(event))) lines.push_back(Json::parse(line));
  return lines;
}

}  // namespace

// --- waterfall -----------------------------------------------------------------------------

TEST_CASE("the waterfall draws questions and attempts to one scale, and its reasons beneath") {
  CHECK(draw_waterfall(story(), {}) == R"(connect to 'db.example' port 22

             0                                         313 ms
AAAA         ┄┄┄┄●                                            3 addresses, 30 ms
A            ┄●                                               1 address, 10 ms
2001:db8::1      ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━○   given up, 280 ms
192.0.2.7                                             ━✗      refused, 10 ms
2001:db8::2                                            ━━━●   connected, 20 ms

     0.00 ms  connect to 'db.example' port 22
     0.00 ms  ask for AAAA of db.example
     2.00 ms  ask for A of db.example
    12.30 ms  A answered: 192.0.2.7 (from 192.0.2.9)
    12.30 ms  wait 50 ms for the AAAA answer
    30.00 ms  AAAA answered: 2001:db8::1 (from 2001:db8::9), 2001:db8::2, 2001:db8::1
    30.00 ms  already in the list: 2001:db8::1
    30.00 ms  order: 2001:db8::1 (higher precedence), 192.0.2.7 (has a route), 2001:db8::2
    30.00 ms  start 2001:db8::1 (IPv6 is preferred and its answer is known)
   280.00 ms  start 192.0.2.7 (nothing connected within the Connection Attempt Delay of 250 ms)
   290.00 ms  192.0.2.7: refused
   290.00 ms  start 2001:db8::2 (the attempt before has failed)
   310.00 ms  connected to 2001:db8::2
   310.00 ms  give up 2001:db8::1 (another has won)
   310.00 ms  winner: 2001:db8::2
   311.00 ms  connected to 2001:db8::1
   311.00 ms  give up 2001:db8::1 (another has won)
   312.00 ms  handed over: 2001:db8::2 port 22
)");
}

TEST_CASE("the waterfall without Unicode is the same picture in ASCII") {
  CHECK(picture(story(), {.columns = 80, .unicode = false}) == R"(connect to 'db.example' port 22

             0                                         313 ms
AAAA         ----*                                            3 addresses, 30 ms
A            -*                                               1 address, 10 ms
2001:db8::1      =========================================o   given up, 280 ms
192.0.2.7                                             =x      refused, 10 ms
2001:db8::2                                            ===*   connected, 20 ms
)");
}

TEST_CASE("the waterfall of a dial that failed shows what never ended") {
  const std::vector<Event> events = {
      {0ms, configured()},
      {0ms, SendQuery{AAAA}},
      {0ms, SendQuery{A}},
      {1ms, AnswerReceived{A, AnswerStatus::addresses, {{at("192.0.2.7"), {}}}}},
      {51ms, StartAttempt{0, at("192.0.2.7"), StartReason::resolution_delay_over}},
      {1s, CancelAttempt{0, CancelReason::timed_out}},
      {1s, ended(Outcome::timed_out)},
      {1s, DialEnded{}},
  };
  CHECK(picture(events, {.columns = 60, .unicode = false}) == R"(connect to 'db.example' port 22

           0                           1 s
AAAA       -----------------------------
A          *                               1 address, 1 ms
192.0.2.7   ============================o  no answer, 949 ms
)");
}

TEST_CASE("a server that has accepted and said nothing gave no first words") {
  const std::vector<Event> events = {
      {0ms, configured()},
      {0ms, StartAttempt{0, at("192.0.2.7"), StartReason::nothing_to_wait_for}},
      {10ms, Established{0}},
      {1s, CancelAttempt{0, CancelReason::timed_out}},
      {1s, DialEnded{}},
  };
  CHECK(picture(events, {}).find("no first words, 1 s\n") != std::string::npos);
}

TEST_CASE("an attempt that was given up stays so in the waterfall, whatever comes after") {
  std::vector<Event> events = story();
  const std::string before = picture(events, {});
  SUBCASE("it connects") {
    events.insert(events.end() - 1, {312ms, Connected{1}});
  }
  SUBCASE("it is refused") {
    events.insert(events.end() - 1, {312ms, AttemptFailed{1, error(ECONNREFUSED)}});
  }
  CHECK(picture(events, {}) == before);
}

TEST_CASE("colour is asked for, or there is no escape in the waterfall") {
  CHECK(draw_waterfall(story(), {}).find('\033') == std::string::npos);
  const std::string coloured = picture(story(), {.colour = true});
  CHECK(coloured.find("\033[32m●\033[0m") != std::string::npos);
  CHECK(coloured.find("\033[31m✗\033[0m") != std::string::npos);
  CHECK(coloured.find("\033[33m○\033[0m") != std::string::npos);
}

TEST_CASE("the rows of the waterfall stay within the columns unless an address alone does not") {
  std::vector<Event> events = story();
  std::vector<unsigned> widths = {80, 100, 200};
  SUBCASE("short addresses") {
    widths.insert(widths.end(), {40, 60});
  }
  SUBCASE("the longest address") {
    const Endpoint longest = at("2001:db8:1111:2222:3333:4444:5555:6666");
    events.insert(events.end() - 1, {312ms, StartAttempt{3, longest, StartReason::attempt_failed}});
    events.insert(events.end() - 1, {312500us, AttemptFailed{3, error(EACCES)}});
  }
  for (const unsigned columns : widths) {
    for (const std::string& row : split(picture(events, {.columns = columns}))) {
      CAPTURE(columns);
      CAPTURE(row);
      CHECK(width(row) <= columns);
    }
  }
}

// --- narrator ------------------------------------------------------------------------------

TEST_CASE("a line of the narrator is the sentence behind its time") {
  Narrator narrator;
  CHECK(narrator.line({12345us, SendQuery{AAAA}}) == "    12.35 ms  ask for AAAA");
  CHECK(narrator.line({86400s, SendQuery{A}}) == "86400000.00 ms  ask for A");
  CHECK(narrator.line({0us, TimerFired{TimerKind::next_attempt}}) == "");
}

TEST_CASE("a search list is told name by name") {
  Narrator narrator;
  CHECK(narrator.sentence({0ms, SendQuery{AAAA, "db.one.example"}}) ==
        "ask for AAAA of db.one.example");
  CHECK(narrator.sentence({1ms, NextName{"db.\xfc.example", "db.one.example"}}) ==
        "no address for db.one.example: ask for db.\\xfc.example");
  CHECK(traced({{1ms, NextName{"db.two.example", "db.one.example"}}})[0] ==
        R"({"t_us":1000, "event":"dns_next_name", "name":"db.two.example",
            "passed_over":"db.one.example"})"_json);
}

TEST_CASE("whom a question goes to after the first server, and what each says") {
  const auto say = [](const Event::Body& event) { return Narrator().sentence({0ms, event}); };
  CHECK(say(AskedAgain{RecordType::aaaa, "192.0.2.54", AskReason::no_answer, 1}) ==
        "AAAA: no answer yet, ask 192.0.2.54 too");
  CHECK(say(AskedAgain{RecordType::aaaa, "192.0.2.53", AskReason::no_answer, 2}) ==
        "AAAA: no answer yet, ask 192.0.2.53 again");
  CHECK(say(AskedAgain{RecordType::a, "192.0.2.54", AskReason::server_failure, 1}) ==
        "A: ask 192.0.2.54");
  CHECK(say(AskedAgain{RecordType::a, "192.0.2.53", AskReason::bad_answer, 2}) ==
        "A: ask 192.0.2.53 again");
  CHECK(say(AskedAgain{RecordType::a, "192.0.2.53", AskReason::truncated, 2}) ==
        "A: the answer of 192.0.2.53 is cut, ask over TCP");
  CHECK(traced({{1ms, AskedAgain{RecordType::a, "192.0.2.54", AskReason::unreachable, 1}}})[0] ==
        R"({"t_us":1000, "event":"dns_query_repeated", "type":"A", "server":"192.0.2.54",
            "reason":"unreachable", "times":1})"_json);

  const std::string server = "192.0.2.53";
  CHECK(say(ServerAnswered{RecordType::a, server, AnswerStatus::no_answer}) ==
        "A: name server 192.0.2.53 cannot be reached");
  CHECK(say(ServerAnswered{RecordType::a, server, AnswerStatus::server_failure}) ==
        "A: name server 192.0.2.53 reports a failure");
  CHECK(say(ServerAnswered{RecordType::a, server, AnswerStatus::bad_answer}) ==
        "A: name server 192.0.2.53 sends nonsense");
  CHECK(say(ServerAnswered{RecordType::a, server, AnswerStatus::no_such_name}) ==
        "A: name server 192.0.2.53 says: name does not exist");
  CHECK(traced({{1ms, ServerAnswered{RecordType::a, server, AnswerStatus::no_such_name}}})[0] ==
        R"({"t_us":1000, "event":"dns_server_answered", "type":"A", "server":"192.0.2.53",
            "status":"no_such_name"})"_json);
}

TEST_CASE("service records: what is asked for, and the hosts in their order") {
  Narrator narrator;
  const auto say = [&narrator](const Event::Body& event) {
    return narrator.sentence({0ms, event});
  };
  say(configured());
  const SendServiceQuery asked{RecordType::srv, "_ssh._tcp.db.example"};
  CHECK(say(asked) == "ask for SRV of _ssh._tcp.db.example");
  ServiceAnswered answer{.type = RecordType::srv,
                         .status = AnswerStatus::addresses,
                         .name = asked.name,
                         .hosts = {{"a.example", 22, 10, 5}, {"b.example", 2222, 20, 0}}};
  CHECK(say(answer) ==
        "SRV answered: a.example port 22 (priority 10, weight 5), b.example port 2222 (priority "
        "20, weight 0)");
  CHECK(traced({{1ms, asked}, {3ms, answer}}) ==
        std::vector<Json>{
            R"({"t_us":1000, "event":"service_query_started", "type":"SRV",
                "name":"_ssh._tcp.db.example"})"_json,
            R"({"t_us":3000, "event":"service_query_finished", "type":"SRV",
                "name":"_ssh._tcp.db.example", "status":"addresses", "unavailable":false,
                "hosts":[{"host":"a.example", "port":22, "priority":10, "weight":5},
                         {"host":"b.example", "port":2222, "priority":20, "weight":0}],
                "duration_us":2000})"_json});
  AnswerReceived about{A, AnswerStatus::addresses, {{at("192.0.2.1"), {}, 0}}};
  about.group = 0;
  about.host = "a.example";
  CHECK(say(about) == "A of a.example answered: 192.0.2.1");
  CHECK(traced({{1ms, about}})[0]["group"] == 0);
  CHECK(traced({{1ms, about}})[1]["host"] == "a.example");
  CHECK(say(StartAttempt{0, at("192.0.2.1"), StartReason::resolution_delay_over}) ==
        "start 192.0.2.1 port 22 (no better answer within the Resolution Delay of 50 ms)");
  answer.hosts.clear();
  CHECK(say(answer) == "SRV answered: no host that can be connected to, take the name itself");
  answer.status = AnswerStatus::no_address;
  CHECK(say(answer) == "SRV answered: no SRV record, take the name itself");
  answer.unavailable = true;
  CHECK(say(answer) == "SRV answered: nobody offers the service");
  answer = {.type = RecordType::svcb, .status = AnswerStatus::addresses, .hosts = {{"a", 22, 1}}};
  CHECK(say(answer) == "SVCB answered: a port 22 (priority 1)");
  CHECK(say(HintWithdrawn{0, at("192.0.2.1")}) ==
        "only a hint, which the answer does not have: 192.0.2.1 port 22");
  CHECK(traced({{1ms, HintWithdrawn{0, at("192.0.2.1")}}})[0]["reason"] == "hint");
}

TEST_CASE("a NAT64: that it is asked for, and what it makes of addresses") {
  const auto say = [](const Event::Body& event) { return Narrator().sentence({0ms, event}); };
  const Pref64Asked asked{"ipv4only.arpa"};
  CHECK(say(asked) == "no IPv4 here: ask for a NAT64, AAAA of ipv4only.arpa");
  CHECK(say(Pref64Learned{AnswerStatus::addresses, {"64:ff9b::/96", "2001:db8::/32"}}) ==
        "NAT64: 64:ff9b::/96, 2001:db8::/32");
  CHECK(say(Pref64Learned{AnswerStatus::no_such_name}) == "no NAT64 (name does not exist)");
  CHECK(traced({{1ms, asked}, {3ms, Pref64Learned{AnswerStatus::addresses, {"64:ff9b::/96"}}}}) ==
        std::vector<Json>{
            R"({"t_us":1000, "event":"nat64_query_started", "type":"AAAA",
                "name":"ipv4only.arpa"})"_json,
            R"({"t_us":3000, "event":"nat64_query_finished", "status":"addresses",
                "duration_us":2000})"_json,
            R"({"t_us":3000, "event":"nat64_prefix_discovered", "prefix":"64:ff9b::/96"})"_json});
  Candidate made{at("64:ff9b::808:808"), {}};
  made.stands_for = in_addr{htonl(0x08080808)};
  CHECK(say(AddressesFound{{made}}) == "found 64:ff9b::808:808 for 8.8.8.8");
  CHECK(traced({{1ms, AddressesFound{{made}}}})[0]["stands_for"] == "8.8.8.8");
}

TEST_CASE("every event has its sentence, or says nothing to a person") {
  using enum StartReason;
  const std::vector<Candidate> both = {{at("::1"), {}}, {at("127.0.0.1"), {}}};
  const auto start = [](StartReason reason) { return StartAttempt{0, at("192.0.2.7"), reason}; };
  const struct {
    std::string_view origin;
    Event::Body body;
    std::string expected;
  } table[] = {
      {"literal", DialStarted{{}, {{at("192.0.2.7"), {}}}}, "the host is the address 192.0.2.7"},
      {"hosts", DialStarted{{}, both}, "/etc/hosts has ::1, 127.0.0.1"},
      {"resolve", DialStarted{{}, both}, "--resolve gives ::1, 127.0.0.1"},
      {"localhost", DialStarted{{}, both}, "this machine is ::1, 127.0.0.1"},
      {"dns", DialStarted{{A}, {}}, "only IPv4 is to be asked for"},
      {"dns", DialStarted{{AAAA, A}, {}}, ""},
      {"dns", AnswerReceived{AAAA, AnswerStatus::no_address, {}}, "AAAA answered: no IPv6 address"},
      {"dns", AnswerReceived{A, AnswerStatus::no_such_name, {}}, "A answered: name does not exist"},
      {"dns",
       start(preferred_family_known),
       "start 192.0.2.7 (IPv6 is preferred and its answer is known)"},
      {"dns", start(nothing_to_wait_for), "start 192.0.2.7 (nothing to wait for)"},
      {"dns",
       start(resolution_delay_over),
       "start 192.0.2.7 (no AAAA answer within the Resolution Delay of 50 ms)"},
      {"dns",
       start(connection_attempt_delay_over),
       "start 192.0.2.7 (nothing connected within the Connection Attempt Delay of 250 ms)"},
      {"dns", start(attempt_failed), "start 192.0.2.7 (the attempt before has failed)"},
      {"dns", start(address_arrived), "start 192.0.2.7 (its address has just arrived)"},
      {"dns",
       start(backup),
       "start 192.0.2.7 once more (nothing has answered for the Connection Attempt Delay of "
       "250 ms: a packet may be lost)"},
      {"dns", ended(Outcome::no_address), ""},
      {"dns", lost(Outcome::no_address), "over: no address to connect to"},
      {"dns", lost(Outcome::all_attempts_failed), "over: every attempt has failed"},
      {"dns", lost(Outcome::timed_out), "over: time has run out"},
      {"dns",
       DialEnded{DialFailure{Error(ExitStatus::proxy_failed, "it refuses")}},
       "over: it refuses"},
      {"dns", TimerSet{TimerKind::resolution_delay, 51ms}, "wait 50 ms for the AAAA answer"},
      {"dns", TimerSet{TimerKind::next_attempt, 51ms}, ""},
      {"dns", TimerFired{TimerKind::resolution_delay}, ""},
      {"dns", TimerCanceled{TimerKind::next_attempt}, ""},
      {"dns", HandedOver{at("2001:db8::1")}, "handed over: 2001:db8::1 port 22"},
      {"dns", RelayStarted{at("2001:db8::1")}, "relay: 2001:db8::1 port 22"},
      {"dns", RelayEnded{10, 20}, "relay over: 10 bytes sent, 20 bytes received"},
      {"dns", DialEnded{}, ""},
  };
  for (const auto& [origin, body, expected] : table) {
    Narrator narrator;
    CHECK(narrator.sentence({0ms, configured(origin)}) == "connect to 'db.example' port 22");
    CHECK(narrator.sentence({1ms, body}) == expected);
  }
}

TEST_CASE("an attempt is told by its address") {
  Narrator narrator;
  narrator.sentence({0ms, StartAttempt{3, at("192.0.2.7"), StartReason::nothing_to_wait_for}});
  CHECK(narrator.sentence({1ms, AttemptFailed{3, error(ENETUNREACH)}}) ==
        "192.0.2.7: network unreachable");
  CHECK(narrator.sentence({1ms, Connected{3}}) == "connected to 192.0.2.7");
  CHECK(narrator.sentence({1ms, CancelAttempt{3, CancelReason::lost}}) ==
        "give up 192.0.2.7 (another has won)");
  CHECK(narrator.sentence({1ms, CancelAttempt{3, CancelReason::timed_out}}) ==
        "give up 192.0.2.7 (time is over)");
  CHECK(narrator.sentence({1ms, CancelAttempt{3, CancelReason::abandoned}}) ==
        "give up 192.0.2.7 (the dial is over)");
  CHECK(narrator.sentence({1ms, CancelAttempt{3, CancelReason::twin_failed}}) ==
        "give up 192.0.2.7 (the other attempt there has failed)");
}

TEST_CASE("how a question or an attempt ended, in a few words") {
  CHECK(to_words(AnswerStatus::no_address, AAAA) == "no IPv6 address");
  CHECK(to_words(AnswerStatus::no_such_name, AAAA) == "name does not exist");
  CHECK(to_words(AnswerStatus::server_failure, A) == "name servers report a failure");
  CHECK(to_words(AnswerStatus::no_answer, A) == "no name server answers");
  CHECK(to_words(AnswerStatus::bad_answer, A) == "name servers send nonsense");
  CHECK(to_words(error(ECONNREFUSED)) == "refused");
  CHECK(to_words(error(EHOSTUNREACH)) == "host unreachable");
  CHECK(to_words(error(ETIMEDOUT)) == "no answer");
  CHECK(to_words(error(EPERM)) == "forbidden by this machine");
}

// --- trace ---------------------------------------------------------------------------------

TEST_CASE("every event of a dial is traced, one JSON object a line, in order") {
  const std::vector<Json> expected = {
      R"({"t_us":0, "event":"config_set", "trace_version":1, "host":"db.example", "service":"22",
          "connection_attempt_delay_us":250000, "resolution_delay_us":50000, "timeout_us":30000000,
          "preferred_family_count":1, "preferred_family":"IPv6", "backup_attempt":true,
          "origin":"dns"})"_json,
      R"({"t_us":0, "event":"dns_query_started", "type":"AAAA",
          "name":"db.example"})"_json,
      R"({"t_us":2000, "event":"dns_query_started", "type":"A", "name":"db.example"})"_json,
      R"({"t_us":12300, "event":"candidate_discovered", "address":"192.0.2.7", "port":22,
          "family":"IPv4", "origin":"dns", "source":{"address":"192.0.2.9", "prefix_length":64,
          "deprecated":false, "home":false, "encapsulated":false}})"_json,
      R"({"t_us":12300, "event":"dns_query_finished", "type":"A", "status":"addresses",
          "addresses":1, "duration_us":10300})"_json,
      R"({"t_us":12300, "event":"resolution_delay_timer_set", "until_us":62300})"_json,
      R"({"t_us":30000, "event":"candidate_discovered", "address":"2001:db8::1", "port":22,
          "family":"IPv6", "origin":"dns", "source":{"address":"2001:db8::9", "prefix_length":64,
          "deprecated":false, "home":false, "encapsulated":false}})"_json,
      R"({"t_us":30000, "event":"candidate_discovered", "address":"2001:db8::2", "port":22,
          "family":"IPv6", "origin":"dns", "source":null})"_json,
      R"({"t_us":30000, "event":"candidate_discovered", "address":"2001:db8::1", "port":22,
          "family":"IPv6", "origin":"dns", "source":null})"_json,
      R"({"t_us":30000, "event":"dns_query_finished", "type":"AAAA", "status":"addresses",
          "addresses":3, "duration_us":30000})"_json,
      R"({"t_us":30000, "event":"candidate_removed", "address":"2001:db8::1", "port":22,
          "family":"IPv6", "reason":"duplicate"})"_json,
      R"({"t_us":30000, "event":"candidates_sorted", "order":[
          {"attempt":1, "address":"2001:db8::1", "rule":6, "why":"higher precedence"},
          {"attempt":0, "address":"192.0.2.7", "rule":1, "why":"has a route"},
          {"attempt":2, "address":"2001:db8::2", "rule":10, "why":"order of the answer"}]})"_json,
      R"({"t_us":30000, "event":"resolution_delay_timer_canceled"})"_json,
      R"({"t_us":30000, "event":"attempt_started", "attempt":1, "address":"2001:db8::1",
          "port":22, "family":"IPv6", "reason":"preferred_family_known"})"_json,
      R"({"t_us":30000, "event":"next_attempt_timer_set", "until_us":280000})"_json,
      R"({"t_us":280000, "event":"next_attempt_timer_fired"})"_json,
      R"({"t_us":280000, "event":"attempt_started", "attempt":0, "address":"192.0.2.7",
          "port":22, "family":"IPv4", "reason":"connection_attempt_delay_over"})"_json,
      R"({"t_us":290000, "event":"attempt_outcome", "attempt":0, "address":"192.0.2.7", "port":22,
          "family":"IPv4", "outcome":"failure", "duration_us":10000, "errno":111,
          "error":"refused"})"_json,
      R"({"t_us":290000, "event":"attempt_started", "attempt":2, "address":"2001:db8::2",
          "port":22, "family":"IPv6", "reason":"attempt_failed"})"_json,
      R"({"t_us":310000, "event":"attempt_outcome", "attempt":2, "address":"2001:db8::2",
          "port":22, "family":"IPv6", "outcome":"success", "duration_us":20000})"_json,
      R"({"t_us":310000, "event":"attempt_outcome", "attempt":1, "address":"2001:db8::1",
          "port":22, "family":"IPv6", "outcome":"canceled", "duration_us":280000})"_json,
      R"({"t_us":310000, "event":"connection_selected", "attempt":2, "address":"2001:db8::2",
          "port":22, "family":"IPv6"})"_json,
      R"({"t_us":312000, "event":"handed_over", "address":"2001:db8::2", "port":22,
          "family":"IPv6"})"_json,
      R"({"t_us":313000, "event":"metrics", "total_duration_us":313000,
          "outcome":"success", "exit_status":0,
          "tt_first_success_us":310000, "first_success_family":"IPv6", "attempts_total":3,
          "attempts_success":1, "attempts_failure":1, "attempts_canceled":1})"_json,
  };
  const std::vector<Json> lines = traced(story());
  REQUIRE(lines.size() == expected.size());
  for (std::size_t i = 0; i < lines.size(); ++i) CHECK(lines[i] == expected[i]);
}

TEST_CASE("every attempt_started has exactly one attempt_outcome, whatever comes late") {
  std::vector<Event> events = story();  // attempt 1 connects when it has been given up
  SUBCASE("as told") {}
  SUBCASE("a failure after it was given up") {
    events.insert(events.end() - 1, {312ms, AttemptFailed{1, error(ECONNREFUSED)}});
  }
  SUBCASE("given up twice") {
    events.insert(events.end() - 1, {312ms, CancelAttempt{1, CancelReason::timed_out}});
  }
  std::map<int, int> started;
  std::map<int, std::vector<std::string>> outcomes;
  const std::vector<Json> lines = traced(events);
  for (const Json& line : lines) {
    if (line["event"] == "attempt_started") ++started[line["attempt"]];
    if (line["event"] == "attempt_outcome") outcomes[line["attempt"]].push_back(line["outcome"]);
  }
  CHECK(started == std::map<int, int>{{0, 1}, {1, 1}, {2, 1}});
  CHECK(outcomes == std::map<int, std::vector<std::string>>{
                        {0, {"failure"}}, {1, {"canceled"}}, {2, {"success"}}});
  CHECK(lines.back()["attempts_canceled"] == 1);
}

TEST_CASE("a dial that failed is traced to its end") {
  const std::vector<Json> lines = traced({
      {0ms, configured("hosts")},
      {0ms, DialStarted{{}, {{at("192.0.2.7"), {}}}}},
      {0ms, StartAttempt{0, at("192.0.2.7"), StartReason::nothing_to_wait_for}},
      {30s, CancelAttempt{0, CancelReason::timed_out}},
      {30s, ended(Outcome::timed_out)},
      {30s, lost(Outcome::timed_out)},
  });
  REQUIRE(lines.size() == 6);
  CHECK(lines[1]["event"] == "candidate_discovered");
  CHECK(lines[1]["origin"] == "hosts");
  CHECK(lines[3]["outcome"] == "timeout");
  CHECK(lines[3]["duration_us"] == 30'000'000);
  CHECK(lines[4] ==
        R"({"t_us":30000000, "event":"connection_aborted", "reason":"timed_out"})"_json);
  CHECK(lines[5] == R"({"t_us":30000000, "event":"metrics", "total_duration_us":30000000,
      "outcome":"failure", "exit_status":75,
      "attempts_total":1, "attempts_success":0, "attempts_failure":0,
      "attempts_canceled":1})"_json);
}

TEST_CASE("a backup attempt is traced with what it is a backup of") {
  const std::vector<Json> lines = traced({
      {0ms, configured("hosts")},
      {0ms, StartAttempt{0, at("192.0.2.7"), StartReason::nothing_to_wait_for}},
      {250ms, StartAttempt{1, at("192.0.2.7"), StartReason::backup, 0}},
      {300ms, AttemptFailed{0, error(ECONNREFUSED)}},
      {300ms, CancelAttempt{1, CancelReason::twin_failed}},
  });
  REQUIRE(lines.size() == 5);
  CHECK_FALSE(lines[1].contains("backup_of"));
  CHECK(lines[2]["backup_of"] == 0);
  CHECK(lines[4]["outcome"] == "canceled");
}

TEST_CASE("a relay is traced with its peer, and with its bytes when it is over") {
  const std::vector<Json> lines =
      traced({{1ms, RelayStarted{at("192.0.2.7"), 8ms}}, {5ms, RelayEnded{10, 5'000'000'000}}});
  CHECK(lines == std::vector<Json>{
                     R"({"t_us":1000, "event":"relay_started", "address":"192.0.2.7", "port":22,
                         "family":"IPv4", "delayed_ack_us":8000})"_json,
                     R"({"t_us":5000, "event":"relay_finished", "bytes_sent":10,
                         "bytes_received":5000000000})"_json});
}

TEST_CASE("every status, reason and outcome has its own word in the trace") {
  const auto words = [](const char* key, auto... bodies) {
    std::string text;
    for (const Event::Body& body : {Event::Body(bodies)...})
      text += traced({{1ms, body}}).at(0)[key].get<std::string>() + ' ';
    return text;
  };
  using enum AnswerStatus;
  using enum StartReason;
  const auto start = [](StartReason reason) { return StartAttempt{0, at("192.0.2.7"), reason}; };
  CHECK(words("status",
              AnswerReceived{A, AnswerStatus::no_address, {}},
              AnswerReceived{A, no_such_name, {}},
              AnswerReceived{A, server_failure, {}},
              AnswerReceived{A, no_answer, {}},
              AnswerReceived{A, bad_answer, {}}) ==
        "no_address no_such_name server_failure no_answer bad_answer ");
  CHECK(words("reason",
              start(nothing_to_wait_for),
              start(resolution_delay_over),
              start(address_arrived),
              start(backup)) ==
        "nothing_to_wait_for resolution_delay_over address_arrived backup ");
  CHECK(words("reason", ended(Outcome::no_address), ended(Outcome::all_attempts_failed)) ==
        "no_address all_attempts_failed ");
  CHECK(words("event",
              TimerFired{TimerKind::resolution_delay},
              TimerFired{TimerKind::backup_attempt},
              TimerCanceled{TimerKind::next_attempt}) ==
        "resolution_delay_timer_fired backup_attempt_timer_fired next_attempt_timer_canceled ");
}

TEST_CASE("[RFC 8259 §7] any text is a JSON string, on one line of ASCII") {
  std::string every_byte;
  for (int byte = 0; byte < 256; ++byte) every_byte += static_cast<char>(byte);
  const std::string line = JsonLine().add("text", every_byte).add("yes", true).add("n", -1).line();
  CHECK(line.find('\n') == line.size() - 1);
  CHECK(std::ranges::all_of(line, [](char c) { return c == '\n' || (c >= 0x20 && c < 0x7f); }));
  const Json json = Json::parse(line);
  CHECK(json["yes"] == true);
  CHECK(json["n"] == -1);
  const std::string text = json["text"];  // as UTF-8: one byte up to 127, two from there
  CHECK(text.substr(0, 128) == every_byte.substr(0, 128));
  CHECK(text.size() == 128 + 2 * 128);
  CHECK(JsonLine().object() == "{}");
}

}  // namespace gladhand::report_test
