#include "samples/versions.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <utility>

namespace gladhand {

namespace {

// "OpenSSH_9.2p1 Debian-2" of "SSH-2.0-OpenSSH_9.2p1 Debian-2" [RFC 4253 §4.2].
std::string_view software(std::string_view line) {
  const std::size_t second = line.find('-', line.find('-') + 1);
  return second == line.npos ? line : line.substr(second + 1);
}

}  // namespace

std::vector<std::string> versions_of(const HostSamples& host, const ModeSamples& mode) {
  std::vector<std::string> found;
  std::string_view before;
  for (const Sample& sample : mode.samples) {
    const std::string_view line = host.first_line_of(sample);
    if (line.empty() || line == before) continue;
    before = line;
    const std::string version(software(line));
    std::erase(found, version);
    found.push_back(version);
  }
  return found;
}

std::string describe_versions(const BenchRun& run) {
  constexpr std::size_t most_told = 5;
  std::map<std::string, std::size_t> hosts;
  for (const HostSamples& host : run.hosts) {
    std::set<std::string> said;
    for (const ModeSamples& mode : host.modes)
      for (std::string& version : versions_of(host, mode)) said.insert(std::move(version));
    for (const std::string& version : said) ++hosts[version];
  }
  if (hosts.size() < 2) return "";
  std::vector<std::pair<std::string, std::size_t>> ordered(hosts.begin(), hosts.end());
  std::ranges::stable_sort(ordered, std::greater<>(), &std::pair<std::string, std::size_t>::second);
  std::string text;
  for (std::size_t i = 0; i < std::min(ordered.size(), most_told); ++i)
    text += (i == 0 ? "" : ", ") + std::to_string(ordered[i].second) +
            (ordered[i].second == 1 ? " host " : " hosts ") + ordered[i].first;
  if (ordered.size() > most_told)
    text += " and " + std::to_string(ordered.size() - most_told) + " others";
  return text;
}

}  // namespace gladhand
