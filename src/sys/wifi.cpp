#include "sys/wifi.hpp"

#include <linux/genetlink.h>
#include <linux/nl80211.h>

#include <cstddef>
#include <cstring>
#include <string_view>

#include "sys/netlink.hpp"

namespace gladhand {

namespace {

// What stands behind a message's two headers; the attributes of generic netlink are laid out as
// those of rtnetlink.
struct GenericMessage {
  explicit GenericMessage(const nlmsghdr& message) {
    if (message.nlmsg_len < NLMSG_LENGTH(GENL_HDRLEN)) return;
    const auto* header = static_cast<const genlmsghdr*>(NLMSG_DATA(&message));
    command = header->cmd;
    attributes = reinterpret_cast<const rtattr*>(header + 1);
    size = message.nlmsg_len - NLMSG_LENGTH(GENL_HDRLEN);
  }

  std::optional<int> command{};
  const rtattr* attributes = nullptr;
  std::size_t size = 0;
};

std::string_view octets_of(const rtattr* attribute) {
  if (attribute == nullptr) return {};
  return {static_cast<const char*>(RTA_DATA(attribute)), RTA_PAYLOAD(attribute)};
}

void dump(std::uint16_t family, std::uint8_t command, const NetlinkDumps::Use& use) {
  NetlinkDumps(NETLINK_GENERIC)
      .ask(family, genlmsghdr{.cmd = command, .version = 1, .reserved = 0}, use);
}

// Asked for by its name, a family that is not there would have the kernel load a module.
std::optional<std::uint16_t> find_nl80211() {
  std::optional<std::uint16_t> number;
  dump(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, [&number](const nlmsghdr& message) {
    number = nl80211_number(message);
    return !number;
  });
  return number;
}

}  // namespace

std::optional<std::uint16_t> nl80211_number(const nlmsghdr& message) {
  const GenericMessage family(message);
  if (family.command != CTRL_CMD_NEWFAMILY) return std::nullopt;
  const auto name =
      octets_of(find_attribute(family.attributes, family.size, CTRL_ATTR_FAMILY_NAME, 1));
  if (name.substr(0, name.find('\0')) != NL80211_GENL_NAME) return std::nullopt;
  std::uint16_t number = 0;
  const rtattr* found =
      find_attribute(family.attributes, family.size, CTRL_ATTR_FAMILY_ID, sizeof(number));
  if (found == nullptr) return std::nullopt;
  std::memcpy(&number, RTA_DATA(found), sizeof(number));
  return number;
}

// An access point of this machine's own has a name, too.
std::string wifi_name(const nlmsghdr& message) {
  const GenericMessage interface(message);
  if (interface.command != NL80211_CMD_NEW_INTERFACE) return "";
  const unsigned type =
      number_attribute(interface.attributes, interface.size, NL80211_ATTR_IFTYPE);
  if (type != NL80211_IFTYPE_STATION && type != NL80211_IFTYPE_P2P_CLIENT &&
      type != NL80211_IFTYPE_ADHOC)
    return "";
  return std::string(
      octets_of(find_attribute(interface.attributes, interface.size, NL80211_ATTR_SSID, 1)));
}

WifiNetworks find_wifi_networks() {
  const auto family = find_nl80211();
  if (!family) return {{}, "the kernel has no nl80211"};
  WifiNetworks networks;
  dump(*family, NL80211_CMD_GET_INTERFACE, [&networks](const nlmsghdr& message) {
    if (std::string name = wifi_name(message); !name.empty()) networks.names.push_back(name);
    return true;
  });
  return networks;
}

}  // namespace gladhand
