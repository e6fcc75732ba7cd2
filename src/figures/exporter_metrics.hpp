// ExporterMetrics: what a long run has counted, for Prometheus, without the samples themselves. Its
// size is that of the hosts and modes.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "figures/metrics_text.hpp"

namespace gladhand {

class ExporterMetrics {
 public:
  /// `labels` are the user's, on every series. With addresses, who was connected to last is a
  /// label, too: a series for each address that a host has had.
  ExporterMetrics(std::string labels, bool with_addresses);

  /// The last sample of `mode` has ended; it began at `time`.
  void add(WallTime time, const HostSamples& host, const ModeSamples& mode);

  /// `lag` is that of the program itself.
  void write(const LoopLag& lag, const TextSink& write) const;

 private:
  struct Series {
    DialHistogram connected{};
    DialHistogram failed{};
    std::optional<DialHistogram> ours{};
    std::array<std::uint64_t, 2> wins{};                     // by family
    std::array<std::array<std::uint64_t, 4>, 2> attempts{};  // by family and outcome
    bool success = false;                                    // this and the rest: of the last dial
    std::map<Phase, Moment> phases{};
    WallTime time{};
    std::string address{};
  };

  void write_each(const char* name,
                  const char* type,
                  const char* unit,
                  const char* help,
                  const std::function<void(const std::string& labels, const Series& of)>& lines,
                  const TextSink& write) const;

  std::string labels_;
  bool with_addresses_;
  std::map<std::string, Series> series_;  // by labels
};

/// What a single probe has found, in the names that blackbox_exporter has for it where it has any.
/// `host` has a race, and in a second mode a dial of the family alone that has not won it.
std::string probe_metrics(const HostSamples& host, bool with_addresses);

}  // namespace gladhand
