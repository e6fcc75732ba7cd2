#include "apps/history_report.hpp"

#include <chrono>
#include <ctime>

#include "base/duration.hpp"
#include "gladhand/error.hpp"

namespace gladhand {

namespace {

// "2026-11-29 17:40", local time.
std::string in_words(std::chrono::seconds since_1970) {
  const std::time_t time = since_1970.count();
  std::tm local{};
  char text[20];
  if (::localtime_r(&time, &local) == nullptr ||
      std::strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &local) == 0)
    return "?";
  return text;
}

std::string count_of(std::uint32_t count, const std::string& one) {
  return std::to_string(count) + ' ' + one + (count == 1 ? "" : "s");
}

std::string line_of(const KnownEndpoint& it) {
  std::string text = "  " + with_port(it.endpoint) + " (" + printable(it.host) + ')';
  text += ": won " + count_of(it.won, "dial");
  if (it.round_trip.count() > 0) text += ", round trip " + to_string(it.round_trip);
  if (it.failures > 0) text += ", failed the last " + count_of(it.failures, "time");
  if (it.passed_over > 0) text += ", passed over " + count_of(it.passed_over, "time") + " since";
  return text + ", " + in_words(it.used) + '\n';
}

std::string lines_of_families(const History& history) {
  std::string text;
  for (const Family family : {Family::ipv6, Family::ipv4}) {
    const KnownFamily& it = history.families[static_cast<std::size_t>(family)];
    if (it.failures == 0) continue;
    text +=
        "  " + std::string(to_string(family)) + ": " +
        (it.failures == 1 ? "the last address has failed"
                          : "the last " + std::to_string(it.failures) + " addresses have failed") +
        (it.failures < failures_of_broken_family ? "\n" : ": broken here\n");
  }
  return text;
}

}  // namespace

std::string history_report(const std::vector<HistoryKeeper::Network>& networks) {
  std::string text;
  for (const HistoryKeeper::Network& it : networks) {
    text += "network " + printable(it.name) + ": ";
    if (!it.fault.empty()) {
      text += printable(it.fault) + '\n';
      continue;
    }
    text += printable(it.file.network) + ", " + in_words(it.file.written) + '\n';
    text += lines_of_families(it.file.history);
    for (const KnownEndpoint& known : it.file.history.endpoints) text += line_of(known);
  }
  return text;
}

}  // namespace gladhand
