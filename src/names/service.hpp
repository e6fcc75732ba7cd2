// Service records: hosts that offer a service, and in which order they are to be tried.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gladhand/endpoint.hpp"

namespace gladhand {

/// One SRV record [RFC 2782], or what an SVCB record comes to.
struct ServiceRecord {
  std::uint16_t priority{};
  std::uint16_t weight{};
  std::uint16_t port{};
  std::string host{};             ///< absolute, without its final dot; empty: "."
  std::vector<Endpoint> hints{};  ///< addresses that the host may have, with the port
};

/// So many hosts are asked about at most: a name's owner must not have us ask for thousands.
inline constexpr std::size_t most_service_hosts = 16;

/// A number from 0 to `most`, all as likely.
using Draw = std::function<unsigned(unsigned most)>;

/// The hosts in the order in which they are to be tried: the smaller priority first, those of equal
/// priority drawn by their weights [RFC 2782]. What cannot be connected to is left out: port 0, a
/// host that is no name; so is what is beyond most_service_hosts.
std::vector<ServiceRecord> order_srv(std::vector<ServiceRecord> records, const Draw& draw);

/// Whether the records say that nobody offers the service: their only one's host is "."
/// [RFC 2782].
bool is_withdrawn(const std::vector<ServiceRecord>& records);

/// Checks what stands before a host's name: "_ssh._tcp", labels that begin with '_'. Throws
/// UsageError.
void check_service(std::string_view service);

/// What is asked for, `service` before each of `names`. What would be no name is left out.
std::vector<std::string> service_names(std::string_view service,
                                       const std::vector<std::string>& names);

}  // namespace gladhand
