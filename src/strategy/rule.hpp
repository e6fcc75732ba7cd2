// A rule of a configuration file: for which targets on which networks it is, and what it sets.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace gladhand {

/// Where something stands in a file, counted from 1; a line of 0: in no file, but `file` says who
/// has it.
struct Place {
  std::string file;
  unsigned line = 0;
  unsigned column = 0;
};

/// "FILE:LINE:COLUMN", or who has it.
std::string to_string(const Place& place);

/// What a condition is about.
enum class Subject : std::uint8_t {
  host,
  port,
  tag,
  default_device,  ///< of a default route
  gateway,         ///< ... its address
  gateway_mac,     ///< ... its link-layer address
  interface,       ///< one that is up
  vpn,             ///< whether one that is up is a VPN's
  address,         ///< one of this machine's
  search_domain,   ///< of resolv.conf(5)
  dns_server,      ///< ... too
  route_to,        ///< "ADDRESS dev DEVICE": whereby packets to it leave
  wifi,            ///< the name of a wireless network
  mains_power,     ///< whether there is any
};

struct Condition {
  Subject subject{};
  std::vector<std::string> values;
  Place place;
};

/// An option that is set, by its long name without dashes; a flag has "true" or "false".
struct Setting {
  std::string key;
  std::vector<std::string> values;
  Place place;
};

/// Holds where all of `match` do, and not all of `unless`, if there are any.
struct StrategyRule {
  std::string name;  ///< as the file has it; may be empty
  Place place;
  std::vector<Condition> match;
  std::vector<Condition> unless;
  std::vector<Setting> settings;
};

}  // namespace gladhand
