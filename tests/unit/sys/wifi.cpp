#include "sys/wifi.hpp"

#include <doctest/doctest.h>
#include <linux/genetlink.h>
#include <linux/nl80211.h>

#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

using namespace std::string_view_literals;

namespace gladhand {
namespace {

// A message as the kernel lays it out, in memory of just its size: a sanitizer sees who reads on.
class Message {
 public:
  explicit Message(std::uint8_t command) {
    bytes_.resize(NLMSG_HDRLEN);
    bytes_ += std::string{static_cast<char>(command), 1, 0, 0};
  }

  explicit Message(std::string bytes) : bytes_(std::move(bytes)) {}

  Message& add(std::uint16_t type, std::string_view value) {
    const auto length = static_cast<std::uint16_t>(NLA_HDRLEN + value.size());
    bytes_.append(reinterpret_cast<const char*>(&length), 2);
    bytes_.append(reinterpret_cast<const char*>(&type), 2);
    bytes_ += value;
    bytes_.resize(NLMSG_ALIGN(bytes_.size()));
    return *this;
  }

  template <typename Number>
  Message& add_number(std::uint16_t type, Number value) {
    return add(type, {reinterpret_cast<const char*>(&value), sizeof(value)});
  }

  std::size_t size() const { return bytes_.size(); }
  const std::string& bytes() const { return bytes_; }

  // Calls `read` with the first `size` bytes.
  template <typename Read>
  auto read(Read reader, std::size_t size) const {
    const auto memory = std::make_unique<std::uint32_t[]>((size + 3) / 4);
    std::memcpy(memory.get(), bytes_.data(), size);
    nlmsghdr header{};
    header.nlmsg_len = static_cast<std::uint32_t>(size);
    std::memcpy(memory.get(), &header, sizeof(header));
    return reader(*reinterpret_cast<const nlmsghdr*>(memory.get()));
  }

  template <typename Read>
  auto read(Read reader) const {
    return read(reader, size());
  }

 private:
  std::string bytes_;
};

Message family(std::string_view name) {
  return Message(CTRL_CMD_NEWFAMILY)
      .add(CTRL_ATTR_FAMILY_NAME, name)
      .add_number(CTRL_ATTR_FAMILY_ID, std::uint16_t{0x1c})
      .add_number(CTRL_ATTR_VERSION, std::uint32_t{1});
}

Message interface(std::uint32_t type, std::string_view name) {
  return Message(NL80211_CMD_NEW_INTERFACE)
      .add_number(NL80211_ATTR_IFINDEX, std::uint32_t{3})
      .add(NL80211_ATTR_IFNAME, "wlan0\0"sv)
      .add_number(NL80211_ATTR_IFTYPE, type)
      .add(NL80211_ATTR_SSID, name);
}

}  // namespace

TEST_CASE("nl80211 is a family like others, with a number") {
  CHECK(family("nl80211\0"sv).read(nl80211_number) == 0x1c);
  CHECK(!family("nl80211x\0"sv).read(nl80211_number));
  CHECK(!family("nlctrl\0"sv).read(nl80211_number));
  CHECK(!Message(CTRL_CMD_NEWFAMILY).add(CTRL_ATTR_FAMILY_NAME, "nl80211").read(nl80211_number));
  CHECK(!Message(CTRL_CMD_DELFAMILY)
             .add(CTRL_ATTR_FAMILY_NAME, "nl80211")
             .add_number(CTRL_ATTR_FAMILY_ID, std::uint16_t{0x1c})
             .read(nl80211_number));
}

TEST_CASE("the name is that of a network that this machine is a client of") {
  CHECK(interface(NL80211_IFTYPE_STATION, "home").read(wifi_name) == "home");
  CHECK(interface(NL80211_IFTYPE_ADHOC, "a\0b\n"sv).read(wifi_name) == "a\0b\n"sv);
  CHECK(interface(NL80211_IFTYPE_P2P_CLIENT, "x").read(wifi_name) == "x");
  CHECK(interface(NL80211_IFTYPE_AP, "ours").read(wifi_name) == "");
  CHECK(Message(NL80211_CMD_NEW_INTERFACE)  // not connected
            .add_number(NL80211_ATTR_IFTYPE, std::uint32_t{NL80211_IFTYPE_STATION})
            .read(wifi_name) == "");
  CHECK(Message(NL80211_CMD_NEW_INTERFACE).add(NL80211_ATTR_SSID, "home").read(wifi_name) == "");
}

TEST_CASE("no bytes of a message do harm") {
  std::minstd_rand random(1);
  for (const Message& whole : {family("nl80211\0"sv), interface(NL80211_IFTYPE_STATION, "home")}) {
    for (std::size_t size = NLMSG_HDRLEN; size < whole.size(); ++size) {
      whole.read(nl80211_number, size);
      CHECK(whole.read(wifi_name, size).size() <= 4);
    }
    for (int i = 0; i < 20'000; ++i) {
      std::string bytes = whole.bytes();
      bytes[NLMSG_HDRLEN + random() % (bytes.size() - NLMSG_HDRLEN)] = static_cast<char>(random());
      Message(bytes).read(nl80211_number);
      CHECK(Message(bytes).read(wifi_name).size() < bytes.size());
    }
  }
}

}  // namespace gladhand
