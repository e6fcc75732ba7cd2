#include "connect/alternatives.hpp"

#include <algorithm>
#include <utility>

#include "connect/command_route.hpp"

namespace gladhand {

namespace {

using Clock = std::chrono::steady_clock;

constexpr Moment usual_patience = std::chrono::seconds(5);

Clock::time_point end_of(const Alternative& it,
                         bool is_last,
                         Clock::time_point begin,
                         Clock::time_point deadline) {
  if (it.patience) return std::min(deadline, begin + *it.patience);
  return is_last ? deadline : std::min(deadline, begin + usual_patience);
}

}  // namespace

asio::awaitable<DialResult> try_alternatives(asio::io_context& loop,
                                             const std::vector<Alternative>& alternatives,
                                             Clock::time_point deadline,
                                             Recorder& recorder,
                                             std::vector<FailedAlternative>& failed) {
  failed.clear();
  DialResult result;
  for (const Alternative& it : alternatives) {
    const bool is_last = &it == &alternatives.back();
    const Clock::time_point begin = Clock::now();
    if (!failed.empty() && begin >= deadline) break;
    const Clock::time_point end = end_of(it, is_last, begin, deadline);
    // Messages tell how long was waited.
    ConnectOptions options = it.options;
    options.race.timeout = std::clamp(
        std::chrono::duration_cast<Moment>(end - begin), Moment(1), options.race.timeout);
    recorder.record(RouteTried{it.text,
                               static_cast<unsigned>(&it - alternatives.data()) + 1,
                               static_cast<unsigned>(alternatives.size())});
    if (it.command.empty()) {
      result = co_await dial_through(loop, it.target, std::move(options), end, recorder);
    } else {
      result = co_await run_command_route(it.target, it.command, options, end, recorder);
    }
    if (std::holds_alternative<DialConnection>(result)) co_return result;
    failed.push_back({it.text,
                      it.target,
                      std::get<DialFailure>(result),
                      std::chrono::duration_cast<Moment>(Clock::now() - begin)});
  }
  // Another round may help where it may help one of them.
  std::get<DialFailure>(result).is_final =
      std::ranges::all_of(failed, [](const FailedAlternative& it) { return it.failure.is_final; });
  co_return result;
}

}  // namespace gladhand
