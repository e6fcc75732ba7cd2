#include "dns/ask_mdns.hpp"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <asio/this_coro.hpp>
#include <charconv>
#include <cstring>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "base/unique_fd.hpp"
#include "base/words.hpp"
#include "gladhand/error.hpp"
#include "names/mdns.hpp"
#include "sys/readiness_wait.hpp"
#include "sys/unix_call.hpp"

namespace gladhand {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint16_t mdns_port = 5353;
constexpr int on_the_link = 255;  // the hop limit that no router leaves as it is [RFC 6762 §11]

// What is link-local is valid on the interface that it was heard from.
Endpoint on_interface(const Endpoint& address, std::uint16_t port, unsigned interface) {
  const in6_addr bytes = address.mapped();
  if (address.family() != Family::ipv6 || !IN6_IS_ADDR_LINKLOCAL(&bytes))
    return address.with_port(port);
  return Endpoint(bytes, port, interface);
}

// "+ 2 1 printer.local fe80::1": an interface, a protocol, the name, the address.
Found read_avahi(std::string_view reply, Family family, std::uint16_t port) {
  const auto words = split_words(reply);
  if (words.size() < 5 || words[0] != "+") return {};
  unsigned interface = 0;
  std::from_chars(words[1].data(), words[1].data() + words[1].size(), interface);
  const auto address = parse_address(words[4].substr(0, words[4].find('%')), port);
  if (!address || address->family() != family) return {};
  return {AnswerStatus::addresses, {on_interface(*address, port, interface)}};
}

// The interfaces of one protocol that multicasts can leave by.
std::vector<unsigned> multicast_interfaces(int system_family) {
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return {};
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owner(list, ::freeifaddrs);
  std::vector<unsigned> found;
  for (const ifaddrs* it = list; it != nullptr; it = it->ifa_next) {
    if (it->ifa_addr == nullptr || it->ifa_addr->sa_family != system_family) continue;
    constexpr unsigned wanted = IFF_UP | IFF_MULTICAST;
    if ((it->ifa_flags & (wanted | IFF_LOOPBACK)) != wanted) continue;
    const unsigned index = ::if_nametoindex(it->ifa_name);
    if (index != 0 && std::ranges::find(found, index) == found.end()) found.push_back(index);
  }
  return found;
}

// A socket of one protocol, for all links.
class Transport {
 public:
  explicit Transport(int system_family)
      : ipv6_(system_family == AF_INET6),
        interfaces_(multicast_interfaces(system_family)),
        fd_(::socket(system_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    if (ipv6_) {
      set(IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
      set(IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1);
      set(IPPROTO_IPV6, IPV6_MULTICAST_HOPS, on_the_link);
    } else {
      set(IPPROTO_IP, IP_PKTINFO, 1);
      set(IPPROTO_IP, IP_RECVTTL, 1);
      set(IPPROTO_IP, IP_MULTICAST_TTL, on_the_link);
    }
  }

  bool reaches_anybody() const { return fd_ && !interfaces_.empty(); }
  int fd() const { return fd_.get(); }

  // On every link; one that takes nothing is none.
  void send(const std::string& query) const {
    const Endpoint group = *parse_address(ipv6_ ? "ff02::fb" : "224.0.0.251", mdns_port);
    for (const unsigned interface : interfaces_) {
      if (ipv6_) {
        set(IPPROTO_IPV6, IPV6_MULTICAST_IF, static_cast<int>(interface));
      } else {
        ip_mreqn request{};
        request.imr_ifindex = static_cast<int>(interface);
        ::setsockopt(fd(), IPPROTO_IP, IP_MULTICAST_IF, &request, sizeof(request));
      }
      ::sendto(fd(), query.data(), query.size(), MSG_DONTWAIT, group.data(), group.size());
    }
  }

  struct Datagram {
    std::string text;
    std::uint16_t from_port = 0;
    unsigned interface = 0;
    int hops = 0;
  };

  // Empty when there is none left.
  std::optional<Datagram> receive() const {
    std::array<char, 9000> buffer;  // as long as one may be [RFC 6762 §17]
    alignas(cmsghdr) std::array<char, 256> control;
    sockaddr_storage from{};
    iovec data{buffer.data(), buffer.size()};
    msghdr message{};
    message.msg_name = &from;
    message.msg_namelen = sizeof(from);
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t got = ::recvmsg(fd(), &message, MSG_DONTWAIT);
    if (got < 0) return std::nullopt;
    Datagram datagram{std::string(buffer.data(), static_cast<std::size_t>(got))};
    datagram.from_port = Endpoint(reinterpret_cast<sockaddr*>(&from), message.msg_namelen).port();
    read_control(message, datagram);
    return datagram;
  }

 private:
  void set(int level, int name, int value) const {
    ::setsockopt(fd(), level, name, &value, sizeof(value));
  }

  static void read_control(msghdr& message, Datagram& datagram) {
    for (cmsghdr* it = CMSG_FIRSTHDR(&message); it != nullptr; it = CMSG_NXTHDR(&message, it)) {
      const auto read = [it](auto& value) { std::memcpy(&value, CMSG_DATA(it), sizeof(value)); };
      if (it->cmsg_level == IPPROTO_IP && it->cmsg_type == IP_TTL) read(datagram.hops);
      if (it->cmsg_level == IPPROTO_IPV6 && it->cmsg_type == IPV6_HOPLIMIT) read(datagram.hops);
      if (it->cmsg_level == IPPROTO_IP && it->cmsg_type == IP_PKTINFO) {
        in_pktinfo info{};
        read(info);
        datagram.interface = static_cast<unsigned>(info.ipi_ifindex);
      }
      if (it->cmsg_level == IPPROTO_IPV6 && it->cmsg_type == IPV6_PKTINFO) {
        in6_pktinfo info{};
        read(info);
        datagram.interface = info.ipi6_ifindex;
      }
    }
  }

  bool ipv6_;
  std::vector<unsigned> interfaces_;
  UniqueFd fd_;
};

// One question, over both protocols.
class LinkQuestion {
 public:
  LinkQuestion(std::string name, Family family, std::uint16_t port)
      : name_(std::move(name)),
        family_(family),
        port_(port),
        id_(static_cast<std::uint16_t>(std::random_device{}())),
        query_(mdns_query(name_, family, id_)),
        any_(::epoll_create1(EPOLL_CLOEXEC)) {
    for (const int system_family : {AF_INET6, AF_INET}) {
      Transport transport(system_family);
      if (!transport.reaches_anybody()) continue;
      epoll_event event{};
      event.events = EPOLLIN;
      if (::epoll_ctl(any_.get(), EPOLL_CTL_ADD, transport.fd(), &event) == 0)
        transports_.push_back(std::move(transport));
    }
  }

  bool reaches_anybody() const { return !transports_.empty(); }
  int fd() const { return any_.get(); }  // readable when one of the transports is

  void send() const {
    for (const Transport& transport : transports_) transport.send(query_);
  }

  // What has come by now, of what counts.
  std::vector<Endpoint> receive() const {
    std::vector<Endpoint> found;
    for (const Transport& transport : transports_) {
      while (const auto datagram = transport.receive()) {
        if (datagram->from_port != mdns_port || datagram->hops != on_the_link) continue;
        for (const Endpoint& address : read_mdns_answer(datagram->text, name_, family_, id_))
          add(found, on_interface(address, port_, datagram->interface));
      }
    }
    return found;
  }

 private:
  static void add(std::vector<Endpoint>& list, const Endpoint& endpoint) {
    if (std::ranges::find(list, endpoint) == list.end()) list.push_back(endpoint);
  }

  std::string name_;
  Family family_;
  std::uint16_t port_;
  std::uint16_t id_;
  std::string query_;
  UniqueFd any_;
  std::vector<Transport> transports_;
};

}  // namespace

asio::awaitable<Result<std::optional<Found>>> ask_avahi(std::string name,
                                                        Family family,
                                                        std::uint16_t port,
                                                        Clock::time_point deadline) {
  // Named, all of them: GCC 12 destroys what is made inside of a co_await twice.
  UnixPeer avahi{"/run/avahi-daemon/socket", "Avahi", '\n'};
  std::string request =
      std::string("RESOLVE-HOSTNAME-") + (family == Family::ipv6 ? "IPV6 " : "IPV4 ") + name;
  const auto reply = co_await call_unix_peer(std::move(avahi), std::move(request), deadline);
  if (!reply) co_return reply.error();
  if (!*reply) co_return std::nullopt;
  co_return read_avahi(**reply, family, port);
}

asio::awaitable<Found> ask_links(std::string name,
                                 Family family,
                                 std::uint16_t port,
                                 Clock::time_point deadline) {
  using namespace std::chrono_literals;
  const LinkQuestion question(std::move(name), family, port);
  Found found;
  if (!question.reaches_anybody()) co_return found;
  ReadinessWait ready(co_await asio::this_coro::executor, question.fd());
  for (const auto patience : {200ms, 300ms, 500ms}) {
    question.send();
    const Clock::time_point until = std::min(deadline, Clock::now() + patience);
    for (;;) {
      const auto readable = co_await ready.wait(ReadinessWait::Descriptor::wait_read, until);
      if (!readable) co_return Found{AnswerStatus::no_answer, {}, readable.error().what()};
      if (!*readable) break;
      found.addresses = question.receive();
      if (found.addresses.empty()) continue;
      found.status = AnswerStatus::addresses;
      co_return found;
    }
  }
  co_return found;
}

}  // namespace gladhand
