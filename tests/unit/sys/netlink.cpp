#include "sys/netlink.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace gladhand {
namespace {

// Whose loopback device it is matters to nobody.
std::vector<int> links(NetlinkDumps& dumps, std::size_t most) {
  std::vector<int> found;
  dumps.ask(RTM_GETLINK, ifinfomsg{}, [&](const nlmsghdr& message) {
    CHECK(message.nlmsg_type == RTM_NEWLINK);
    found.push_back(static_cast<const ifinfomsg*>(NLMSG_DATA(&message))->ifi_index);
    return found.size() < most;
  });
  return found;
}

}  // namespace

TEST_CASE("a dump that was given up leaves nothing to the next one") {
  NetlinkDumps dumps;
  const std::vector<int> all = links(dumps, 100);
  REQUIRE(!all.empty());
  CHECK(links(dumps, 1).size() == 1);
  int others = 0;
  dumps.ask(RTM_GETADDR, ifaddrmsg{}, [&others](const nlmsghdr& message) {
    others += message.nlmsg_type == RTM_NEWADDR ? 0 : 1;
    return true;
  });
  CHECK(others == 0);
  CHECK(links(dumps, 100) == all);
}

TEST_CASE("a dump of something that the kernel does not have has no messages") {
  NetlinkDumps dumps;
  dumps.ask(RTM_MAX - 1, ifinfomsg{}, [](const nlmsghdr&) {
    FAIL("a message");
    return true;
  });
  CHECK(!links(dumps, 100).empty());
}

}  // namespace gladhand
