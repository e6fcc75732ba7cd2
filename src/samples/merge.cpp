#include "samples/merge.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/position.hpp"

namespace gladhand {

namespace {

bool all_differ(const std::vector<std::string>& names) {
  return std::set<std::string>(names.begin(), names.end()).size() == names.size();
}

std::string without_folder(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  return slash == path.npos ? path : path.substr(slash + 1);
}

// Positions in the lists of `from` become positions in those of `into`.
void append(const HostSamples& from,
            const ModeSamples& mode,
            HostSamples& into,
            ModeSamples& series) {
  const auto queries = static_cast<std::uint32_t>(series.queries.size());
  const auto attempts = static_cast<std::uint32_t>(series.attempts.size());
  series.queries.insert(series.queries.end(), mode.queries.begin(), mode.queries.end());
  for (AttemptSample attempt : mode.attempts) {
    attempt.address = position_of(into.addresses, from.addresses[attempt.address]);
    series.attempts.push_back(attempt);
  }
  for (Sample sample : mode.samples) {
    sample.first_query += queries;
    sample.first_attempt += attempts;
    if (sample.error != Sample::none)
      sample.error = position_of_text(into.texts, from.texts[sample.error]);
    if (sample.local != Sample::none)
      sample.local = position_of(into.locals, from.locals[sample.local]);
    if (sample.congestion != Sample::none)
      sample.congestion = position_of_text(into.texts, from.texts[sample.congestion]);
    if (sample.first_line != Sample::none)
      sample.first_line = position_of_text(into.texts, from.texts[sample.first_line]);
    series.samples.push_back(sample);
  }
}

ModeSamples& series_of(HostSamples& host, const std::string& mode, const std::string& vantage) {
  auto place = host.modes.end();
  for (auto it = host.modes.begin(); it != host.modes.end(); ++it) {
    if (it->mode != mode) continue;
    if (it->vantage == vantage) return *it;
    place = it + 1;
  }
  return *host.modes.insert(place, {.mode = mode, .vantage = vantage});
}

}  // namespace

std::vector<std::string> vantage_names(const std::vector<RunOfFile>& runs) {
  std::vector<std::string> names;
  names.reserve(runs.size());
  for (const RunOfFile& it : runs) names.push_back(it.run.environment.node);
  if (all_differ(names) && std::ranges::find(names, "") == names.end()) return names;
  names.clear();
  for (const RunOfFile& it : runs) names.push_back(without_folder(it.file));
  if (all_differ(names)) return names;
  std::map<std::string, unsigned> seen;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const unsigned times = ++seen[runs[i].file];
    names[i] = runs[i].file + (times > 1 ? '#' + std::to_string(times) : "");
  }
  return names;
}

BenchRun merge_runs(std::vector<RunOfFile> runs) {
  BenchRun merged;
  const std::vector<std::string> names = vantage_names(runs);
  std::map<std::pair<std::string, std::string>, std::size_t> places;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    BenchRun& run = runs[i].run;
    for (const HostSamples& host : run.hosts) {
      const auto [place, is_new] = places.try_emplace({host.host, host.port}, merged.hosts.size());
      if (is_new) merged.hosts.push_back({.host = host.host, .port = host.port});
      HostSamples& into = merged.hosts[place->second];
      if (into.labels.empty()) into.labels = host.labels;
      for (const ModeSamples& mode : host.modes)
        append(host, mode, into, series_of(into, mode.mode, runs.size() > 1 ? names[i] : ""));
    }
    run.hosts.clear();
    merged.started = i == 0 ? run.started : std::min(merged.started, run.started);
    merged.duration += run.duration;
    merged.sources.push_back({names[i],
                              run.started,
                              run.duration,
                              std::move(run.environment),
                              run.terms,
                              runs[i].saturated,
                              run.never_begun,
                              run.interrupted});
  }
  if (!merged.sources.empty()) merged.terms = merged.sources.front().terms;
  return merged;
}

}  // namespace gladhand
