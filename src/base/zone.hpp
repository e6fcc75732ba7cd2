// The zones of scoped IPv6 addresses: "fe80::1%eth0". Only the system knows which interface has
// which number; this room asks whoever it has been told to ask.
#pragma once

#include <cstdint>
#include <string>

namespace gladhand {

struct ZoneNames {
  /// The number of the interface, 0 for one that there is not.
  std::uint32_t (*index)(const std::string& name);
  /// The name of the interface, empty for one that there is not.
  std::string (*name)(std::uint32_t index);
};

/// Who is asked: at first somebody who knows no interface.
const ZoneNames& zone_names();

/// To be called before the first address is read; see use_system_zones().
void use_zone_names(const ZoneNames& names);

}  // namespace gladhand
