// The wireless networks that this machine is on: nl80211 by generic netlink. Nothing is sent to
// anybody, and no module is loaded for it.
#pragma once

#include <linux/netlink.h>

#include <cstdint>
#include <optional>
#include <string>

#include "base/network_facts.hpp"

namespace gladhand {

WifiNetworks find_wifi_networks();

/// The number of nl80211, where `message` is the one that tells of that family. Like the next it
/// reads no further than the message says that it is long.
std::optional<std::uint16_t> nl80211_number(const nlmsghdr& message);

/// The name of the network that the wireless interface of `message` is a client of; empty where it
/// is none.
std::string wifi_name(const nlmsghdr& message);

}  // namespace gladhand
