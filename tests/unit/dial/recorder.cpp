// What the record of a dial holds, whatever path the dial takes.
#include "dial/recorder.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cerrno>
#include <vector>

namespace gladhand::recorder_test {

namespace {

using namespace std::chrono_literals;

const Endpoint address = parse_address("192.0.2.1", 22).value();
const DialFailure refused{Error(ExitStatus::not_handed_over, "refused")};

StartAttempt start(AttemptId id) {
  return {id, address, StartReason::nothing_to_wait_for};
}

// What the sink has seen.
struct Seen {
  std::vector<Event> events{};
  Recorder recorder{[this](const Event& event) { events.push_back(event); }};

  std::vector<AttemptId> abandoned() const {
    std::vector<AttemptId> ids;
    for (const Event& event : events)
      if (const auto* given_up = std::get_if<CancelAttempt>(&event.body))
        if (given_up->reason == CancelReason::abandoned) ids.push_back(given_up->attempt);
    return ids;
  }
  std::size_t ends() const {
    return static_cast<std::size_t>(std::ranges::count_if(
        events, [](const Event& event) { return std::holds_alternative<DialEnded>(event.body); }));
  }
};

}  // namespace

TEST_CASE("the end of a dial gives up what is still under way, and comes once") {
  Seen seen;
  seen.recorder.begin();
  for (AttemptId id = 0; id < 4; ++id) seen.recorder.record(start(id));
  seen.recorder.record(AttemptFailed{0, {ECONNREFUSED, std::system_category()}});
  seen.recorder.record(CancelAttempt{2, CancelReason::timed_out});
  seen.recorder.end(refused);
  CHECK(seen.abandoned() == std::vector<AttemptId>{1, 3});
  seen.recorder.end();
  CHECK(seen.ends() == 1);
  const auto& end = std::get<DialEnded>(seen.events.back().body);
  REQUIRE(end.failure);
  CHECK(exit_status(*end.failure) == ExitStatus::not_handed_over);
}

TEST_CASE("a dial that has not begun does not end, and each that has begun does") {
  Seen seen;
  seen.recorder.end(refused);
  CHECK(seen.events.empty());
  for (int dial = 0; dial < 2; ++dial) {
    seen.recorder.begin();
    seen.recorder.record(start(0));
    seen.recorder.record(Connected{0});
    seen.recorder.end();
  }
  CHECK(seen.ends() == 2);
  CHECK(seen.abandoned().empty());
}

TEST_CASE("times count from the begin of the dial, or are those of whoever knows better") {
  Seen seen;
  seen.recorder.begin();
  seen.recorder.record(Event{7ms, Prepared{}});
  seen.recorder.record(Prepared{});
  CHECK(seen.events[0].at == 7ms);
  CHECK(seen.events[1].at >= 0ms);
  CHECK(seen.events[1].at <= seen.recorder.now());
}

TEST_CASE("where nobody looks nothing is told") {
  Recorder recorder;
  CHECK_FALSE(recorder);
  recorder.begin();
  recorder.record(start(0));
  recorder.end(refused);
}

TEST_CASE("the exit status of a failure is that of its cause") {
  const auto lost = [](Outcome outcome) {
    return exit_status({LostRace{{outcome, 0, {}, {}}, ""}});
  };
  CHECK(lost(Outcome::no_address) == ExitStatus::no_address);
  CHECK(lost(Outcome::all_attempts_failed) == ExitStatus::all_attempts_failed);
  CHECK(lost(Outcome::timed_out) == ExitStatus::timed_out);
  CHECK(exit_status({Error(ExitStatus::proxy_failed, "")}) == ExitStatus::proxy_failed);
}

}  // namespace gladhand::recorder_test
