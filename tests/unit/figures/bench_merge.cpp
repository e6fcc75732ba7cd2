// Reports read back, merged and compared; and what a file may lie about.
#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "figures/bench_csv.hpp"
#include "figures/bench_json.hpp"
#include "figures/bench_json_reader.hpp"
#include "figures/bench_text.hpp"
#include "figures/openmetrics.hpp"
#include "figures/page.hpp"
#include "gladhand/error.hpp"
#include "samples/bench_verdict.hpp"
#include "samples/comparison.hpp"
#include "samples/merge.hpp"
#include "text_of.hpp"

namespace gladhand::bench_merge_test {

namespace {

using Json = nlohmann::json;

std::string example() {
  std::ifstream file(GLADHAND_BENCH_EXAMPLE);
  return {std::istreambuf_iterator<char>(file), {}};
}

Summaries figures(const BenchRun& run) {
  Summaries result = summarise_all(run.hosts);
  for (std::size_t i = 0; i < result.size(); ++i)
    compare_series(run.hosts[i], run.sources, result[i]);
  return result;
}

std::string json_of(const BenchRun& run) {
  const Summaries summaries = figures(run);
  return text_of([&](const TextSink& sink) { write_bench_json(run, summaries, sink); });
}

std::string page_of(const BenchRun& run) {
  const Summaries summaries = figures(run);
  return text_of([&](const TextSink& sink) { write_page(run, summaries, sink); });
}

// One host, dialled over one IPv4 address in these milliseconds; a negative one is a failure.
RunOfFile run_from(const std::string& file,
                   const std::string& node,
                   const std::vector<int>& took,
                   const std::string& name = "db.example",
                   const std::string& mode_name = "race") {
  RunOfFile result{file, {}, false};
  result.run.environment = {"0.1.0", "Linux 6.1", 2, node, "gladhand-bench " + name};
  HostSamples host{.host = name,
                   .port = "22",
                   .addresses = {*parse_address("192.0.2.1", 22)},
                   .texts = {"no answer in time"},
                   .modes = {{.mode = mode_name}}};
  ModeSamples& mode = host.modes[0];
  for (const int ms : took) {
    Sample sample;
    sample.number = static_cast<std::uint32_t>(mode.samples.size());
    sample.started = sample.intended = std::chrono::seconds(sample.number);
    sample.total = std::chrono::milliseconds(std::abs(ms));
    sample.first_attempt = sample.number;
    sample.attempts = 1;
    if (ms < 0) {
      sample.outcome = SampleOutcome::timed_out;
      sample.error = 0;
    } else {
      sample.winner = 0;
    }
    mode.attempts.push_back({0,
                             ms < 0 ? AttemptOutcome::timeout : AttemptOutcome::success,
                             0,
                             Moment(0),
                             sample.total});
    mode.samples.push_back(sample);
  }
  result.run.hosts.push_back(std::move(host));
  return result;
}

std::vector<int> around(int middle, int count) {
  std::vector<int> took;
  for (int i = 0; i < count; ++i) took.push_back(middle + i % 5 - 2);
  return took;
}

std::string refusal(const std::string& text) {
  try {
    read_bench_json("a.json", text);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "accepted";
}

std::string without(const char* pointer) {
  Json json = Json::parse(example());
  const Json::json_pointer at(pointer);
  json[at.parent_pointer()].erase(at.back());
  return refusal(json.dump());
}

std::string with(const char* pointer, const Json& value) {
  Json json = Json::parse(example());
  json[Json::json_pointer(pointer)] = value;
  return refusal(json.dump());
}

}  // namespace

TEST_CASE("a report that is read and written again is the same") {
  const std::string text = example();
  const RunOfFile read = read_bench_json("a.json", text);
  const Json before = Json::parse(text);
  const Json after = Json::parse(json_of(read.run));
  REQUIRE(after["hosts"].size() == before["hosts"].size());
  for (std::size_t i = 0; i < before["hosts"].size(); ++i) {
    const bool same = after["hosts"][i]["modes"] == before["hosts"][i]["modes"];
    CHECK_MESSAGE(same, "host ", i);
  }
  CHECK(after["options"] == before["options"]);
  CHECK(after["environment"] == before["environment"]);
  CHECK(after["started"] == before["started"]);
  CHECK(after["duration_us"] == before["duration_us"]);
}

TEST_CASE("bytes of a text come back as they were") {
  RunOfFile odd = run_from("a", "n\xc3\xa9", {1}, "h\xff\xc2\xe2\x80\xa8\"\\<");
  const RunOfFile read = read_bench_json("a", json_of(odd.run));
  CHECK(read.run.hosts[0].host == odd.run.hosts[0].host);
  CHECK(read.run.environment.node == odd.run.environment.node);
}

TEST_CASE("a file of another shape is refused in one line that names the place") {
  CHECK(refusal("") == "'a.json': is no JSON: broken at byte 1");
  CHECK(refusal("[1,2]") == "'a.json': is no report of schema gladhand-bench/1");
  CHECK(refusal("{\"schema\":\"gladhand-bench/2\",\"hosts\":[{}]}") ==
        "'a.json': is no report of schema gladhand-bench/1");
  CHECK(without("/hosts") == "'a.json': hosts is missing");
  CHECK(without("/hosts/1/host") == "'a.json': hosts[1].host is missing");
  CHECK(with("/hosts", 3) == "'a.json': hosts is no list");
  CHECK(with("/hosts/0", 3) == "'a.json': hosts holds what is no object");
  CHECK(with("/merged", Json::array()) ==
        "'a.json': is merged already: give the files it was made of");
  CHECK(with("/started", "yesterday") == "'a.json': started is no time");
  CHECK(without("/environment/node") == "'a.json': environment.node is missing");
  CHECK(with("/options/samples", -1) ==
        "'a.json': options.samples is no whole number from 0 to 4294967295");
  CHECK(with("/hosts/0/modes/0/samples/2/total_us", 1e30) ==
        "'a.json': hosts[0].modes[0].samples[2].total_us is no whole number from 0 to "
        "3200000000000000");
  CHECK(with("/hosts/0/modes/0/samples/2/outcome", "fine") ==
        "'a.json': hosts[0].modes[0].samples[2].outcome is unknown: 'fine'");
  CHECK(with("/hosts/0/modes/0/samples/0/queries/0/start_us", 100'000'000) ==
        "'a.json': hosts[0].modes[0].samples[0].queries[0].end_us is before start_us");
  CHECK(with("/hosts/0/modes/0/samples/0/phases", 1) ==
        "'a.json': hosts[0].modes[0].samples[0].phases is no object");
}

TEST_CASE("no broken file does worse than be refused") {
  const std::string text = example();
  for (std::size_t size = 0; size + 3 < text.size(); size += 97)
    CHECK(refusal(text.substr(0, size)).starts_with("'a.json': is no JSON"));
  std::mt19937 generator(1);
  constexpr char bytes[] = "0]}[{\"-:,e9\\\x80\xff";
  for (int round = 0; round < 400; ++round) {
    std::string broken = text;
    for (int i = 0; i < 1 + round % 4; ++i)
      broken[generator() % broken.size()] = bytes[generator() % (sizeof(bytes) - 1)];
    try {
      std::vector<RunOfFile> runs = {read_bench_json("a", broken), read_bench_json("b", text)};
      const BenchRun merged = merge_runs(std::move(runs));
      CHECK_FALSE(page_of(merged).empty());
    } catch (const UsageError& error) {
      CHECK(std::string_view(error.what()).find('\n') == std::string_view::npos);
    }
  }
  CHECK(refusal(std::string(1'000'000, '[')).starts_with("'a.json': is no JSON"));
}

TEST_CASE("a series is called after its machine, or its file where machines are the same") {
  const auto names = [](std::vector<std::pair<std::string, std::string>> files) {
    std::vector<RunOfFile> runs;
    for (const auto& [file, node] : files) runs.push_back(run_from(file, node, {1}));
    return vantage_names(runs);
  };
  using Names = std::vector<std::string>;
  CHECK(names({{"x/1.json", "berlin"}, {"x/2.json", "oslo"}}) == Names{"berlin", "oslo"});
  CHECK(names({{"x/1.json", "oslo"}, {"x/2.json", "oslo"}}) == Names{"1.json", "2.json"});
  CHECK(names({{"x/1.json", ""}, {"x/2.json", "oslo"}}) == Names{"1.json", "2.json"});
  CHECK(names({{"x/1.json", "oslo"}, {"y/1.json", "oslo"}}) == Names{"x/1.json", "y/1.json"});
  CHECK(names({{"1.json", "oslo"}, {"1.json", "oslo"}}) == Names{"1.json", "1.json#2"});
}

TEST_CASE("merged samples keep their addresses and errors; hosts of one file only stay") {
  RunOfFile second = run_from("b", "b", {20, -5});
  second.run.hosts[0].addresses = {*parse_address("2001:db8::1", 22)};
  second.run.hosts[0].texts = {"other words"};
  RunOfFile third = run_from("c", "c", {7}, "web.example");
  const BenchRun merged =
      merge_runs({run_from("a", "a", {10, -5, 11}), std::move(second), std::move(third)});
  REQUIRE(merged.hosts.size() == 2);
  REQUIRE(merged.sources.size() == 3);
  const HostSamples& db = merged.hosts[0];
  REQUIRE(db.modes.size() == 2);
  CHECK(db.modes[1].label() == "race from b");
  CHECK(to_string(*db.address_of(db.modes[0], db.modes[0].samples[2])) == "192.0.2.1");
  CHECK(to_string(*db.address_of(db.modes[1], db.modes[1].samples[0])) == "2001:db8::1");
  CHECK(db.error_of(db.modes[0].samples[1]) == "no answer in time");
  CHECK(db.error_of(db.modes[1].samples[1]) == "other words");
  CHECK(merged.hosts[1].modes[0].vantage == "c");
}

TEST_CASE("a host that one file has twice is one series") {
  RunOfFile twice = run_from("a", "a", {10, 11});
  twice.run.hosts.push_back(twice.run.hosts[0]);
  twice.run.hosts[1].addresses[0] = *parse_address("192.0.2.9", 22);
  const BenchRun merged = merge_runs({std::move(twice)});
  REQUIRE(merged.hosts.size() == 1);
  const ModeSamples& mode = merged.hosts[0].modes[0];
  CHECK(mode.vantage.empty());
  REQUIRE(mode.samples.size() == 4);
  CHECK(to_string(*merged.hosts[0].address_of(mode, mode.samples[3])) == "192.0.2.9");
}

TEST_CASE("medians are compared with their interval, in words") {
  const auto verdict = [](const std::vector<int>& a, const std::vector<int>& b) {
    const BenchRun run = merge_runs({run_from("a", "a", a), run_from("b", "b", b)});
    return host_verdicts(run.hosts[0], figures(run)[0])[0];
  };
  CHECK(verdict(around(20, 40), around(32, 40)) ==
        "race from b: 12.0 ms slower than from a at the median (95 % interval 11.0 ms to 13.0 ms, "
        "bootstrap, n = 40)");
  CHECK(verdict(around(32, 40), around(20, 30)) ==
        "race from b: 12.0 ms faster than from a at the median (95 % interval 11.0 ms to 13.5 ms, "
        "bootstrap, n = 30 and 40)");
  CHECK(verdict(around(20, 40), around(20, 40))
            .starts_with("race from b: no difference from a that 40 samples can show (medians 20.0 "
                         "ms and 20.0 ms; "
                         "95 % interval of the difference -"));
  CHECK(verdict({20, 20, 20, 20}, around(32, 40)) ==
        "race from b: too few samples to compare with a (40 and 4; 5 are needed)");
  CHECK(verdict(around(20, 40), {-5, -5}) ==
        "race from b: nothing connected, though it did from a (median 20.0 ms from a)");
  CHECK(verdict({-5}, around(20, 40)) ==
        "race from b: connected, but nothing from a (median 20.0 ms from b)");
  CHECK(verdict({-5}, {-5}) == "race from b: nothing connected, nor from a");
}

TEST_CASE("the interval holds a true difference as often as it says, and tells none as rarely") {
  std::mt19937 generator(7);
  std::lognormal_distribution<double> draw(3, 0.5);
  const auto sample = [&](double shift) {
    std::vector<double> values(40);
    for (double& value : values) value = draw(generator) + shift;
    std::ranges::sort(values);
    return values;
  };
  constexpr double truth = 10;
  int held = 0;
  constexpr int rounds = 400;
  for (int i = 0; i < rounds; ++i) {
    const auto interval = median_difference_interval(sample(truth), sample(0));
    if (interval->low <= truth && truth <= interval->high) ++held;
  }
  CHECK(held >= rounds * 92 / 100);
  CHECK(held <= rounds * 99 / 100);
}

TEST_CASE("every report of a merged run tells the vantage points apart") {
  const BenchRun run =
      merge_runs({run_from("a", "a", around(20, 40)), run_from("b", "b", around(32, 40))});
  const Summaries summaries = figures(run);
  const Json json = Json::parse(json_of(run));
  CHECK(json["merged"][1]["vantage"] == "b");
  CHECK(json["hosts"][0]["modes"][1]["vantage"] == "b");
  CHECK(json["hosts"][0]["comparisons"][0] == Json{{"mode", "race"},
                                                   {"first", "a"},
                                                   {"second", "b"},
                                                   {"verdict", "slower"},
                                                   {"difference_us", 12'000},
                                                   {"ci95_us", {11'000, 13'000}}});
  CHECK(json["method"].get<std::string>().starts_with("percentile bootstrap"));
  const std::string csv = text_of([&run](const TextSink& sink) { write_bench_csv(run, sink); });
  CHECK(csv.find("mss,congestion,labels,vantage\n") != csv.npos);
  CHECK(csv.find("Z,0,,,,,,,,,b\n") != csv.npos);
  const std::string metrics =
      text_of([&](const TextSink& sink) { write_openmetrics(run, summaries, {}, sink); });
  CHECK(metrics.find(R"(mode="race",vantage="b")") != metrics.npos);
  CHECK(describe_run(run, summaries, {}).find("race from b") != std::string::npos);
}

TEST_CASE("what runs were told otherwise is said, and only like is compared with like") {
  const auto told_of = [](BenchTerms terms) {
    RunOfFile other = run_from("b", "b", around(32, 40));
    other.run.terms = terms;
    const BenchRun run = merge_runs({run_from("a", "a", around(20, 40)), std::move(other)});
    const Summaries summaries = figures(run);
    return std::pair(compare_vantages(run.hosts[0], summaries[0]).size(),
                     run_verdicts(run, summaries));
  };
  CHECK(told_of({}) == std::pair(std::size_t{1}, std::vector<std::string>()));
  CHECK(told_of({.rate = 2.5, .timeout = std::chrono::seconds(5)}) ==
        std::pair(std::size_t{1},
                  std::vector<std::string>{"from b: measured unlike a: --rate 2.5 instead of none, "
                                           "--timeout 5 s instead of 0 ms"}));
  CHECK(told_of({.until_banner = true}) ==
        std::pair(std::size_t{0},
                  std::vector<std::string>{"from b: measured unlike a: --until banner instead of "
                                           "tcp; nothing is compared between the two"}));
}

TEST_CASE("nothing of a file reaches the terminal as it is") {
  RunOfFile first = run_from("a", "n\x1b[31m", around(20, 40), "h\x1b]0;x\a", "m\nn\x9b");
  first.run.hosts[0].texts[0] = "e\x1b[2J";
  first.run.hosts[0].port = "p\r";
  RunOfFile second = run_from("b", "b", {-5}, "h\x1b]0;x\a", "m\nn\x9b");
  second.run.hosts[0].texts[0] = "e\x1b[2J";
  second.run.hosts[0].port = "p\r";
  const BenchRun run = merge_runs({std::move(first), std::move(second)});
  const std::string text = describe_run(run, figures(run), {.unicode = false});
  CHECK(std::ranges::all_of(text, [](char c) { return c == '\n' || (c >= ' ' && c < 127); }));
  CHECK(text.find("h\\x1b]0;x\\x07") != text.npos);
}

TEST_CASE("an interrupted run, or one that left dials out, is told of in a merged one, too") {
  RunOfFile odd = run_from("a", "a", {1});
  odd.run.interrupted = true;
  odd.run.never_begun = 7;
  const RunOfFile read = read_bench_json("a", json_of(odd.run));
  CHECK(read.run.interrupted);
  CHECK(read.run.never_begun == 7);
  CHECK(read.saturated);
  const BenchRun merged = merge_runs({read, run_from("b", "b", {1})});
  const auto told = run_verdicts(merged, figures(merged));
  CHECK(std::ranges::count(told, "from a: interrupted: this is what there was by then") == 1);
  CHECK(std::ranges::count(told,
                           "from a: 7 dials were due and never begun: the rate was not kept") == 1);
}

TEST_CASE("many hosts: one sentence says how the vantage points compare") {
  std::vector<RunOfFile> runs = {run_from("a", "a", around(20, 40)),
                                 run_from("b", "b", around(32, 40))};
  runs[0].run.hosts.push_back(run_from("a", "a", around(20, 40), "web.example").run.hosts[0]);
  runs[1].run.hosts.push_back(run_from("b", "b", {-1}, "web.example").run.hosts[0]);
  const BenchRun run = merge_runs(std::move(runs));
  const auto told = run_verdicts(run, figures(run));
  CHECK(std::ranges::find(told,
                          "from b against a: of 2 medians 1 are slower, 0 faster, 0 show no "
                          "difference, 1 cannot be compared") != told.end());
}

TEST_CASE("nothing in the page's data can end its script element") {
  CHECK(in_script("{\"a\":\"</script><!--<script\"}") ==
        "{\"a\":\"\\u003c/script>\\u003c!--\\u003cscript\"}");
  RunOfFile hostile =
      run_from("a", "<!--", {1}, "</script><img src=x onerror=alert(1)>\xe2\x80\xa8");
  hostile.run.hosts[0].texts[0] = "<script>";
  const std::string page = page_of(hostile.run);
  const std::string opening = "id=\"run\">";
  const std::size_t begin = page.find(opening) + opening.size();
  const std::size_t end = page.find("</script>", begin);
  const std::string data = page.substr(begin, end - begin);
  CHECK(data.find('<') == data.npos);
  CHECK(std::ranges::all_of(data, [](char c) { return c == '\n' || (c >= ' ' && c < 127); }));
  const Json json = Json::parse(data);
  CHECK(json["hosts"][0]["host"].get<std::string>().starts_with("</script><img"));
  CHECK(page.substr(end).starts_with("</script>\n<script>"));
}

TEST_CASE("a mode of very many samples is thinned in the page") {
  const BenchRun run = run_from("a", "a", around(20, 12'000)).run;
  const std::string page = page_of(run);
  CHECK(page.find("\"stride\":3,") != page.npos);
  CHECK(page.size() < 150'000);
}

}  // namespace gladhand::bench_merge_test
