#include "connect/route_race.hpp"

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/error.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <exception>
#include <memory>
#include <utility>

namespace gladhand {

namespace {

using Clock = std::chrono::steady_clock;

// One way under way. What happens on it is told when it is over, in one piece: the record is of one
// dial at a time.
struct Runner {
  Runner(const Alternative& way, bool is_watched)
      : alternative(way), recorder(is_watched ? keeper() : EventSink()) {}

  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  EventSink keeper() {
    return [this](const Event& event) { events.push_back(event); };
  }

  const Alternative& alternative;
  std::vector<Event> events;
  Recorder recorder;
  Clock::time_point begin = Clock::now();
  std::optional<DialResult> result{};
  std::exception_ptr error{};
  bool is_told = false;
};

// What the ways under way share with who waits for them; it lives as long as any of them.
struct Field {
  Field(asio::io_context& loop, std::vector<Alternative> ways)
      : alternatives(std::move(ways)), bell(loop) {}

  std::vector<Alternative> alternatives;
  asio::steady_timer bell;
  std::vector<std::unique_ptr<Runner>> runners;
};

class RouteRace {
 public:
  RouteRace(asio::io_context& loop,
            std::vector<Alternative> alternatives,
            Clock::time_point deadline,
            Recorder& recorder,
            std::vector<FailedAlternative>& failed)
      : loop_(loop),
        deadline_(deadline),
        recorder_(recorder),
        failed_(failed),
        field_(std::make_shared<Field>(loop, std::move(alternatives))) {}

  asio::awaitable<DialResult> run() {
    for (;;) {
      if (Runner* winner = take_in()) co_return win(*winner);
      const std::size_t started = field_->runners.size();
      const bool late = started != 0 && std::max(due_, Clock::now()) >= deadline_;
      const bool more = started < field_->alternatives.size() && !late;
      if (more && Clock::now() >= due_) {
        start(field_->alternatives[started]);
        continue;
      }
      if (running() == 0) co_return std::move(last_);
      field_->bell.expires_at(more ? due_ : Clock::time_point::max());
      std::error_code rung;
      co_await field_->bell.async_wait(asio::redirect_error(asio::use_awaitable, rung));
    }
  }

 private:
  std::size_t running() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(field_->runners, [](const auto& runner) { return !runner->result; }));
  }

  void start(const Alternative& way) {
    field_->runners.push_back(std::make_unique<Runner>(way, static_cast<bool>(recorder_)));
    Runner& runner = *field_->runners.back();
    due_ = runner.begin + way.patience.value_or(usual_patience);
    runner.recorder.record(RouteTried{way.text,
                                      static_cast<unsigned>(field_->runners.size()),
                                      static_cast<unsigned>(field_->alternatives.size())});
    asio::co_spawn(loop_,
                   try_alternative(loop_, way, runner.begin, deadline_, runner.recorder),
                   [field = field_, &runner](std::exception_ptr error, DialResult result) {
                     runner.error = std::move(error);
                     runner.result = std::move(result);
                     field->bell.cancel();
                   });
  }

  // Those that have ended. Returns one that has connected.
  Runner* take_in() {
    for (const auto& runner : field_->runners) {
      if (!runner->result || runner->is_told) continue;
      if (runner->error) std::rethrow_exception(runner->error);
      if (std::holds_alternative<DialConnection>(*runner->result)) return runner.get();
      due_ = Clock::now();
      tell(*runner);
      last_ = *std::move(runner->result);
      failed_.push_back({runner->alternative.text,
                         runner->alternative.target,
                         std::get<DialFailure>(last_),
                         std::chrono::duration_cast<Moment>(Clock::now() - runner->begin)});
    }
    return nullptr;
  }

  void tell(Runner& runner) {
    runner.is_told = true;
    recorder_.continue_from(runner.recorder);
    for (const Event& event : std::exchange(runner.events, {})) recorder_.record(event);
  }

  // The winner's record is the last, and goes on.
  DialResult win(Runner& winner) {
    for (const auto& runner : field_->runners) {
      if (runner.get() == &winner || runner->is_told) continue;
      runner->recorder.end(
          DialFailure{Error(ExitStatus::all_attempts_failed, "another route was faster")});
      tell(*runner);
    }
    tell(winner);
    return *std::move(winner.result);
  }

  asio::io_context& loop_;
  Clock::time_point deadline_;
  Recorder& recorder_;
  std::vector<FailedAlternative>& failed_;
  std::shared_ptr<Field> field_;
  Clock::time_point due_ = Clock::time_point::min();  // when the next may start
  DialResult last_;
};

}  // namespace

asio::awaitable<DialResult> race_alternatives(asio::io_context& loop,
                                              std::vector<Alternative> alternatives,
                                              Clock::time_point deadline,
                                              Recorder& recorder,
                                              std::vector<FailedAlternative>& failed) {
  failed.clear();
  RouteRace race(loop, std::move(alternatives), deadline, recorder, failed);
  co_return co_await race.run();
}

}  // namespace gladhand
