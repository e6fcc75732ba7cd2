#include "figures/bench_text.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>

#include "figures/bench_picture.hpp"
#include "figures/bench_table.hpp"
#include "gladhand/error.hpp"
#include "samples/bench_verdict.hpp"

namespace gladhand {

namespace {

constexpr std::size_t most_hosts_in_pictures = 3;
// A host as a heading: with its port where another port of it is there, too.
class Headings {
 public:
  explicit Headings(const BenchRun& run) {
    for (const HostSamples& host : run.hosts) ++times_[host.host];
  }

  std::string of(const HostSamples& host) const {
    return times_.at(host.host) > 1 ? name_of(host) : printable(host.host);
  }

 private:
  std::map<std::string_view, std::size_t> times_;
};

std::string pictures(const HostSamples& host,
                     const std::string& heading,
                     std::span<const Summary> summaries,
                     const Canvas& canvas) {
  std::string text = draw_distributions(host, summaries, canvas);
  if (!text.empty()) text = '\n' + heading + '\n' + text;
  if (const std::string phases = draw_phases(host, summaries, canvas); !phases.empty())
    text += '\n' + heading + '\n' + phases;
  const std::string dials =
      draw_typical_and_worst(host, host.modes.front(), summaries.front(), canvas);
  if (!dials.empty())
    text += '\n' + heading + ", " + printable(host.modes.front().label()) + ", " + dials;
  return text;
}

// A sentence does not end in the middle of a word at the terminal's edge. Its lines after the first
// stand two columns further in.
std::string wrap(const std::string& sentence, std::size_t indent, std::size_t columns) {
  std::string text(indent, ' ');
  const std::size_t next_indent = indent + 2;
  std::size_t used = indent;
  for (std::size_t at = 0; at < sentence.size();) {
    const std::size_t end = std::min(sentence.find(' ', at), sentence.size());
    const std::string word = printable(sentence.substr(at, end - at));
    if (used > next_indent && used + 1 + word.size() > columns) {
      text += '\n' + std::string(next_indent, ' ');
      used = next_indent;
    } else if (at > 0) {
      text += ' ';
      ++used;
    }
    text += word;
    used += word.size();
    at = end + 1;
  }
  return text + '\n';
}

// [coordinated omission]
std::string loop_of(const BenchTerms& terms) {
  if (!terms.rate)
    return "closed loop: a slow dial holds up the next, so slow spells have few samples; --rate "
           "has "
           "them all";
  char rate[32];
  std::snprintf(rate, sizeof(rate), "%.6g", *terms.rate);
  return "open loop, " + std::string(rate) +
         " dials a second: times count from when a dial was due";
}

}  // namespace

std::string describe_run(const BenchRun& run,
                         std::span<const std::vector<Summary>> summaries,
                         const Canvas& canvas) {
  const Headings headings(run);
  std::string text = draw_table(run, summaries, canvas);
  if (!run.group_by.empty()) text += draw_groups(run, summaries, canvas);
  if (run.hosts.size() <= most_hosts_in_pictures)
    for (std::size_t i = 0; i < run.hosts.size(); ++i)
      if (!run.hosts[i].modes.empty())
        text += pictures(run.hosts[i], headings.of(run.hosts[i]), summaries[i], canvas);
  std::string said;
  for (std::size_t i = 0; i < run.hosts.size(); ++i) {
    const std::vector<std::string> sentences = host_verdicts(run.hosts[i], summaries[i]);
    if (sentences.empty()) continue;
    said += '\n' + headings.of(run.hosts[i]) + ":\n";
    for (const std::string& sentence : sentences) said += wrap(sentence, 2, canvas.columns);
  }
  for (const std::string& sentence : run_verdicts(run, summaries))
    said += '\n' + wrap(sentence, 0, canvas.columns);
  if (run.sources.empty()) said += '\n' + wrap(loop_of(run.terms), 0, canvas.columns);
  return text + said;
}

std::string progress_line(const ProgressFigures& it, unsigned columns) {
  const double seconds = static_cast<double>(it.elapsed.count()) / 1e6;
  const double rate = seconds > 0 ? static_cast<double>(it.done) / seconds : 0;
  std::string text = std::to_string(it.done);
  if (it.total > 0) text += " of " + std::to_string(it.total);
  char part[64];
  std::snprintf(part, sizeof(part), " dials, %.*f/s", rate < 10 ? 1 : 0, rate);
  text += part;
  text += ", " + std::to_string(it.failures) + " failed";
  double left = -1;
  if (it.total > 0 && rate > 0) left = static_cast<double>(it.total - it.done) / rate;
  if (it.bound.count() > 0) {
    const double until = static_cast<double>((it.bound - it.elapsed).count()) / 1e6;
    left = left < 0 ? until : std::min(left, until);
  }
  if (left >= 0) text += ", " + std::to_string(std::lround(std::ceil(left))) + " s left";
  return text.substr(0, columns > 1 ? columns - 1 : 0);
}

}  // namespace gladhand
