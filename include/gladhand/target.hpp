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
  enum class Kind : std::uint8_t {
    internet,     ///< a name or an address
    unix_socket,  ///< unix/PATH
    vsock,        ///< vsock/CID
    vsock_mux,    ///< vsock-mux/PATH: the Unix socket of a virtual machine monitor
    machine,      ///< machine/NAME, which systemd-machined knows
  };

  Kind kind = Kind::internet;
  std::string host;     ///< as given, without brackets
  std::string service;  ///< as given; empty where PORT may be absent
  std::uint16_t port = 0;
  std::uint32_t vsock_port = 0;       ///< in place of `port` where the target is behind VSOCK
  std::string name;                   ///< the DNS name to resolve, or the machine's; else empty
  std::string path{};                 ///< the Unix socket's
  std::optional<Endpoint> literal{};  ///< the address, where HOST is one
};

/// Checks HOST and PORT; throws UsageError that says what is wrong. Takes a name, an IPv4 or IPv6
/// literal, "[v6]" and "fe80::1%zone" as ssh passes them; a port of 1 to 65535 or a service name
/// that `services` (the text of services(5)) knows for TCP. A name must be ASCII by now.
///
/// Takes also what systemd-ssh-proxy(1) takes: unix/PATH, vsock/CID, vsock-mux/PATH and
/// machine/NAME,
/// '%' in place of the slash; a PATH that begins with neither '/' nor './' is absolute all the
/// same.
Target parse_target(std::string_view host, std::string_view port, std::string_view services);

/// Checks the form of a DNS name: labels of 1 to 63 octets, 253 in all, a trailing dot allowed, no
/// blanks or control characters [RFC 1035 §2.3.4]. Throws UsageError.
void check_name(std::string_view name);

/// Refuses a name, which need not be ASCII yet, with blanks or control characters. Throws
/// UsageError.
void check_blanks(std::string_view name);

/// Whether `name` passes check_name.
bool is_name(std::string_view name);

/// What HOST is meant as.
Target::Kind kind_of(std::string_view host);

/// Whether HOST is meant as something else than a name or an address: unix/PATH and its like.
bool is_local(std::string_view host);

/// "'db.example' port 22": what messages call a target.
std::string in_words(std::string_view host, std::string_view service);

/// A port number, 1 to 65535. Empty for anything else.
std::optional<std::uint16_t> parse_port(std::string_view text);

}  // namespace gladhand
