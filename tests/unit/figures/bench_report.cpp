// The reports of gladhand-bench for programs and for people, of one fixed run.
#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "figures/bench_csv.hpp"
#include "figures/bench_json.hpp"
#include "figures/bench_text.hpp"
#include "figures/openmetrics.hpp"
#include "samples/sample_builder.hpp"
#include "text_of.hpp"

namespace gladhand::bench_report_test {

namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

Endpoint at(std::string_view address) {
  return parse_address(address, 22).value();
}

// A host that falls back to IPv4 in every dial, and one with an odd name that does not exist.
BenchRun story() {
  BenchRun run;
  run.started = std::chrono::sys_seconds(1'795'377'600s);  // 2026-11-22T20:00:00Z
  run.duration = 9s;
  run.environment = {"0.1.0", "Linux 6.1", 2, "here", "gladhand-bench db.example"};
  run.terms = {.samples = 8,
               .concurrency = 1,
               .timeout = 30s,
               .connection_attempt_delay = 250ms,
               .resolution_delay = 50ms};
  HostSamples db{.host = "db.example", .port = "22", .modes = {{.mode = "race"}}};
  for (std::uint32_t i = 0; i < 8; ++i) {
    SampleBuilder builder;
    builder.begin();
    const Moment end = 300ms + i * i * 2ms;
    const std::vector<Event> events = {
        {0ms, SendQuery{Family::ipv6}},
        {0ms, SendQuery{Family::ipv4}},
        {12ms, AnswerReceived{Family::ipv4, AnswerStatus::addresses, {{at("192.0.2.1"), {}}}}},
        {20ms, AnswerReceived{Family::ipv6, AnswerStatus::addresses, {{at("2001:db8::1"), {}}}}},
        {20ms, StartAttempt{1, at("2001:db8::1"), StartReason::preferred_family_known}},
        {270ms, StartAttempt{0, at("192.0.2.1"), StartReason::connection_attempt_delay_over}},
        {end, Connected{0}},
        {end, CancelAttempt{1, CancelReason::lost}},
        {end, Finish{Outcome::connected, 0, {}, {}}},
        {end, DialEnded{}},
    };
    for (const Event& event : events) builder.take(event);
    builder.store({i, i * 1s, i * 1s}, db, db.modes[0]);
  }
  HostSamples gone{.host = "gone\"\\.example", .port = "2,2", .modes = {{.mode = "race"}}};
  SampleBuilder builder;
  builder.begin();
  builder.take(
      {3ms, DialEnded{DialFailure{Error(ExitStatus::proxy_failed, "no, \"not\" here")}}});
  builder.store({0, 1ms, 1ms}, gone, gone.modes[0]);
  run.hosts = {db, gone};
  return run;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::size_t width(const std::string& line) {
  return static_cast<std::size_t>(
      std::ranges::count_if(line, [](char c) { return (c & 0xc0) != 0x80; }));
}

}  // namespace

TEST_CASE("the JSON report holds every figure and every sample") {
  const BenchRun run = story();
  const auto summaries = summarise_all(run.hosts);
  const Json json =
      Json::parse(text_of([&](const TextSink& sink) { write_bench_json(run, summaries, sink); }));
  CHECK(json["schema"] == "gladhand-bench/1");
  CHECK(json["started"] == "2026-11-22T20:00:00.000Z");
  CHECK(json["duration_us"] == 9'000'000);
  CHECK(json["environment"]["cpus"] == 2);
  CHECK(json["options"]["until"] == "tcp");
  CHECK(json["options"]["rate_per_s"].is_null());
  CHECK(json["saturated"] == false);
  CHECK(json["verdicts"] == Json{"1 of 2 hosts connect"});
  const Json& mode = json["hosts"][0]["modes"][0];
  CHECK(mode["summary"]["median_us"] == 325'000);
  CHECK(mode["summary"]["wins"] == Json{{"IPv6", 0}, {"IPv4", 8}});
  CHECK(mode["summary"]["median_ci95_us"].size() == 2);
  CHECK(mode["summary"]["phases"]["dns_aaaa"] == Json{{"median_us", 20'000}});
  CHECK_FALSE(mode["summary"]["phases"].contains("connect_ipv6"));
  REQUIRE(mode["samples"].size() == 8);
  const Json& sample = mode["samples"][2];
  CHECK(sample["n"] == 2);
  CHECK(sample["intended_us"] == 2'000'000);
  CHECK(sample["outcome"] == "connected");
  CHECK(sample["error"].is_null());
  CHECK(sample["total_us"] == 308'000);
  CHECK(sample["address"] == "192.0.2.1");
  CHECK(sample["phases"] ==
        Json{{"dns_aaaa_us", 20'000}, {"dns_a_us", 12'000}, {"connect_us", 38'000}});
  CHECK(sample["queries"][0] == Json{{"type", "AAAA"},
                                     {"start_us", 0},
                                     {"end_us", 20'000},
                                     {"status", "addresses"},
                                     {"addresses", 1}});
  CHECK(sample["attempts"][0] == Json{{"address", "2001:db8::1"},
                                      {"family", "IPv6"},
                                      {"start_us", 20'000},
                                      {"end_us", 308'000},
                                      {"outcome", "canceled"},
                                      {"error", nullptr}});
}

TEST_CASE("a host that never connected has no times in the JSON report") {
  const BenchRun run = story();
  const auto summaries = summarise_all(run.hosts);
  const Json json =
      Json::parse(text_of([&](const TextSink& sink) { write_bench_json(run, summaries, sink); }));
  const Json& host = json["hosts"][1];
  CHECK(host["host"] == "gone\"\\.example");
  CHECK(host["modes"][0]["summary"]["loss"] == 1);
  CHECK_FALSE(host["modes"][0]["summary"].contains("median_us"));
  CHECK(host["modes"][0]["samples"][0]["error"] == "no, \"not\" here");
  CHECK_FALSE(host["modes"][0]["samples"][0].contains("address"));
}

TEST_CASE("CSV has one line for each sample, and quotes what needs it") {
  const BenchRun run = story();
  const auto lines =
      lines_of(text_of([&run](const TextSink& sink) { write_bench_csv(run, sink); }));
  REQUIRE(lines.size() == 10);
  CHECK(lines[1] ==
        "db.example,22,race,0,0,0,connected,,300000,IPv4,192.0.2.1,20000,12000,30000,,,2,2026-11-"
        "22T20:00:00.000Z,0,,,,,,,,");
  CHECK(lines[9] ==
        "\"gone\"\"\\.example\",\"2,2\",race,0,1000,1000,failed,\"no, \"\"not\"\" "
        "here\",3000,,,,,,,,0,2026-11-22T20:00:00.001Z,0,,,,,,,,");
}

TEST_CASE("[RFC 4180] an address with a comma is quoted") {
  BenchRun run = story();
  run.hosts[0].addresses.assign(2, Endpoint::unix_socket("/tmp/a,b").value());
  const std::string text = text_of([&run](const TextSink& sink) { write_bench_csv(run, sink); });
  CHECK(text.find(",\"/tmp/a,b\",") != text.npos);
}

TEST_CASE("CSV has no cell that a spreadsheet runs, no control character and no broken UTF-8") {
  BenchRun run = story();
  const auto first_cell = [&run](const std::string& host) {
    run.hosts[0].host = host;
    const std::string text = text_of([&run](const TextSink& sink) { write_bench_csv(run, sink); });
    const std::size_t begin = text.find('\n') + 1;
    return text.substr(begin, text.find(",22,race", begin) - begin);
  };
  CHECK(first_cell("=cmd|' /C calc'!A0") == "'=cmd|' /C calc'!A0");
  CHECK(first_cell("+1") == "'+1");
  CHECK(first_cell("-1") == "'-1");
  CHECK(first_cell("@SUM(1)") == "'@SUM(1)");
  CHECK(first_cell("\t=1") == "\\x09=1");
  CHECK(first_cell("\r=1\n") == "\\x0d=1\\x0a");
  CHECK(first_cell("a;=1") == "\"a;=1\"");
  CHECK(first_cell("\x1b[2J\x9f") == "\\x1b[2J\\x9f");
  CHECK(first_cell("b\xc3\xbc"
                   "cher") ==
        "b\xc3\xbc"
        "cher");
}

TEST_CASE("OpenMetrics has labels without control characters, in UTF-8") {
  BenchRun run = story();
  run.hosts[0].host = "a\nb\r\x1b\xff\xc3\xbc\"\\";
  const auto summaries = summarise_all(run.hosts);
  const std::string text =
      text_of([&](const TextSink& sink) { write_openmetrics(run, summaries, {}, sink); });
  CHECK(text.find(R"({host="a\\x0ab\\x0d\\x1b\\xff)"
                  "\xc3\xbc"
                  R"(\"\\",port=)") != text.npos);
}

TEST_CASE("OpenMetrics: buckets count upwards to the number of samples, labels are escaped") {
  const BenchRun run = story();
  const auto summaries = summarise_all(run.hosts);
  const auto lines =
      lines_of(text_of([&](const TextSink& sink) { write_openmetrics(run, summaries, {}, sink); }));
  CHECK(lines.back() == "# EOF");
  const std::string labels = R"({host="db.example",port="22",mode="race",outcome="connected")";
  const auto holds = [&lines](const std::string& line) {
    return std::ranges::find(lines, line) != lines.end();
  };
  CHECK(holds("gladhand_bench_dial_seconds_bucket" + labels + ",le=\"0.25\"} 0"));
  CHECK(holds("gladhand_bench_dial_seconds_bucket" + labels + ",le=\"0.5\"} 8"));
  CHECK(holds("gladhand_bench_dial_seconds_bucket" + labels + ",le=\"+Inf\"} 8"));
  CHECK(holds("gladhand_bench_dial_seconds_sum" + labels + "} 2.68"));
  CHECK(holds("gladhand_bench_dial_seconds_count" + labels + "} 8"));
  CHECK(holds(
      R"(gladhand_bench_dial_seconds_count{host="gone\"\\.example",port="2,2",mode="race",outcome="failed"} 1)"));
  CHECK(holds(R"(gladhand_bench_loss_ratio{host="db.example",port="22",mode="race"} 0.0)"));
  CHECK(holds(R"(gladhand_bench_success{host="gone\"\\.example",port="2,2",mode="race"} 0)"));
}

TEST_CASE("OpenMetrics: a histogram counts on, and keeps the hosts of other runs") {
  BenchRun run = story();
  const auto summaries = summarise_all(run.hosts);
  const auto after = [&](const MetricsOptions& options) {
    return text_of([&](const TextSink& sink) { write_openmetrics(run, summaries, options, sink); });
  };
  const std::string first = after({});
  const std::string name = counting_metric;
  const std::string connected = R"(host="db.example",port="22",mode="race",outcome="connected")";
  const std::string second = after({"", read_metrics_before("f", first, name)});
  CHECK(second.find(name + "_count{" + connected + "} 16\n") != second.npos);
  CHECK(second.find(name + "_sum{" + connected + "} 5.36\n") != second.npos);
  CHECK(second.find(name + "_bucket{" + connected + ",le=\"0.5\"} 16\n") != second.npos);

  run.hosts[0].host = "new.example";
  const std::string third = after({"", read_metrics_before("f", second, name)});
  CHECK(third.find(name + "_count{" + connected + "} 16\n") != third.npos);
  CHECK(third.find("gladhand_bench_success{host=\"db.example\"") == third.npos);
  CHECK(third.find(R"(_count{host="new.example",port="22",mode="race",outcome="connected"} 8)") !=
        third.npos);

  std::string other_bounds = second;
  for (std::size_t at = 0; (at = other_bounds.find("le=\"0.5\"", at)) != other_bounds.npos;)
    other_bounds.replace(at, 8, "le=\"0.4\"");
  const std::string anew = after({"", read_metrics_before("f", other_bounds, name)});
  CHECK(anew.find(
            "_count{host=\"new.example\",port=\"22\",mode=\"race\",outcome=\"connected\"} 8\n") !=
        anew.npos);
  CHECK(anew.find(connected) == anew.npos);

  CHECK_THROWS_WITH_AS(read_metrics_before("f", "up 1\n", name),
                       "--openmetrics: 'f' holds 'up 1', which this program has not written",
                       UsageError);
  CHECK_THROWS_AS(read_metrics_before("f", name + "_sum{a=\"b\"} many\n", name), UsageError);
}

TEST_CASE("labels of the user's are on every series") {
  CHECK(read_label("team=a \"b\"") == "team=\"a \\\"b\\\"\"");
  for (const char* wrong : {"", "team", "=x", "1a=x", "__a=x", "a-b=x", "host=x", "le=1"})
    CHECK_THROWS_AS(read_label(wrong), UsageError);
  const BenchRun run = story();
  for (const std::string& line : lines_of(text_of([&](const TextSink& sink) {
         write_openmetrics(run, summarise_all(run.hosts), {read_label("team=x"), {}}, sink);
       })))
    CHECK((line.starts_with('#') || line.find("team=\"x\"") != line.npos));
}

TEST_CASE("the text for a person") {
  BenchRun run = story();
  run.hosts.pop_back();
  const std::string text = describe_run(run, summarise_all(run.hosts), {});
  CHECK(text == R"(host        dials  failed  best  median  p90  p99     max  IPv6  IPv4
db.example      8       -  IPv4  325 ms    -    -  398 ms    0%  100%

db.example
  300 ms to   309 ms      3  ██████████████████████████████████████████████████
  309 ms to   317 ms      0
  317 ms to   327 ms      1  ████████████████▋
  327 ms to   336 ms      1  ████████████████▋
  336 ms to   346 ms      0
  346 ms to   355 ms      1  ████████████████▋
  355 ms to   366 ms      0
  366 ms to   376 ms      1  ████████████████▋
  376 ms to   387 ms      0
  387 ms to   398 ms      1  ████████████████▋

db.example
medians     AAAA        A     IPv4
race     20.0 ms  12.0 ms  55.0 ms

db.example, race, median: sample 3, 318 ms
             0                                           318 ms
AAAA         ┄┄┄●                                               1 address, 20 ms
A            ┄●                                                 1 address, 12 ms
2001:db8::1     ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━○  given up, 298 ms
192.0.2.1                                            ━━━━━━━━●  connected, 48 ms

worst: sample 7, 398 ms
             0                                          398 ms
AAAA         ┄┄●                                               1 address, 20 ms
A            ┄●                                                1 address, 12 ms
2001:db8::1    ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━○  given up, 378 ms
192.0.2.1                                   ━━━━━━━━━━━━━━━━●  connected, 128 ms

db.example:
  IPv4 wins 8 of 8 races
  IPv6 is slow or broken: in 8 attempts it had not connected by the time that
    IPv4 did; --compare v6 tells which

closed loop: a slow dial holds up the next, so slow spells have few samples;
  --rate has them all
)");
}

TEST_CASE("a handshake that failed is not drawn as open") {
  HostSamples host{.host = "db.example", .port = "22", .modes = {{.mode = "race"}}};
  SampleBuilder builder;
  builder.begin();
  for (const Event& event :
       {Event{0ms, StartAttempt{0, at("192.0.2.1"), StartReason::prepared}},
        Event{5ms, Connected{0}},
        Event{5ms, Finish{Outcome::connected, 0, {}, {}}},
        Event{5ms, HandshakeStarted{}},
        Event{15ms, HandshakeFinished{"", "refused"}},
        Event{15ms, DialEnded{DialFailure{Error(ExitStatus::proxy_failed, "")}}}})
    builder.take(event);
  builder.store({}, host, host.modes[0]);
  BenchRun run;
  run.hosts = {host};
  const std::string text = describe_run(run, summarise_all(run.hosts), {});
  CHECK(text.find("failed, 10 ms") != text.npos);
  CHECK(text.find("open") == text.npos);
}

TEST_CASE("the text keeps to the width of its terminal, and to ASCII where it must") {
  const BenchRun run = story();
  const auto summaries = summarise_all(run.hosts);
  for (const unsigned columns : {70U, 80U, 120U})
    for (const std::string& line : lines_of(describe_run(run, summaries, {.columns = columns})))
      CHECK(width(line) <= columns);
  const std::string plain = describe_run(run, summaries, {.unicode = false});
  CHECK(std::ranges::all_of(plain, [](char c) { return c == '\n' || (c >= ' ' && c < 127); }));
  CHECK(plain.find('#') != plain.npos);
}

TEST_CASE("a narrow terminal gets the figures that say most") {
  const BenchRun run = story();
  const auto head = [&run](unsigned columns) {
    return lines_of(describe_run(run, summarise_all(run.hosts), {.columns = columns})).front();
  };
  CHECK(head(80).find("best") != std::string::npos);
  CHECK(width(head(45)) <= 45);
  CHECK(head(45).find("best") == std::string::npos);
  for (const char* name : {"host", "dials", "failed", "median"})
    CHECK(head(45).find(name) != std::string::npos);
}

TEST_CASE("long names of modes are shortened as those of hosts are") {
  BenchRun run = story();
  run.hosts.pop_back();
  run.hosts[0].modes.push_back(run.hosts[0].modes[0]);
  run.hosts[0].modes[0].mode = "2001:db8:1111:2222:3333:4444:5555:6666";
  const std::vector<std::vector<Summary>> summaries = {
      {summarise(run.hosts[0], run.hosts[0].modes[0]),
       summarise(run.hosts[0], run.hosts[0].modes[1])}};
  const auto lines = lines_of(describe_run(run, summaries, {.columns = 80}));
  for (std::size_t i = 0; i < 3; ++i) CHECK(width(lines[i]) <= 80);
  CHECK(lines[1].starts_with("db.example 2001:"));
  CHECK(lines[1].find("..") != std::string::npos);
}

TEST_CASE("no two rows are shortened to the same, however narrow the terminal") {
  BenchRun run = story();
  run.hosts[1] = run.hosts[0];
  run.hosts[0].host = "a-rather-long-name-of-rack-1-row-7.example";
  run.hosts[1].host = "a-rather-long-name-of-rack-2-row-7.example";
  for (const unsigned columns : {30U, 50U, 60U, 80U}) {
    const auto lines = lines_of(describe_run(run, summarise_all(run.hosts), {.columns = columns}));
    CHECK(lines[1].substr(0, lines[1].find(' ')) != lines[2].substr(0, lines[2].find(' ')));
  }
}

TEST_CASE("where no terminal bounds a table nothing of it is left out or shortened") {
  BenchRun run = story();
  run.hosts[0].host = std::string(60, 'a') + ".example";
  const auto lines = lines_of(describe_run(run, summarise_all(run.hosts), {.tables_fit = false}));
  CHECK(lines[0].find("best") != std::string::npos);
  CHECK(lines[1].starts_with(run.hosts[0].host + ' '));
}

TEST_CASE("a host of two ports has them in its headings") {
  BenchRun run = story();
  run.hosts[1] = run.hosts[0];
  run.hosts[1].port = "2222";
  const std::string text = describe_run(run, summarise_all(run.hosts), {});
  CHECK(text.find("\ndb.example:\n") != text.npos);
  CHECK(text.find("\ndb.example:2222:\n") != text.npos);
  CHECK(text.find("\ndb.example:2222, race, median") != text.npos);
}

TEST_CASE("colour marks failures, and only where it is wanted") {
  const BenchRun run = story();
  const auto summaries = summarise_all(run.hosts);
  CHECK(describe_run(run, summaries, {}).find('\033') == std::string::npos);
  const auto lines = lines_of(describe_run(run, summaries, {.colour = true}));
  CHECK(lines[0].starts_with("\033[1mhost "));
  CHECK(lines[1].starts_with("db.example "));
  CHECK(lines[2].starts_with("\033[31mgone"));
  CHECK(lines[2].ends_with("\033[0m"));
}

TEST_CASE("progress tells count, rate, failures and the time left") {
  CHECK(progress_line({.done = 20, .total = 100, .failures = 3, .elapsed = 10s}, 80) ==
        "20 of 100 dials, 2.0/s, 3 failed, 40 s left");
  CHECK(progress_line({.done = 500, .elapsed = 10s, .bound = 25s}, 80) ==
        "500 dials, 50/s, 0 failed, 15 s left");
  CHECK(progress_line({.done = 500, .elapsed = 10s}, 80) == "500 dials, 50/s, 0 failed");
  CHECK(progress_line({.done = 500, .elapsed = 10s}, 10) == "500 dials");
}

}  // namespace gladhand::bench_report_test
