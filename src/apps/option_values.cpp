#include "apps/option_values.hpp"

#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <charconv>
#include <climits>
#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>

#include "base/command_line.hpp"
#include "base/duration.hpp"
#include "base/letters.hpp"
#include "dns/idna.hpp"
#include "gladhand/error.hpp"

namespace gladhand {

namespace {

std::optional<Endpoint> read_bracketed(std::string_view text, std::uint16_t port) {
  if (text.starts_with('[') && text.ends_with(']')) {
    text = text.substr(1, text.size() - 2);
    if (!looks_like_ipv6(text)) return std::nullopt;
  }
  return parse_address(text, port);
}

}  // namespace

std::chrono::microseconds read_duration(const std::string& text, std::string_view option) {
  if (const auto duration = parse_duration(text)) return *duration;
  throw UsageError(std::string(option) + ": " + in_quotes(text) +
                   " is not a duration such as 250ms, 2s or 0.5");
}

int read_time(const std::string& text, std::string_view option, std::chrono::microseconds unit) {
  const auto count = read_duration(text, option) / unit;
  if (count >= 1) return static_cast<int>(std::min<std::int64_t>(count, INT_MAX));
  throw UsageError(std::string(option) + " must be at least " +
                   (unit == std::chrono::milliseconds(1) ? "1ms" : "0.001ms"));
}

int read_number(const std::string& text, std::string_view option, int least, int most) {
  int number = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && stop == text.data() + text.size() && number >= least &&
      number <= most)
    return number;
  throw UsageError(std::string(option) + ": " + in_quotes(text) + " is not a number from " +
                   std::to_string(least) + " to " + std::to_string(most));
}

bool read_switch(const std::string& text, std::string_view option) {
  if (text == "on" || text == "off") return text == "on";
  throw UsageError(std::string(option) + ": " + in_quotes(text) + " is not on or off");
}

ProxyAuth read_proxy_auth(const std::string& text) {
  if (text == "at-once") return ProxyAuth::at_once;
  if (text == "on-challenge") return ProxyAuth::on_challenge;
  throw UsageError("--proxy-auth: " + in_quotes(text) + " is neither at-once nor on-challenge");
}

int read_mark(const std::string& text) {
  std::uint32_t mark = 0;
  const bool hexadecimal = text.starts_with("0x") || text.starts_with("0X");
  const char* end = text.data() + text.size();
  const auto [stop, error] =
      std::from_chars(text.data() + (hexadecimal ? 2 : 0), end, mark, hexadecimal ? 16 : 10);
  if (error == std::errc() && stop == end) return static_cast<int>(mark);
  throw UsageError("--mark: " + in_quotes(text) + " is not a number of 32 bits, such as 7 or 0x10");
}

Protocol read_protocol(const std::string& text) {
  if (text == "tcp") return Protocol::tcp;
  if (text == "mptcp") return Protocol::mptcp;
  if (text == "sctp") return Protocol::sctp;
  throw UsageError("--protocol: " + in_quotes(text) + " is not tcp, mptcp or sctp");
}

NameRules read_name_rules(const std::string& text) {
  if (text == "auto") return NameRules::automatic;
  if (text == "dns") return NameRules::dns;
  if (text == "system") return NameRules::system;
  throw UsageError("--resolver: " + in_quotes(text) + " is not auto, dns or system");
}

Nat64Options read_nat64(const std::string& text) {
  if (text == "auto") return {};
  if (text == "off") return {.is_off = true};
  if (const auto prefix = parse_nat64_prefix(text)) return {.prefixes = {*prefix}};
  throw UsageError("--nat64: " + in_quotes(text) + " is not auto, off or a prefix",
                   "one is 64:ff9b::/96; its length is 32, 40, 48, 56, 64 or 96");
}

std::string read_service(const std::string& text) {
  const bool printable = std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
  if (!text.empty() && printable) return text;
  throw UsageError("--tcpmux: " + in_quotes(text) + " is no name of a service");
}

int read_dscp(const std::string& text) {
  std::string name = text;
  std::ranges::transform(name, name.begin(), lower<char>);
  const auto digit = [&name](std::size_t at) { return name[at] - '0'; };
  if (name == "ef") return 46;
  if (name == "le") return 1;
  if (name.size() == 3 && name.starts_with("cs") && digit(2) >= 0 && digit(2) <= 7)
    return 8 * digit(2);
  if (name.size() == 4 && name.starts_with("af") && digit(2) >= 1 && digit(2) <= 4 &&
      digit(3) >= 1 && digit(3) <= 3)
    return 8 * digit(2) + 2 * digit(3);
  return read_number(text, "--dscp", 0, 63);
}

SocketOption get_int_sockopt(
    const std::string& asked, int level, int name, int value, std::optional<Family> family) {
  SocketOption option{asked, family, level, name, std::vector<std::byte>(sizeof(value)), false};
  std::memcpy(option.value.data(), &value, sizeof(value));
  return option;
}

SocketOption text_option(const std::string& asked, int level, int name, const std::string& value) {
  SocketOption option{
      asked, std::nullopt, level, name, std::vector<std::byte>(value.size()), false};
  std::memcpy(option.value.data(), value.data(), value.size());
  return option;
}

Endpoint read_source(std::string_view text, std::string_view option) {
  if (const auto endpoint = read_bracketed(text, 0)) {
    const in6_addr address = endpoint->mapped();
    const bool multicast4 =
        endpoint->family() == Family::ipv4 && IN_MULTICAST(address.s6_addr[12] << 24U);
    if (!multicast4 && !IN6_IS_ADDR_MULTICAST(&address)) return *endpoint;
    throw UsageError(std::string(option) + ": " + to_string(*endpoint) + " is a multicast address");
  }
  throw UsageError(std::string(option) + ": " + in_quotes(text) + " is not an address");
}

