#include "bench_picture.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "gladhand/duration.hpp"

namespace gladhand {

namespace {

Moment rounded(double microseconds) { return Moment(std::llround(microseconds)); }

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
      events.push_back({query.end,
                        AnswerReceived{query.family,
                                       *query.status,
                                       std::vector<Candidate>(query.addresses)}});
  }
  AttemptId id = 0;
  for (const AttemptSample& attempt : mode.attempts_of(sample)) {
    events.push_back({attempt.start,
                      StartAttempt{id, host.addresses[attempt.address], StartReason::prepared}});
    events.push_back({attempt.end, ending(id, attempt)});
    ++id;
  }
  std::ranges::stable_sort(events, {}, &Event::at);
  events.push_back({sample.total - (sample.started - sample.intended), DialEnded{}});
  return events;
}

std::string draw(const char* which,
                 const HostSamples& host,
                 const ModeSamples& mode,
                 const Sample& sample,
                 const Canvas& canvas) {
  std::string text = std::string(which) + ": sample " + std::to_string(sample.number) + ", " +
                     to_string(sample.total);
  if (sample.banner != Sample::absent)
    text += ", of which " + to_string(sample.banner) + " for the first line";
  if (!host.error_of(sample).empty()) text += ", " + std::string(host.error_of(sample));
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

std::string right(const std::string& text, std::size_t width) {
  return std::string(width > text.size() ? width - text.size() : 0, ' ') + text;
}

}  // namespace

std::string draw_typical_and_worst(const HostSamples& host,
                                   const ModeSamples& mode,
                                   const Summary& figures,
                                   const Canvas& canvas) {
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
  std::string text;
  if (typical != nullptr) text += draw("median", host, mode, *typical, canvas);
  if (worst != nullptr && worst != typical) {
    if (!text.empty()) text += '\n';
    text += draw("worst", host, mode, *worst, canvas);
  }
  return text;
}

std::string draw_histogram(const Summary& figures, const Canvas& canvas) {
  constexpr std::size_t most_ranges = 10;
  constexpr std::size_t label = 10;
  constexpr std::size_t count = 8;
  const Histogram histogram = make_histogram(figures.sorted, most_ranges);
  const std::size_t taken = 2 * label + count + 4;
  const double room = canvas.columns > taken + 8 ? static_cast<double>(canvas.columns - taken) : 8;
  const std::size_t most =
      histogram.counts.empty() ? 0 : *std::ranges::max_element(histogram.counts);
  std::string text;
  double from = histogram.from;
  for (std::size_t i = 0; i < histogram.counts.size(); ++i) {
    const double share = static_cast<double>(histogram.counts[i]) / static_cast<double>(most);
    text += right(to_string(rounded(from)), label) + " -" +
            right(to_string(rounded(histogram.edges[i])), label) +
            right(std::to_string(histogram.counts[i]), count - 2) + "  ";
    if (histogram.counts[i] > 0) text += bar(share * room, canvas.unicode);
    text.erase(text.find_last_not_of(' ') + 1);
    text += '\n';
    from = histogram.edges[i];
  }
  return text;
}

}  // namespace gladhand
