// TLS to a proxy, by gladhand-tls: a program of its own, started for each such proxy, so that the
// library for it is in nobody's way. It stays until the connection is over.
#pragma once

#include <string>

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "proxy/proxy.hpp"

namespace gladhand {

/// Where the program is: beside ours, or where it is installed. Empty where it is in neither place.
std::string find_tls_program();

/// Throws UsageError, which names --proxy-ca, for a file that cannot be read or has no certificate.
void check_authorities(const std::string& file);

/// Has the program speak TLS with `proxy` over `transport`, and trust the authorities of the file
/// `authorities`, the system's if that is empty. Returns a socket on which hear_of_tls() is to hear
/// before anything else, and then what the proxy says can be read. The program ends with it. Fails
/// (not_handed_over) when it cannot be started.
Result<UniqueFd> start_tls(const Proxy& proxy, const std::string& authorities, int transport);

}  // namespace gladhand
