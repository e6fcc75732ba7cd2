// Several runs as one: each becomes a series of its own in the hosts that it dialled.
#pragma once

#include <string>
#include <vector>

#include "samples/sample.hpp"

namespace gladhand {

/// A run as it was read from a file.
struct RunOfFile {
  std::string file;
  BenchRun run;
  bool saturated = false;
};

/// The names of the series: the machine each ran on; where two ran on the same one, the names of
/// all files, with their folders if need be, and "#2" after a file that is given twice.
std::vector<std::string> vantage_names(const std::vector<RunOfFile>& runs);

/// Hosts come in the order in which they are first met, the modes of each side by side, all of one
/// mode together. Samples keep their numbers and times. One run alone is no series of any.
BenchRun merge_runs(std::vector<RunOfFile> runs);

}  // namespace gladhand
