// The hosts of a fleet, as a file names them.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gladhand {

using Labels = std::vector<std::pair<std::string, std::string>>;

struct ListedHost {
  std::string host;
  Labels labels{};
  friend bool operator==(const ListedHost&, const ListedHost&) = default;
};

/// The hosts of a file: one a line, blank lines and what follows a '#' left out; behind a host its
/// labels, NAME=VALUE. Throws UsageError.
std::vector<ListedHost> read_host_list(std::string_view text);

/// Whether `name` can be a label's [Prometheus data model], and is none of those that the metrics
/// have themselves.
bool is_label_name(std::string_view name);

}  // namespace gladhand
