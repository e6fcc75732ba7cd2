#include "apps/dial_options.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <climits>
#include <vector>

#include "apps/option_values.hpp"
#include "connect/tls_relay.hpp"
#include "gladhand/error.hpp"
#include "names/service.hpp"
#include "proxy/handshake.hpp"
#include "sys/delayed_ack.hpp"
#include "sys/socket_setup.hpp"

namespace gladhand {

namespace {

using Row = Option<ConnectOptions>;

constexpr const char* addresses = "Addresses";
constexpr const char* race = "Race";
constexpr const char* transports = "Transport";
constexpr const char* sockets = "Socket";
constexpr const char* before = before_group;

// Linux 6.15; the headers of most systems are older.
constexpr int tcp_rto_max_ms = 44;
constexpr int tcp_rto_min_us = 45;

void set_int(ConnectOptions& s, const std::string& asked, int level, int name, int value) {
  s.attempt.socket.options.push_back(get_int_sockopt(asked, level, name, value));
}

// A TCP option that is a time, counted in `unit`.
void set_time(ConnectOptions& s,
              const std::string& option,
              const std::string& text,
              int name,
              std::chrono::microseconds unit) {
  set_int(s, option + ' ' + text, IPPROTO_TCP, name, read_time(text, option, unit));
}

// A number for both families, under the name that each has for it.
void set_ip_int(
    ConnectOptions& s, const std::string& asked, int ipv4_name, int ipv6_name, int value) {
  std::vector<SocketOption>& options = s.attempt.socket.options;
  options.push_back(get_int_sockopt(asked, IPPROTO_IP, ipv4_name, value, Family::ipv4));
  options.push_back(get_int_sockopt(asked, IPPROTO_IPV6, ipv6_name, value, Family::ipv6));
}

void add_source(ConnectOptions& s, const std::string& text) {
  const Endpoint source = read_source(text, "--bind");
  for (const Endpoint& other : s.attempt.socket.bind)
    if (other.family() == source.family())
      throw UsageError("--bind: one address a family, not " + to_string(other) + " and " +
                       to_string(source));
  s.attempt.socket.bind.push_back(source);
}

constexpr std::array rows = {
    Row{{"-4", "", false, Needs::ip, addresses, "IPv4 only"},
        [](ConnectOptions& s, const Values&) {
          s.names.families = {Family::ipv4};
          s.names.nat64.is_off = true;
        }},
    Row{{"-6", "", false, Needs::ip, addresses, "IPv6 only"},
        [](ConnectOptions& s, const Values&) { s.names.families = {Family::ipv6}; }},
    Row{{"--dns-server",
         "ADDR[:PORT]",
         true,
         Needs::ip,
         addresses,
         "Ask this name server instead of those of /etc/resolv.conf"},
        [](ConnectOptions& s, const Values& v) {
          for (const std::string& text : v) s.names.dns_servers.push_back(read_dns_server(text));
        }},
    Row{{"--dns-attempt-delay",
         "DURATION",
         false,
         Needs::ip,
         addresses,
         "Silence of a name server after which the next is asked too, 10ms or more [250ms]"},
        [](ConnectOptions& s, const Values& v) {
          s.names.server_delay = std::max(read_duration(v.back(), "--dns-attempt-delay"),
                                          std::chrono::microseconds(min_connection_attempt_delay));
        }},
    Row{{"--resolve",
         "NAME:ADDR[,ADDR...]",
         true,
         Needs::ip,
         addresses,
         "Use these addresses for NAME without asking anybody"},
        [](ConnectOptions& s, const Values& v) {
          for (const std::string& text : v) s.names.overrides.push_back(read_override(text));
        }},
    Row{{"--resolver",
         "WHO",
         false,
         Needs::ip,
         addresses,
         "Who is asked for names: auto, dns, or system for everything [auto]"},
        [](ConnectOptions& s, const Values& v) { s.names.rules = read_name_rules(v.back()); }},
    Row{{"--resolve-with",
         "COMMAND",
         false,
         Needs::ip,
         addresses,
         "Run this, without a shell, and take the addresses that it writes instead of asking"},
        [](ConnectOptions& s, const Values& v) {
          s.names.command = read_command(v.back(), "--resolve-with");
        }},
    Row{{"--srv",
         "[=SERVICE]",
         false,
         Needs::ip,
         addresses,
         "Go to the hosts and ports that the DNS names for this service [_ssh._tcp]"},
        [](ConnectOptions& s, const Values& v) {
          s.names.service = ServiceOptions{};
          if (v.back() == "true") return;
          check_service(v.back());
          s.names.service->service = v.back();
        }},
    Row{{"--svcb",
         "",
         false,
         Needs::ip,
         addresses,
         "Go to the hosts and ports that the DNS binds to ssh here (SVCB)"},
        [](ConnectOptions& s, const Values&) {
          s.names.service = ServiceOptions{.type = RecordType::svcb};
        }},
    Row{{"--nat64",
         "HOW",
         false,
         Needs::ip,
         addresses,
         "Reach IPv4 from IPv6 alone: auto, off, or through this PREFIX/LENGTH [auto]"},
        [](ConnectOptions& s, const Values& v) { s.names.nat64 = read_nat64(v.back()); }},
    Row{{"--timeout",
         "DURATION",
         false,
         Needs::nothing,
         race,
         "End the dial after this time [30s]"},
        [](ConnectOptions& s, const Values& v) {
          s.race.timeout = read_duration(v.back(), "--timeout");
          if (s.race.timeout.count() == 0) throw UsageError("--timeout must be over 0");
        }},
    Row{{"--connection-attempt-delay",
         "DURATION",
         false,
         Needs::ip,
         race,
         "Time between two attempts, 10ms to 2s [250ms]"},
        [](ConnectOptions& s, const Values& v) {
          s.race.delay_follows_history = false;
          s.race.connection_attempt_delay =
              std::clamp(read_duration(v.back(), "--connection-attempt-delay"),
                         min_connection_attempt_delay,
                         max_connection_attempt_delay);
        }},
    Row{{"--resolution-delay",
         "DURATION",
         false,
         Needs::ip,
         race,
         "Time to wait for the preferred family's answer once the other is known [50ms]"},
        [](ConnectOptions& s, const Values& v) {
          s.race.resolution_delay = read_duration(v.back(), "--resolution-delay");
        }},
    Row{{"--backup-attempt",
         "on|off",
         false,
         Needs::ip,
         race,
         "Where nothing answers, try the best address once more before the system does [on]"},
        [](ConnectOptions& s, const Values& v) {
          s.race.backup_attempt = read_switch(v.back(), "--backup-attempt");
        }},
    Row{{"--preferred-family-count",
         "N",
         false,
         Needs::ip,
         race,
         "Addresses of the preferred family before one of the other [1]"},
        [](ConnectOptions& s, const Values& v) {
          s.race.preferred_family_count =
              static_cast<unsigned>(read_number(v.back(), "--preferred-family-count", 1, 1000));
        }},
    Row{{"--protocol",
         "PROTOCOL",
         false,
         Needs::ip,
         transports,
         "tcp, mptcp (TCP where the kernel has none) or sctp [tcp]"},
        [](ConnectOptions& s, const Values& v) {
          s.attempt.socket.protocol = read_protocol(v.back());
        }},
    Row{{"--proxy",
         "URL",
         true,
         Needs::tcp,
         transports,
         "Go through this proxy, and through the next from there; 'env': as the environment says"},
        [](ConnectOptions& s, const Values& v) {
          const bool from_environment = std::ranges::find(v, "env") != v.end();
          if (from_environment && v.size() > 1)
            throw UsageError("--proxy env and other proxies exclude each other");
          if (from_environment) return read_environment(s.route);
          for (const std::string& url : v) s.route.proxies.push_back(parse_proxy(url));
        }},
    Row{{"--proxy-ca",
         "FILE",
         false,
         Needs::tcp,
         transports,
         "Trust these authorities (PEM) for https:// proxies, not the system's"},
        [](ConnectOptions& s, const Values& v) {
          check_authorities(v.back());
          s.route.authorities = v.back();
        }},
    Row{{"--proxy-auth-file",
         "FILE",
         false,
         Needs::tcp,
         transports,
         "Users and passwords for proxies, one URL a line"},
        [](ConnectOptions& s, const Values& v) {
          if (v.back().empty()) throw UsageError("--proxy-auth-file names no file");
          s.route.credentials = std::make_shared<CredentialSources>(v.back());
        }},
    Row{{"--proxy-auth",
         "WHEN",
         false,
         Needs::tcp,
         transports,
         "Tell an HTTP proxy the password at-once or on-challenge [at-once]"},
        [](ConnectOptions& s, const Values& v) { s.route.proxy_auth = read_proxy_auth(v.back()); }},
    Row{{"--proxy-header",
         "FIELD",
         true,
         Needs::tcp,
         transports,
         "Add this, 'Name: value', to what HTTP proxies are asked"},
        [](ConnectOptions& s, const Values& v) {
          for (const std::string& text : v) s.route.fields.push_back(read_field(text));
        }},
    Row{{"--tcpmux",
         "SERVICE",
         false,
         Needs::tcp,
         transports,
         "Ask a port multiplexer for this service"},
        [](ConnectOptions& s, const Values& v) { s.route.tcpmux = read_service(v.back()); }},
    Row{{"--bind",
         "ADDR",
         true,
         Needs::ip,
         sockets,
         "Connect from this address; one a family, a family without one is not tried"},
        [](ConnectOptions& s, const Values& v) {
          for (const std::string& text : v) add_source(s, text);
        }},
    Row{{"--interface", "IF", false, Needs::ip, sockets, "Bind to this device, a VRF included"},
        [](ConnectOptions& s, const Values& v) {
          s.attempt.socket.interface = read_interface(v.back());
        }},
    Row{{"--local-port", "PORT", false, Needs::ip, sockets, "Connect from this port"},
        [](ConnectOptions& s, const Values& v) {
          s.attempt.socket.local_port =
              static_cast<std::uint16_t>(read_number(v.back(), "--local-port", 1, 65535));
        }},
    Row{{"--mark",
         "NUMBER",
         false,
         Needs::ip,
         sockets,
         "Firewall mark of every packet (needs CAP_NET_ADMIN)"},
        [](ConnectOptions& s, const Values& v) {
          set_int(s, "--mark " + v.back(), SOL_SOCKET, SO_MARK, read_mark(v.back()));
          s.attempt.socket.options.back().steers_route = true;
        }},
    Row{{"--dscp",
         "DSCP",
         false,
         Needs::ip,
         sockets,
         "0 to 63, ef, af11, cs1, le, ...; from the first packet until ssh sets its IPQoS"},
        [](ConnectOptions& s, const Values& v) {
          set_ip_int(s, "--dscp " + v.back(), IP_TOS, IPV6_TCLASS, read_dscp(v.back()) << 2);
        }},
    Row{{"--ttl", "N", false, Needs::ip, sockets, "Time to live or hop limit, 1 to 255"},
        [](ConnectOptions& s, const Values& v) {
          set_ip_int(s,
                     "--ttl " + v.back(),
                     IP_TTL,
                     IPV6_UNICAST_HOPS,
                     read_number(v.back(), "--ttl", 1, 255));
        }},
    Row{{"--dontroute",
         "",
         false,
         Needs::ip,
         sockets,
         "Reach hosts on the link only, past no gateway"},
        [](ConnectOptions& s, const Values&) {
          set_int(s, "--dontroute", SOL_SOCKET, SO_DONTROUTE, 1);
          s.attempt.socket.options.back().steers_route = true;
          s.names.nat64.is_off = true;  // it is behind a gateway
          // IPv6 does not look at it: a hop limit that no gateway lets pass does the same.
          s.attempt.socket.options.push_back(
              get_int_sockopt("--dontroute", IPPROTO_IPV6, IPV6_UNICAST_HOPS, 1, Family::ipv6));
          s.attempt.socket.options.back().steers_route = true;  // knocks stay on the link, too
        }},
    Row{{"--keepalive",
         "[=IDLE,INTERVAL,COUNT]",
         false,
         Needs::tcp,
         sockets,
         "Probe an idle connection; times in seconds [on, the system's times]"},
        [](ConnectOptions& s, const Values& v) {
          if (v.back() == "true") return;
          const std::vector<SocketOption> timers = read_keepalive(v.back());
          s.attempt.socket.options.insert(
              s.attempt.socket.options.end(), timers.begin(), timers.end());
        }},
    Row{{"--no-keepalive", "", false, Needs::tcp, sockets, "Do not probe an idle connection"},
        [](ConnectOptions& s, const Values&) { s.attempt.socket.keepalive = false; }},
    Row{{"--no-nodelay",
         "",
         false,
         Needs::ip,
         sockets,
         "Leave Nagle's algorithm on until ssh turns it off"},
        [](ConnectOptions& s, const Values&) { s.attempt.socket.nodelay = false; }},
    Row{{"--delayed-ack",
         "DURATION|kernel",
         false,
         Needs::tcp,
         sockets,
         "Acknowledge what comes within this time [as short as the kernel has it]"},
        [](ConnectOptions& s, const Values& v) {
          s.attempt.socket.short_delayed_ack = false;
          if (v.back() == "kernel") return;
          set_time(s, "--delayed-ack", v.back(), tcp_delack_max_us, std::chrono::microseconds(1));
        }},
    Row{{"--rto-min",
         "DURATION",
         false,
         Needs::tcp,
         sockets,
         "Send what is unacknowledged again after this time at the earliest"},
        [](ConnectOptions& s, const Values& v) {
          set_time(s, "--rto-min", v.back(), tcp_rto_min_us, std::chrono::microseconds(1));
        }},
    Row{{"--rto-max",
         "DURATION",
         false,
         Needs::tcp,
         sockets,
         "... and after this time at the latest, however often it was lost"},
        [](ConnectOptions& s, const Values& v) {
          set_time(s, "--rto-max", v.back(), tcp_rto_max_ms, std::chrono::milliseconds(1));
        }},
    Row{{"--thin-linear-timeouts",
         "",
         false,
         Needs::tcp,
         sockets,
         "Where little is sent, send it again without growing pauses, six times"},
        [](ConnectOptions& s, const Values&) {
          set_int(s, "--thin-linear-timeouts", IPPROTO_TCP, TCP_THIN_LINEAR_TIMEOUTS, 1);
        }},
    Row{{"--user-timeout",
         "DURATION",
         false,
         Needs::tcp,
         sockets,
         "End the connection when data stays unacknowledged for this time"},
        [](ConnectOptions& s, const Values& v) {
          set_time(s, "--user-timeout", v.back(), TCP_USER_TIMEOUT, std::chrono::milliseconds(1));
        }},
    Row{{"--congestion",
         "ALGORITHM",
         false,
         Needs::tcp,
         sockets,
         "Congestion control, such as bbr"},
        [](ConnectOptions& s, const Values& v) {
          s.attempt.socket.options.push_back(text_option(
              "--congestion " + printable(v.back()), IPPROTO_TCP, TCP_CONGESTION, v.back()));
        }},
    Row{{"--sndbuf", "BYTES", false, Needs::ip_or_unix, sockets, "Size of the send buffer"},
        [](ConnectOptions& s, const Values& v) {
          set_int(s,
                  "--sndbuf " + v.back(),
                  SOL_SOCKET,
                  SO_SNDBUF,
                  read_number(v.back(), "--sndbuf", 1, INT_MAX / 2));
        }},
    Row{{"--rcvbuf", "BYTES", false, Needs::ip, sockets, "Size of the receive buffer"},
        [](ConnectOptions& s, const Values& v) {
          set_int(s,
                  "--rcvbuf " + v.back(),
                  SOL_SOCKET,
                  SO_RCVBUF,
                  read_number(v.back(), "--rcvbuf", 1, INT_MAX / 2));
        }},
    Row{{"--knock",
         "PROTOCOL:PORT[,...]",
         false,
         Needs::ip,
         before,
         "Knock at these tcp: and udp: ports of an address before it is tried"},
        [](ConnectOptions& s, const Values& v) { s.attempt.knock.knocks = read_knocks(v.back()); }},
    Row{{"--knock-delay", "DURATION", false, Needs::ip, before, "Pause after each knock [100ms]"},
        [](ConnectOptions& s, const Values& v) {
          s.attempt.knock.delay = read_duration(v.back(), "--knock-delay");
        }},
};

// A family without a source address of the user's is not tried once the other has one.
void keep_bound_families(ConnectOptions& options) {
  const std::vector<Endpoint>& bind = options.attempt.socket.bind;
  if (bind.empty()) return;
  std::erase_if(options.names.families, [&bind](Family family) {
    return std::ranges::find(bind, std::optional(family), &Endpoint::family) == bind.end();
  });
  if (options.names.families.empty())
    throw UsageError("--bind " + to_string(bind.front()) + " is of the family that is excluded");
}

// The socket is the one that connects to the first proxy.
void check_unix_proxy(std::span<const OptionText* const> given,
                      const Target& target,
                      const Route& route) {
  const std::span<const Proxy> proxies = route.proxies_for(target);
  if (proxies.empty() || proxies.front().path.empty()) return;
  for (const OptionText* option : given) {
    const std::string_view group = option->group;
    const bool is_for_ip = option->needs == Needs::ip || option->needs == Needs::tcp;
    if (is_for_ip && (group == sockets || group == before))
      throw UsageError(std::string(option->names) + " has no meaning for " +
                       to_string(proxies.front()));
  }
}

void check_service_goes(const ConnectOptions& options, const Target& target) {
  if (options.names.service && !options.route.proxies_for(target).empty())
    throw UsageError(
        std::string(options.names.service->type == RecordType::srv ? "--srv" : "--svcb") +
        " has no meaning through a proxy: it is asked for the host itself");
}

}  // namespace

std::span<const Option<ConnectOptions>> dial_option_rows() {
  return rows;
}

bool has_meaning(Needs needs, const Target& target, const ConnectOptions& options) {
  const bool internet = target.kind == Target::Kind::internet;
  switch (needs) {
    case Needs::nothing: return true;
    case Needs::ip:
    case Needs::internet: return internet;
    case Needs::ip_or_unix:
      return internet || target.kind == Target::Kind::unix_socket ||
             target.kind == Target::Kind::vsock_mux;
    case Needs::tcp: return internet && options.attempt.socket.protocol != Protocol::sctp;
  }
  return false;
}

void check_target(std::span<const OptionText* const> given,
                  const Target& target,
                  const ConnectOptions& options) {
  for (const OptionText* option : given) {
    if (has_meaning(option->needs, target, options)) continue;
    const bool internet = target.kind == Target::Kind::internet;
    if (option->needs == Needs::internet)
      throw UsageError("host " + in_quotes(target.host) + " is not on the internet",
                       std::string(option->names) + " is given");
    const std::string_view names = option->names;
    throw UsageError(std::string(names.substr(0, names.find(','))) + " has no meaning for " +
                     (internet ? "SCTP" : "host " + in_quotes(target.host)));
  }
  check_route(options.route, target, options.names.families);
  check_service_goes(options, target);
  check_unix_proxy(given, target, options.route);
}

void check_machine(ConnectOptions& options) {
  const SocketSettings& socket = options.attempt.socket;
  options.names.families = served_families(socket, options.names.families);
  if (const auto refused = check_settings(socket, options.names.families)) throw refused->error();
}

void exclude_dial_options(CommandLine& line) {
  line.exclude("-4", "-6");
  line.exclude("--resolve-with", "--resolver");
  line.exclude("--resolve-with", "--dns-server");
  line.exclude("--resolve-with", "--srv");
  line.exclude("--resolve-with", "--svcb");
  line.exclude("--srv", "--svcb");
  line.exclude("--ttl", "--dontroute");
  line.exclude("--keepalive", "--no-keepalive");
}

void check_options(const CommandLine& line, ConnectOptions& options) {
  if (options.names.rules == NameRules::system && line.is_typed("--dns-server"))
    throw UsageError("--resolver system asks no --dns-server");
  const bool is_wanted = line.is_typed("--srv") || line.is_typed("--svcb");
  if (options.names.rules == NameRules::system && is_wanted)
    throw UsageError("--resolver system cannot be asked for service records");
  if (options.names.rules == NameRules::system || (options.route.has_proxies() && !is_wanted))
    options.names.service.reset();
  if (options.names.rules == NameRules::system) options.names.dns_servers.clear();
  if (options.attempt.socket.protocol == Protocol::mptcp && line.is_given("--dontroute"))
    throw UsageError("--dontroute has no meaning for MPTCP");  // taken, and without an effect
  line.require("--knock-delay", "--knock");
  if (!line.is_given("--route"))
    for (const char* about : {"--proxy-auth", "--proxy-auth-file", "--proxy-ca", "--proxy-header"})
      line.require(about, "--proxy");
  options.route.families = options.names.families;  // a source address is for the first proxy alone
  keep_bound_families(options);
}

}  // namespace gladhand
