// Reads what write_bench_json() wrote, from a file that may hold anything.
#pragma once

#include <string>
#include <string_view>

#include "samples/merge.hpp"

namespace gladhand {

/// The run in `text`; figures and sentences are not read, they are computed again from the samples.
/// Throws UsageError, one line that names `file` and the place, where `text` is no JSON, of another
/// schema or shape, or a merged report. An address whose zone this machine does not have loses the
/// zone; one that is neither IPv6, IPv4 nor a path is kept as none.
RunOfFile read_bench_json(const std::string& file, std::string_view text);

}  // namespace gladhand
