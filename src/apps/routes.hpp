// The routes of the command line or of a rule, made ready to be tried.
#pragma once

#include <string>
#include <vector>

#include "apps/options.hpp"
#include "connect/alternatives.hpp"

namespace gladhand {

/// What `settings.routes` say of this host and port; none where there are none. Throws UsageError
/// for one that cannot be meant.
Alternatives read_routes(const Settings& settings, const HostAndPort& host);

/// Throws UsageError for the first that cannot be meant, whatever the host is: --check-config knows
/// none.
void check_routes(const std::vector<std::string>& routes);

/// Whether a proxy or a command stands in any of `routes`.
bool has_proxies(const std::vector<std::string>& routes);
bool has_commands(const std::vector<std::string>& routes);

/// HOST and PORT as a target. Throws UsageError.
Target read_target(const HostAndPort& host);

}  // namespace gladhand
