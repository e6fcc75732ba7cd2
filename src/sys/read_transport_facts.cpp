#include "sys/read_transport_facts.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <string_view>

namespace gladhand {

namespace {

std::string congestion_of(int fd) {
  char name[16] = "";  // TCP_CA_NAME_MAX
  socklen_t size = sizeof(name);
  if (::getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, &size) != 0) return "";
  const std::string_view text(name, std::min<std::size_t>(size, sizeof(name)));
  return std::string(text.substr(0, text.find('\0')));
}

}  // namespace

TransportFacts transport_facts(int fd) {
  TransportFacts facts;
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0)
    facts.local = Endpoint(reinterpret_cast<const sockaddr*>(&address), size);
  tcp_info info{};
  size = sizeof(info);
  if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return facts;
  facts.round_trip = std::chrono::microseconds(info.tcpi_rtt);
  facts.retransmits = info.tcpi_total_retrans;
  facts.segment_size = info.tcpi_snd_mss;
  facts.congestion = congestion_of(fd);
  return facts;
}

}  // namespace gladhand
