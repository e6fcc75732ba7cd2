// A recorded trace replays: its facts, told to a fresh race at their times, bring the same orders.
// So a user's trace becomes a regression test: put it into tests/unit/traces.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "report/trace.hpp"
#include "world.hpp"

using nlohmann::json;

namespace {

using Lines = std::vector<json>;

Lines read_trace(const std::filesystem::path& path) {
  std::ifstream file(path);
  Lines lines;
  for (std::string line; std::getline(file, line);) lines.push_back(json::parse(line));
  return lines;
}

gladhand::Candidate read_candidate(const json& line) {
  gladhand::Candidate candidate;
  const auto read = [](const json& from, std::uint16_t port) {
    return *gladhand::parse_address(from.at("address").get<std::string>(), port);
  };
  candidate.endpoint = read(line, line.at("port"));
  const json& source = line.at("source");
  if (!source.is_null())
    candidate.source = {.address = read(source, 0),
                        .prefix_length = source.at("prefix_length"),
                        .deprecated = source.at("deprecated"),
                        .home = source.at("home"),
                        .encapsulated = source.at("encapsulated")};
  return candidate;
}

gladhand::AnswerStatus read_status(const std::string& code) {
  using S = gladhand::AnswerStatus;
  const std::map<std::string, S> codes = {
      {"addresses", S::addresses},
      {"no_address", S::no_address},
      {"no_such_name", S::no_such_name},
      {"server_failure", S::server_failure},
      {"no_answer", S::no_answer},
      {"bad_answer", S::bad_answer},
  };
  return codes.at(code);
}

gladhand::Family read_type(const json& line) {
  return line.at("type") == "AAAA" ? gladhand::Family::ipv6 : gladhand::Family::ipv4;
}

// Feeds the facts of a trace to a race and writes the trace of what the race then does.
class Replay {
 public:
  explicit Replay(const Lines& lines) : lines_(lines), race_(options(lines)) {}

  Lines run() {
    gladhand::Configured configured;
    configured.origin = "recorded";
    report(configured);
    start();
    std::vector<gladhand::Candidate> found;
    for (const json& line : lines_) {
      const std::string event = line.at("event");
      now_ = gladhand::Moment(line.at("t_us").get<std::int64_t>());
      if (event == "candidate_discovered" && line.at("origin") == "dns")
        found.push_back(read_candidate(line));
      if (event == "dns_query_finished")
        tell(gladhand::AnswerReceived{
            read_type(line), read_status(line.at("status")), std::exchange(found, {})});
      if (event == "attempt_outcome") tell_outcome(line);
      if (event == "before_finished") tell(gladhand::Prepared{});
      if (event.ends_with("_timer_fired") || event == "connection_aborted")
        if (!race_.finished()) tell(gladhand::TimePassed{});
    }
    return std::move(result_);
  }

 private:
  static gladhand::RaceOptions options(const Lines& lines) {
    using gladhand::Family;
    const json& config = lines.front();
    const bool prepare = std::ranges::any_of(
        lines, [](const json& line) { return line.at("event") == "before_started"; });
    const auto microseconds = [&config](const char* key) {
      return gladhand::Moment(config.at(key).get<std::int64_t>());
    };
    return {
        .connection_attempt_delay = microseconds("connection_attempt_delay_us"),
        .resolution_delay = microseconds("resolution_delay_us"),
        .timeout = microseconds("timeout_us"),
        .preferred_family_count = config.at("preferred_family_count"),
        .preferred_family = config.at("preferred_family") == "IPv6" ? Family::ipv6 : Family::ipv4,
        .backup_attempt = config.value("backup_attempt", false),  // older ones had none
        .prepare = prepare};
  }

  void start() {
    gladhand::DialStarted started;
    for (const json& line : lines_) {
      if (line.at("event") == "dns_query_started") {
        started.questions.push_back(read_type(line));
        names_[read_type(line)] = line.value("name", "");
        now_ = gladhand::Moment(line.at("t_us").get<std::int64_t>());
      }
      if (line.at("event") == "candidate_discovered" && line.at("origin") != "dns") {
        started.known.push_back(read_candidate(line));
        now_ = gladhand::Moment(line.at("t_us").get<std::int64_t>());
      }
    }
    tell(started);
  }

  void tell_outcome(const json& line) {
    const gladhand::AttemptId attempt = line.at("attempt");
    if (line.at("outcome") == "success") tell(gladhand::Connected{attempt});
    if (line.at("outcome") == "failure")
      tell(gladhand::AttemptFailed{attempt, {line.at("errno"), std::system_category()}});
  }

  void tell(const gladhand::Fact& fact) {
    if (!std::holds_alternative<gladhand::TimePassed>(fact))
      std::visit([this](const auto& it) { report_fact(it); }, fact);
    for (const gladhand::Action& action : race_.step(fact, now_))
      std::visit([this](const auto& it) { report_order(it); }, action);
  }

  template <typename T>
  void report_fact(const T& fact) {
    report(fact);
  }
  void report_fact(const gladhand::TimePassed& /*fact*/) {}
  template <typename T>
  void report_order(const T& order) {
    report(order);
  }
  void report_order(const gladhand::SendQuery& order) {  // the race knows no names
    report(gladhand::SendQuery{order.family, names_[order.family]});
  }

  void report(gladhand::Event::Body body) {
    std::istringstream text(trace_.lines({now_, std::move(body)}));
    for (std::string line; std::getline(text, line);) result_.push_back(json::parse(line));
  }

  Lines lines_;
  gladhand::Race race_;
  gladhand::Trace trace_;
  gladhand::Moment now_{};
  std::map<gladhand::Family, std::string> names_;  // that were asked for
  Lines result_;
};

bool is_order(const json& line) {
  const std::string event = line.at("event");
  return event != "config_set" && event != "rule_applied" && event != "handed_over" &&
         event != "metrics" && event != "candidate_discovered" && event != "dns_next_name" &&
         event != "dns_query_repeated" && event != "dns_server_answered";
}

Lines orders_of(Lines lines) {
  std::erase_if(lines, [](const json& line) { return !is_order(line); });
  return lines;
}

}  // namespace

TEST_CASE("every recorded trace replays to the same orders at the same times") {
  int traces = 0;
  for (const auto& entry : std::filesystem::directory_iterator(GLADHAND_TRACES)) {
    CAPTURE(entry.path().filename().string());
    const Lines recorded = read_trace(entry.path());
    const Lines replayed = Replay(recorded).run();
    const Lines expected = orders_of(recorded);
    const Lines got = orders_of(replayed);
    REQUIRE(got.size() == expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) CHECK(got[i].dump() == expected[i].dump());
    ++traces;
  }
  CHECK(traces >= 5);
}
