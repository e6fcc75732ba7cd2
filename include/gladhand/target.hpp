// Target: what HOST and PORT on the command line mean.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gladhand/endpoint.hpp"

namespace gladhand {

/// A checked HOST and PORT.
struct Target {
  std::string host;                 ///< as given, without brackets
  std::string service;              ///< as given
  std::uint16_t port = 0;
  std::string name;                 ///< the DNS name to resolve; empty for a literal
  std::optional<Endpoint> literal;  ///< the address, where HOST is one
};

/// Checks HOST and PORT; throws UsageError that says what is wrong. Takes a name, an IPv4 or IPv6
/// literal, "[v6]" and "fe80::1%zone" as ssh passes them; a port of 1 to 65535 or a service name
/// that `services` (the text of services(5)) knows for TCP. A name must be ASCII by now.
Target parse_target(std::string_view host, std::string_view port, std::string_view services);

/// Checks the form of a DNS name: labels of 1 to 63 octets, 253 in all, a trailing dot allowed, no
/// blanks or control characters [RFC 1035 §2.3.4]. Throws UsageError.
void check_name(std::string_view name);

/// A port number, 1 to 65535. Empty for anything else.
std::optional<std::uint16_t> parse_port(std::string_view text);

}  // namespace gladhand
