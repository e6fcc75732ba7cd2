#include "connect/alternatives.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "connect/command_route.hpp"

namespace gladhand {

namespace {

using Clock = std::chrono::steady_clock;

Clock::time_point end_of(const Alternative& it,
                         bool is_last,
                         Clock::time_point begin,
                         Clock::time_point deadline) {
  if (it.patience) return std::min(deadline, begin + *it.patience);
  return is_last ? deadline : std::min(deadline, begin + usual_patience);
}

}  // namespace

asio::awaitable<DialResult> try_alternative(asio::io_context& loop,
                                            const Alternative& alternative,
                                            Clock::time_point begin,
                                            Clock::time_point deadline,
                                            Recorder& recorder) {
  // Messages tell how long was waited.
  const auto options = std::make_shared<ConnectOptions>(alternative.options);
  options->race.timeout = std::clamp(
      std::chrono::duration_cast<Moment>(deadline - begin), Moment(1), options->race.timeout);
  if (alternative.command.empty())
    return dial_through(loop, alternative.target, options, deadline, recorder);
  return run_command_route(alternative.target, alternative.command, options, deadline, recorder);
}

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
    recorder.record(RouteTried{it.text,
                               static_cast<unsigned>(&it - alternatives.data()) + 1,
                               static_cast<unsigned>(alternatives.size())});
    result = co_await try_alternative(loop, it, begin, end, recorder);
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