std::vector<Endpoint> read_sources(const std::string& text, std::string_view option) {
  std::vector<Endpoint> sources;
  for (std::string_view rest = text;;) {
    const std::string_view word = rest.substr(0, rest.find(','));
    sources.push_back(read_source(word, option));
    if (word.size() == rest.size()) return sources;
    rest.remove_prefix(word.size() + 1);
  }
}

std::vector<SocketOption> read_keepalive(const std::string& text) {
  constexpr int longest = 32767;  // the kernel's own bound for the times
  const std::size_t first = text.find(',');
  const std::size_t second = first == text.npos ? text.npos : text.find(',', first + 1);
  if (second == text.npos)
    throw UsageError("--keepalive: " + in_quotes(text) +
                     " is not IDLE,INTERVAL,COUNT, such as 60,10,3");
  const std::string asked = "--keepalive=" + text;
  const auto number = [](const std::string& part, int most) {
    return read_number(part, "--keepalive", 1, most);
  };
  return {
      get_int_sockopt(asked, IPPROTO_TCP, TCP_KEEPIDLE, number(text.substr(0, first), longest)),
      get_int_sockopt(asked,
                      IPPROTO_TCP,
                      TCP_KEEPINTVL,
                      number(text.substr(first + 1, second - first - 1), longest)),
      get_int_sockopt(asked, IPPROTO_TCP, TCP_KEEPCNT, number(text.substr(second + 1), 127)),
  };
}

std::vector<Knock> read_knocks(const std::string& text) {
  std::vector<Knock> knocks;
  for (std::string_view rest = text;;) {
    const std::string_view word = rest.substr(0, rest.find(','));
    const auto port = parse_port(word.substr(std::min<std::size_t>(4, word.size())));
    const bool tcp = word.starts_with("tcp:");
    if (!port || (!tcp && !word.starts_with("udp:")))
      throw UsageError("--knock: " + in_quotes(word) + " is not tcp:PORT or udp:PORT");
    knocks.push_back({tcp ? Knock::Protocol::tcp : Knock::Protocol::udp, *port});
    if (word.size() == rest.size()) return knocks;
    rest.remove_prefix(word.size() + 1);
  }
}

RouteOrder read_route_order(const std::string& text) {
  if (text == "in-order") return RouteOrder::in_order;
  if (text == "race") return RouteOrder::race;
  throw UsageError("--route-order: " + in_quotes(text) + " is not in-order or race");
}

FirstWords read_first_words(const std::string& text) {
  constexpr std::size_t most = 255;
  if (text == "banner") return {.kind = FirstWords::Kind::ssh};
  if (!text.empty() && text.size() <= most)
    return {.kind = FirstWords::Kind::prefix, .prefix = text};
  throw UsageError("--until: " + in_quotes(text) + " is not banner or 1 to 255 octets");
}

std::string read_interface(const std::string& text) {
  if (!text.empty() && text.size() < IFNAMSIZ) return text;  // the system would cut a longer one
  throw UsageError("--interface: " + in_quotes(text) + " is no name of 1 to 15 octets");
}

std::vector<std::string> read_command(const std::string& text, std::string_view option) {
  auto words = split_command(text);
  if (!words) throw UsageError(std::string(option) + ": " + in_quotes(text) + " has an open quote");
  if (words->empty()) throw UsageError(std::string(option) + ": the command is empty");
  return std::move(*words);
}

std::string read_dns_server(const std::string& text) {
  constexpr std::uint16_t dns_port = 53;
  std::string_view address = text;
  std::optional<std::uint16_t> port = dns_port;
  const std::size_t colon = text.rfind(':');
  const bool one_colon = colon != std::string::npos && text.find(':') == colon;
  if (one_colon || (text.starts_with('[') && !text.ends_with(']'))) {
    address = std::string_view(text).substr(0, colon);
    port = parse_port(std::string_view(text).substr(std::min(colon, text.size() - 1) + 1));
  }
  const auto endpoint = port ? read_bracketed(address, *port) : std::nullopt;
  if (!endpoint)
    throw UsageError("--dns-server: " + in_quotes(text) +
                     " is not an address, or an address and a port such as 192.0.2.1:53 or "
                     "[2001:db8::1]:53");
  const std::string literal = to_string(*endpoint);
  return (looks_like_ipv6(literal) ? '[' + literal + ']' : literal) + ':' + std::to_string(*port);
}

NameOverride read_override(const std::string& text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos || colon == 0)
    throw UsageError("--resolve: " + in_quotes(text) + " is not NAME:ADDR[,ADDR...]");
  NameOverride result;
  try {
    result.name = to_ascii(text.substr(0, colon));
    check_name(result.name);
  } catch (const UsageError& error) {
    throw UsageError(std::string("--resolve: ") + error.what(), error.hint());
  }
  for (std::string_view rest = std::string_view(text).substr(colon + 1);;) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const auto endpoint = read_bracketed(rest.substr(0, comma), 0);
    if (!endpoint)
      throw UsageError("--resolve: " + in_quotes(rest.substr(0, comma)) + " is not an address");
    result.addresses.push_back(*endpoint);
    if (comma == rest.size()) return result;
    rest.remove_prefix(comma + 1);
  }
}

}  // namespace gladhand
