// What ssh's configuration says of connecting, in our own options.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "strategy/rule.hpp"

namespace gladhand {

/// The value of a keyword in the output of `ssh -G`, "db.example" of "hostname db.example"; the
/// first where there are several. Capitals do not count. Empty optional where there is none.
std::optional<std::string> ssh_value(std::string_view output, std::string_view keyword);

/// The line of what a failed ssh has written that says why: the last one, or that before it where
/// this only counts ("terminating, 1 bad configuration options").
std::string why_ssh_failed(std::string_view written);

/// AddressFamily, BindAddress, BindInterface, ConnectTimeout, ConnectionAttempts, TCPKeepAlive and
/// IPQoS of the output of `ssh -G`; what ssh leaves to the system is left out. `who` is said in
/// every place. Throws UsageError for a value that is none of ssh's.
std::vector<Setting> read_ssh_settings(std::string_view output, const std::string& who);

}  // namespace gladhand
