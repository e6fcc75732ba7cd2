// The values that options take, from text. All throw UsageError that names the option.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/first_words.hpp"
#include "connect/route.hpp"
#include "connect/route_order.hpp"
#include "dial/knock.hpp"
#include "dns/name_source.hpp"
#include "sys/socket_settings.hpp"

namespace gladhand {

std::chrono::microseconds read_duration(const std::string& text, std::string_view option);

/// A duration as a count of `unit`, 1 or more.
int read_time(const std::string& text, std::string_view option, std::chrono::microseconds unit);

/// A whole number from `least` to `most`.
int read_number(const std::string& text, std::string_view option, int least, int most);

/// "on" or "off".
bool read_switch(const std::string& text, std::string_view option);

/// "at-once" or "on-challenge".
ProxyAuth read_proxy_auth(const std::string& text);

/// A firewall mark: 32 bits, decimal or hexadecimal (0x10).
int read_mark(const std::string& text);

/// "auto", "dns" or "system".
NameRules read_name_rules(const std::string& text);

/// "auto", "off", or a prefix: "64:ff9b::/96".
Nat64Options read_nat64(const std::string& text);

/// "tcp", "mptcp" or "sctp".
Protocol read_protocol(const std::string& text);

/// A service's name as TCPMUX has it: printable ASCII.
std::string read_service(const std::string& text);

/// A DSCP: 0 to 63, or a name as ssh's IPQoS has it (ef, af11 to af43, cs0 to cs7, le).
int read_dscp(const std::string& text);

/// An option of type int, for sockets of `family` or of both.
SocketOption get_int_sockopt(const std::string& asked,
                             int level,
                             int name,
                             int value,
                             std::optional<Family> family = std::nullopt);

/// An option whose value is text.
SocketOption text_option(const std::string& asked, int level, int name, const std::string& value);

/// A source address: a literal, an IPv6 one with or without brackets.
Endpoint read_source(std::string_view text, std::string_view option);

/// A network interface's name.
std::string read_interface(const std::string& text);

/// Several of them, commas between.
std::vector<Endpoint> read_sources(const std::string& text, std::string_view option);

/// "IDLE,INTERVAL,COUNT" in seconds: the timers of SO_KEEPALIVE.
std::vector<SocketOption> read_keepalive(const std::string& text);

/// "tcp:7000,udp:8000".
std::vector<Knock> read_knocks(const std::string& text);

/// "in-order" or "race".
RouteOrder read_route_order(const std::string& text);

/// "banner", or a text that the server begins with.
FirstWords read_first_words(const std::string& text);

/// A command in words, at least one.
std::vector<std::string> read_command(const std::string& text, std::string_view option);

/// "addr", "addr:port", "v6", "[v6]" or "[v6]:port", returned as c-ares reads it.
std::string read_dns_server(const std::string& text);

/// "name:addr[,addr...]", an IPv6 address with or without brackets.
NameOverride read_override(const std::string& text);

}  // namespace gladhand
