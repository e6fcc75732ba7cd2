// The sentences about single modes: failures, two groups, outliers.
#include <algorithm>
#include <cstdio>
#include <map>
#include <string_view>

#include "base/duration.hpp"
#include "samples/findings.hpp"
#include "samples/statistics.hpp"

namespace gladhand {

namespace {

std::string percent(double share) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.*f %%", share > 0 && share < 0.1 ? 1 : 0, share * 100);
  return text;
}

// A mode's name in front of a sentence, where there is more than one to tell apart.
std::string prefix(const Findings& of, std::size_t mode) {
  return of.host.modes.size() > 1 ? of.host.modes[mode].mode + ": " : std::string();
}

// --- failures ------------------------------------------------------------------------------

// Samples that fail after others had connected, to the end: a server that has begun to refuse.
bool failed_from_some_point_on(const ModeSamples& mode) {
  constexpr std::ptrdiff_t several = 3;
  std::vector<const Sample*> ordered;
  for (const Sample& sample : mode.samples) ordered.push_back(&sample);
  std::ranges::sort(ordered, {}, &Sample::started);
  const auto is_turned_away = [](const Sample* sample) {
    return sample->outcome == SampleOutcome::refused || sample->outcome == SampleOutcome::closed;
  };
  const auto last_good = std::find_if_not(ordered.rbegin(), ordered.rend(), is_turned_away);
  return last_good != ordered.rend() && (*last_good)->outcome == SampleOutcome::connected &&
         last_good - ordered.rbegin() >= several;
}

// The one cause of all failures, where every dial of every mode failed for it.
std::optional<std::string_view> only_cause(const Findings& findings) {
  std::optional<std::string_view> cause;
  for (const ModeSamples& mode : findings.host.modes) {
    for (const Sample& sample : mode.samples) {
      if (sample.outcome == SampleOutcome::ours) continue;
      const std::string_view error = findings.host.error_of(sample);
      if (sample.outcome == SampleOutcome::connected || error != cause.value_or(error))
        return std::nullopt;
      cause = error;
    }
  }
  return cause;
}

bool is_lost(const Sample& sample) {
  return sample.outcome != SampleOutcome::connected && sample.outcome != SampleOutcome::ours;
}

// What went wrong: of several causes the most frequent, and the first of those that are equal.
std::string main_cause(const HostSamples& host, const ModeSamples& mode) {
  std::map<std::string_view, std::size_t> counts;
  for (const Sample& sample : mode.samples)
    if (is_lost(sample)) ++counts[host.error_of(sample)];
  std::string_view most;
  std::size_t most_often = 0;
  for (const Sample& sample : mode.samples) {
    if (!is_lost(sample)) continue;
    const std::string_view cause = host.error_of(sample);
    if (counts[cause] <= most_often) continue;
    most = cause;
    most_often = counts[cause];
  }
  return (counts.size() > 1 ? "mostly " : "") + std::string(most);
}

void tell_failures(const Findings& findings, Sentences& told) {
  if (const auto cause = only_cause(findings); cause && findings.summaries.size() > 1) {
    told.push_back("every dial failed: " + std::string(*cause));
    return;
  }
  for (std::size_t i = 0; i < findings.summaries.size(); ++i) {
    const Summary& summary = findings.summaries[i];
    const ModeSamples& mode = findings.host.modes[i];
    if (summary.failures == 0) continue;
    const auto penalised =
        std::ranges::count(mode.samples, SampleOutcome::penalised, &Sample::outcome);
    told.push_back(prefix(findings, i) + of(summary.failures, summary.dialled()) + " failed (" +
                   percent(summary.loss()) + "): " + main_cause(findings.host, mode));
    if (penalised > 0) {
      told.push_back(
          prefix(findings, i) +
          "the server turns this client away (PerSourcePenalties or MaxStartups of sshd) in " +
          of(static_cast<std::size_t>(penalised), summary.dialled()) + " samples");
    } else if (failed_from_some_point_on(mode)) {
      told.push_back(prefix(findings, i) +
                     "it connected at first and then refused: the server may limit this client");
    }
  }
}

// A SYN of the winner that went again, or a winner beside an attempt at the same address that has
// waited for longer: what was lost was on the way there or back.
bool lost_a_packet(const ModeSamples& mode, const Sample& sample) {
  if (sample.winner == Sample::no_winner) return false;
  if (sample.retransmits > 0) return true;
  const auto attempts = mode.attempts_of(sample);
  const AttemptSample& winner = attempts[sample.winner];
  return std::ranges::any_of(attempts, [&winner](const AttemptSample& it) {
    return it.address == winner.address && it.outcome == AttemptOutcome::canceled &&
           it.start < winner.start && winner.end - winner.start < winner.start - it.start;
  });
}

void tell_lost_packets(const Findings& findings, Sentences& told) {
  for (std::size_t i = 0; i < findings.summaries.size(); ++i) {
    const ModeSamples& mode = findings.host.modes[i];
    const auto lost = std::ranges::count_if(
        mode.samples, [&mode](const Sample& sample) { return lost_a_packet(mode, sample); });
    if (lost > 0)
      told.push_back(prefix(findings, i) + "the first packet of a connect, or its answer, was lost in " +
                     of(static_cast<std::size_t>(lost), findings.summaries[i].dialled()) +
                     " samples: that is the network, not a slow server");
  }
}

// --- the shape of the samples --------------------------------------------------------------

// One mark a sample, in the order of their starts: o for the faster group, ^ for the slower.
std::string sequence(const ModeSamples& mode, double split) {
  constexpr std::size_t most = 60;
  std::vector<const Sample*> ordered;
  for (const Sample& sample : mode.samples) ordered.push_back(&sample);
  std::ranges::sort(ordered, {}, &Sample::started);
  std::string marks;
  for (const Sample* sample : ordered) {
    if (marks.size() == most) return marks + "...";
    if (sample->outcome == SampleOutcome::ours) {
      marks += '.';
    } else if (sample->outcome != SampleOutcome::connected) {
      marks += 'x';
    } else {
      marks += static_cast<double>(sample->total.count()) > split ? '^' : 'o';
    }
  }
  return marks;
}

void tell_shape(const Findings& findings, Sentences& told) {
  constexpr double noticeable = 1000;
  for (std::size_t i = 0; i < findings.summaries.size(); ++i) {
    const Summary& summary = findings.summaries[i];
    if (const auto& two = summary.bimodal) {
      told.push_back(prefix(findings, i) +
                     "two groups: " + std::to_string(summary.sorted.size() - two->slower) +
                     " samples around " + to_precise_string(two->low) + ", " +
                     std::to_string(two->slower) + " around " + to_precise_string(two->high) +
                     "; in order " + sequence(findings.host.modes[i], two->split));
    } else if (const std::size_t outliers = count_outliers(summary.sorted, noticeable);
               outliers > 0) {
      told.push_back(prefix(findings, i) + std::to_string(outliers) +
                     (outliers == 1 ? " outlier" : " outliers") + ", up to " +
                     to_precise_string(summary.max()));
    }
  }
}

}  // namespace

void tell_of_samples(const Findings& findings, Sentences& told) {
  tell_failures(findings, told);
  tell_lost_packets(findings, told);
  tell_shape(findings, told);
}

}  // namespace gladhand
