#include "figures/bench_picture.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/duration.hpp"
#include "gladhand/error.hpp"

namespace gladhand {

namespace {

Event::Body ending(AttemptId id, const AttemptSample& attempt) {
  switch (attempt.outcome) {
    case AttemptOutcome::success: return Connected{id};
    case AttemptOutcome::failure:
      return AttemptFailed{id, std::error_code(attempt.error, std::system_category())};
    case AttemptOutcome::timeout: return CancelAttempt{id, CancelReason::timed_out};
    case AttemptOutcome::canceled: break;
  }
  return CancelAttempt{id, CancelReason::lost};
}

// The events that a sample was made from, as far as the waterfall looks at them.
std::vector<Event> events_of(const HostSamples& host,
                             const ModeSamples& mode,
                             const Sample& sample) {
  std::vector<Event> events;
  for (const QuerySample& query : mode.queries_of(sample)) {
    events.push_back({query.start, SendQuery{query.family}});
    if (query.status)
      events.push_back(
          {query.end,
           AnswerReceived{query.family, *query.status, std::vector<Candidate>(query.addresses)}});
  }
  AttemptId id = 0;
  for (const AttemptSample& attempt : mode.attempts_of(sample)) {
    events.push_back(
        {attempt.start, StartAttempt{id, host.addresses[attempt.address], StartReason::prepared}});
    events.push_back({attempt.end, ending(id, attempt)});
    ++id;
  }
  const Moment end = sample.end();
  if (const auto talk = mode.handshakes_of(sample)) {
    events.push_back({talk->start, HandshakeStarted{"proxy", ""}});
    events.push_back({talk->end, HandshakeFinished{"proxy", talk->failed ? "failed" : ""}});
  }
  std::ranges::stable_sort(events, {}, &Event::at);
  events.push_back({end, DialEnded{}});
  return events;
}

std::string draw(const char* which,
                 const HostSamples& host,
                 const ModeSamples& mode,
                 const Sample& sample,
                 const Canvas& canvas) {
  std::string text = std::string(which) + ": sample " + std::to_string(sample.number) + ", " +
                     to_precise_string(sample.total);
  if (sample.banner != Sample::absent)
    text += ", of which " + to_precise_string(sample.banner) + " for the first line";
  if (!host.error_of(sample).empty()) text += ", " + printable(host.error_of(sample));
  return text + "\n" + draw_bars_of_dial(events_of(host, mode, sample), canvas);
}

// A bar of eighths of a column, or of whole ones where the terminal has no such characters.
std::string bar(double columns, bool unicode) {
  static constexpr const char* eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  if (!unicode) return std::string(static_cast<std::size_t>(std::ceil(columns)), '#');
  const auto parts = std::max(1L, std::lround(columns * 8));
  std::string text;
  for (long i = 0; i < parts / 8; ++i) text += "█";
  return text + eighths[parts % 8];
}

std::string right_aligned(const std::string& text, std::size_t width) {
  return std::string(width > text.size() ? width - text.size() : 0, ' ') + text;
}

// As many ranges as can be told apart by three digits, ten at most.
std::size_t count_ranges(const Summary& figures) {
  constexpr double most = 10;
  constexpr double least_ratio = 1.02;
  const double ratio = figures.max() / std::max(figures.min(), 1.0);
  return static_cast<std::size_t>(
      std::clamp(std::log(std::max(ratio, 1.0)) / std::log(least_ratio), 1.0, most));
}

// One line for each range.
std::string draw_ranges(const Summary& figures, const Canvas& canvas) {
  constexpr std::size_t label = 8;
  constexpr std::size_t count = 7;
  const Histogram histogram = make_histogram(figures.sorted, count_ranges(figures));
  constexpr std::size_t taken = 2 * label + count + 7;
  const double room = canvas.columns > taken + 8 ? static_cast<double>(canvas.columns - taken) : 8;
  const auto most = static_cast<double>(std::ranges::max(histogram.counts));
  std::string text;
  double from = histogram.from;
  for (std::size_t i = 0; i < histogram.counts.size(); ++i) {
    text += right_aligned(to_precise_string(from), label) + " to " +
            right_aligned(to_precise_string(histogram.edges[i]), label) +
            right_aligned(std::to_string(histogram.counts[i]), count) + "  ";
    if (histogram.counts[i] > 0)
      text += bar(static_cast<double>(histogram.counts[i]) / most * room, canvas.unicode);
    text.erase(text.find_last_not_of(' ') + 1);
    text += '\n';
    from = histogram.edges[i];
  }
  return text;
}

// The counts of a mode over the axis of all modes: a column for each range.
std::string draw_columns(const std::vector<std::size_t>& counts, bool unicode) {
  static constexpr const char* heights[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  static constexpr const char* plain[] = {" ", ".", ".", ":", ":", "+", "+", "#", "#"};
  const std::size_t most = std::max<std::size_t>(std::ranges::max(counts), 1);
  std::string text;
  for (const std::size_t count : counts) {
    const std::size_t height = (count * 8 + most - 1) / most;  // what is there is seen
    text += unicode ? heights[height] : plain[height];
  }
  return text;
}

std::vector<std::size_t> count_in(const Histogram& axis, std::span<const double> sorted) {
  std::vector<std::size_t> counts(axis.edges.size());
  for (const double value : sorted) {
    const auto edge = std::ranges::upper_bound(axis.edges, value);
    const auto range = static_cast<std::size_t>(edge - axis.edges.begin());
    ++counts[std::min(range, counts.size() - 1)];
  }
  return counts;
}

std::string draw_modes(const HostSamples& host,
                       std::span<const Summary> summaries,
                       const Canvas& canvas) {
  std::vector<double> all;
  std::size_t label = 0;
  for (std::size_t k = 0; k < summaries.size(); ++k) {
    all.insert(all.end(), summaries[k].sorted.begin(), summaries[k].sorted.end());
    label = std::max(label, printable(host.modes[k].label()).size());
  }
  std::ranges::sort(all);
  const std::size_t room = canvas.columns > label + 20 ? canvas.columns - label - 3 : 16;
  const Histogram axis = make_histogram(all, room);
  const std::string from = to_precise_string(axis.from);
  const std::string to = to_precise_string(axis.edges.back());
  std::string text(label + 2, ' ');
  text += from +
          std::string(room > from.size() + to.size() ? room - from.size() - to.size() : 1, ' ') +
          to + '\n';
  for (std::size_t k = 0; k < summaries.size(); ++k) {
    if (!summaries[k].any_connected()) continue;
    const std::string mode = printable(host.modes[k].label());
    std::string line = mode + std::string(label + 2 - mode.size(), ' ') +
                       draw_columns(count_in(axis, summaries[k].sorted), canvas.unicode);
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  }
  return text;
}

}  // namespace

TypicalAndWorst typical_and_worst(const ModeSamples& mode, const Summary& figures) {
  const Sample* typical = nullptr;
  const Sample* worst = nullptr;
  const auto distance = [&figures](const Sample& sample) {
    return std::abs(static_cast<double>(sample.total.count()) - figures.median);
  };
  const auto badness = [](const Sample& sample) {
    return std::pair(sample.outcome != SampleOutcome::connected, sample.total);
  };
  for (const Sample& sample : mode.samples) {
    if (worst == nullptr || badness(sample) > badness(*worst)) worst = &sample;
    if (sample.outcome != SampleOutcome::connected) continue;
    if (typical == nullptr || distance(sample) < distance(*typical)) typical = &sample;
  }
  return {typical, worst == typical ? nullptr : worst};
}

std::string draw_typical_and_worst(const HostSamples& host,
                                   const ModeSamples& mode,
                                   const Summary& figures,
                                   const Canvas& canvas) {
  const auto [typical, worst] = typical_and_worst(mode, figures);
  std::string text;
  if (typical != nullptr) text += draw("median", host, mode, *typical, canvas);
  if (worst != nullptr) {
    if (!text.empty()) text += '\n';
    text += draw("worst", host, mode, *worst, canvas);
  }
  return text;
}

std::string draw_distributions(const HostSamples& host,
                               std::span<const Summary> summaries,
                               const Canvas& canvas) {
  constexpr std::size_t fewest = 8;
  std::size_t connected = 0;
  for (const Summary& figures : summaries) connected = std::max(connected, figures.sorted.size());
  if (connected < fewest) return {};
  return summaries.size() == 1 ? draw_ranges(summaries.front(), canvas)
                               : draw_modes(host, summaries, canvas);
}

}  // namespace gladhand
