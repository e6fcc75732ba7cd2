// The hosts that service records name, and where the addresses of each come from.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "dns/name_lookup.hpp"
#include "dns/name_source.hpp"
#include "dns/network.hpp"
#include "dns/service_lookup.hpp"
#include "gladhand/target.hpp"
#include "names/service.hpp"

namespace gladhand {

struct HostOfService {
  ServiceRecord record;
  Target target;  ///< as a user would name it
  NameSource source;
  std::shared_ptr<NameLookup> lookup{};  ///< once it is asked about
};

/// Random numbers of this process.
Draw random_draw();

/// In the order in which they are to be tried, which is drawn; `port` is that of hosts whose record
/// tells none. A host that nobody may ask about, as one of an onion service, is left out. Sends
/// nothing.
std::vector<std::unique_ptr<HostOfService>> find_hosts(ServiceLookup::Answer answer,
                                                       std::uint16_t port,
                                                       const NameOptions& options,
                                                       Network& network);

/// The addresses that a host's record hints at, of the families that are asked for.
std::vector<Endpoint> hints_of(const HostOfService& host);

}  // namespace gladhand
