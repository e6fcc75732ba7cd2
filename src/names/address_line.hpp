// The lines that a command of --resolve-with writes.
#pragma once

#include <optional>
#include <string_view>

#include "gladhand/endpoint.hpp"

namespace gladhand {

/// "192.0.2.1", "192.0.2.1:2222", "2001:db8::1", "[2001:db8::1]" or "[2001:db8::1]:2222", with
/// `port` where the line has none. Empty for anything else.
std::optional<Endpoint> parse_address_line(std::string_view line, std::uint16_t port);

}  // namespace gladhand
