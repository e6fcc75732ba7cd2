#include "options.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <climits>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "gladhand/duration.hpp"
#include "gladhand/error.hpp"
#include "option_values.hpp"
#include "version.hpp"

namespace gladhand {

namespace {

using Values = std::vector<std::string>;

// One option. `value` is empty for a flag, and in brackets where it may be left out; an option that
// may be repeated is given all its values, another its last one.
struct Option {
  const char* names;
  const char* value;
  bool repeatable;
  const char* group;
  const char* help;
  void (*apply)(Settings&, const Values&);
};

constexpr const char* usage_hint =
    "usage: gladhand [OPTIONS] [--] HOST PORT; see 'gladhand --help'";

constexpr const char* addresses = "Addresses";
constexpr const char* race = "Race";
constexpr const char* before = "Before connecting";
constexpr const char* sockets = "Socket";
constexpr const char* hand_over = "Hand-over";
constexpr const char* reports = "Reports";

void set_int(Settings& s, const std::string& asked, int level, int name, int value) {
  s.dial.attempt.socket.options.push_back(int_option(asked, level, name, value));
}

// The same for both families, under the name that each has for it.
void set_ip_int(Settings& s, const std::string& asked, int ipv4_name, int ipv6_name, int value) {
  std::vector<SocketOption>& options = s.dial.attempt.socket.options;
  options.push_back(int_option(asked, IPPROTO_IP, ipv4_name, value, Family::ipv4));
  options.push_back(int_option(asked, IPPROTO_IPV6, ipv6_name, value, Family::ipv6));
}

void add_source(Settings& s, const std::string& text) {
  const Endpoint source = read_source(text);
  for (const Endpoint& other : s.dial.attempt.socket.bind)
    if (other.family() == source.family())
      throw UsageError("--bind: one address a family, not " + to_string(other) + " and " +
                       to_string(source));
  s.dial.attempt.socket.bind.push_back(source);
}

void choose(Settings& s, HandOver way) {
  if (s.hand_over) throw UsageError("--relay and --fdpass exclude each other");
  s.hand_over = way;
}

constexpr std::array options = {
    Option{"-4", "", false, addresses, "IPv4 only", [](Settings& s, const Values&) {
             s.dial.names.families = {Family::ipv4};
           }},
    Option{"-6", "", false, addresses, "IPv6 only", [](Settings& s, const Values&) {
             if (s.dial.names.families.size() == 1)
               throw UsageError("-4 and -6 exclude each other");
             s.dial.names.families = {Family::ipv6};
           }},
    Option{"--dns-server", "ADDR[:PORT]", true, addresses,
           "Ask this name server instead of those of /etc/resolv.conf",
           [](Settings& s, const Values& v) {
             for (const std::string& text : v)
               s.dial.names.dns_servers.push_back(read_dns_server(text));
           }},
    Option{"--resolve", "NAME:ADDR[,ADDR...]", true, addresses,
           "Use these addresses for NAME without asking anybody",
           [](Settings& s, const Values& v) {
             for (const std::string& text : v)
               s.dial.names.overrides.push_back(read_override(text));
           }},
    Option{"--timeout", "DURATION", false, race, "End the dial after this time [30s]",
           [](Settings& s, const Values& v) {
             s.dial.race.timeout = read_duration(v.back(), "--timeout");
             if (s.dial.race.timeout.count() == 0) throw UsageError("--timeout must be over 0");
           }},
    Option{"--connection-attempt-delay", "DURATION", false, race,
           "Time between two attempts, 10ms to 2s [250ms]",
           [](Settings& s, const Values& v) {
             s.dial.race.connection_attempt_delay =
                 std::clamp(read_duration(v.back(), "--connection-attempt-delay"),
                            min_connection_attempt_delay,
                            max_connection_attempt_delay);
           }},
    Option{"--resolution-delay", "DURATION", false, race,
           "Time to wait for the preferred family's answer once the other is known [50ms]",
           [](Settings& s, const Values& v) {
             s.dial.race.resolution_delay = read_duration(v.back(), "--resolution-delay");
           }},
    Option{"--preferred-family-count", "N", false, race,
           "Addresses of the preferred family before one of the other [1]",
           [](Settings& s, const Values& v) {
             s.dial.race.preferred_family_count = static_cast<unsigned>(
                 read_number(v.back(), "--preferred-family-count", 1, 1000));
           }},
    Option{"--bind", "ADDR", true, sockets,
           "Connect from this address; one a family, a family without one is not tried",
           [](Settings& s, const Values& v) {
             for (const std::string& text : v) add_source(s, text);
           }},
    Option{"--interface", "IF", false, sockets, "Bind to this device, a VRF included",
           [](Settings& s, const Values& v) { s.dial.attempt.socket.interface = v.back(); }},
    Option{"--local-port", "PORT", false, sockets, "Connect from this port",
           [](Settings& s, const Values& v) {
             s.dial.attempt.socket.local_port =
                 static_cast<std::uint16_t>(read_number(v.back(), "--local-port", 1, 65535));
           }},
    Option{"--mark", "NUMBER", false, sockets, "Firewall mark of every packet (needs CAP_NET_ADMIN)",
           [](Settings& s, const Values& v) {
             const int mark = read_number(v.back(), "--mark", 0, INT_MAX);
             set_int(s, "--mark " + v.back(), SOL_SOCKET, SO_MARK, mark);
             s.dial.attempt.socket.options.back().steers_route = true;
           }},
    Option{"--dscp", "DSCP", false, sockets,
           "0 to 63, ef, af11, cs1, le, ...; from the first packet until ssh sets its IPQoS",
           [](Settings& s, const Values& v) {
             set_ip_int(s, "--dscp " + v.back(), IP_TOS, IPV6_TCLASS, read_dscp(v.back()) << 2);
           }},
    Option{"--ttl", "N", false, sockets, "Time to live or hop limit, 1 to 255",
           [](Settings& s, const Values& v) {
             set_ip_int(s, "--ttl " + v.back(), IP_TTL, IPV6_UNICAST_HOPS,
                        read_number(v.back(), "--ttl", 1, 255));
           }},
    Option{"--dontroute", "", false, sockets, "Reach hosts on the link only, past no gateway",
           [](Settings& s, const Values&) {
             set_int(s, "--dontroute", SOL_SOCKET, SO_DONTROUTE, 1);
             s.dial.attempt.socket.options.back().steers_route = true;
             // IPv6 does not look at it: a hop limit that no gateway lets pass does the same.
             s.dial.attempt.socket.options.push_back(
                 int_option("--dontroute", IPPROTO_IPV6, IPV6_UNICAST_HOPS, 1, Family::ipv6));
             s.dial.attempt.socket.options.back().steers_route = true;  // knocks stay on the link, too
           }},
    Option{"--keepalive", "[=IDLE,INTERVAL,COUNT]", false, sockets,
           "Probe an idle connection; times in seconds [on, the system's times]",
           [](Settings& s, const Values& v) {
             if (v.back() == "true") return;
             const std::vector<SocketOption> timers = read_keepalive(v.back());
             s.dial.attempt.socket.options.insert(
                 s.dial.attempt.socket.options.end(), timers.begin(), timers.end());
           }},
    Option{"--no-keepalive", "", false, sockets, "Do not probe an idle connection",
           [](Settings& s, const Values&) {
             for (const SocketOption& option : s.dial.attempt.socket.options)
               if (option.asked.starts_with("--keepalive"))
                 throw UsageError(option.asked + " and --no-keepalive exclude each other");
             s.dial.attempt.socket.keepalive = false;
           }},
    Option{"--no-nodelay", "", false, sockets, "Leave Nagle's algorithm on until ssh turns it off",
           [](Settings& s, const Values&) { s.dial.attempt.socket.nodelay = false; }},
    Option{"--user-timeout", "DURATION", false, sockets,
           "End the connection when data stays unacknowledged for this time",
           [](Settings& s, const Values& v) {
             const auto time = std::chrono::duration_cast<std::chrono::milliseconds>(
                 read_duration(v.back(), "--user-timeout"));
             if (time.count() == 0) throw UsageError("--user-timeout must be at least 1ms");
             set_int(s, "--user-timeout " + v.back(), IPPROTO_TCP, TCP_USER_TIMEOUT,
                     static_cast<int>(time.count()));
           }},
    Option{"--congestion", "ALGORITHM", false, sockets, "Congestion control, such as bbr",
           [](Settings& s, const Values& v) {
             s.dial.attempt.socket.options.push_back(text_option(
                 "--congestion " + printable(v.back()), IPPROTO_TCP, TCP_CONGESTION, v.back()));
           }},
    Option{"--sndbuf", "BYTES", false, sockets, "Size of the send buffer",
           [](Settings& s, const Values& v) {
             set_int(s, "--sndbuf " + v.back(), SOL_SOCKET, SO_SNDBUF,
                     read_number(v.back(), "--sndbuf", 1, INT_MAX / 2));
           }},
    Option{"--rcvbuf", "BYTES", false, sockets, "Size of the receive buffer",
           [](Settings& s, const Values& v) {
             set_int(s, "--rcvbuf " + v.back(), SOL_SOCKET, SO_RCVBUF,
                     read_number(v.back(), "--rcvbuf", 1, INT_MAX / 2));
           }},
    Option{"--wait", "DURATION", false, before, "Dial again until the server is up, for this long",
           [](Settings& s, const Values& v) {
             s.patience.total = read_duration(v.back(), "--wait");
           }},
    Option{"--attempts", "N", false, before, "Dial again at most until the Nth time",
           [](Settings& s, const Values& v) {
             s.patience.dials =
                 static_cast<unsigned>(read_number(v.back(), "--attempts", 1, 1000000));
           }},
    Option{"--knock", "PROTOCOL:PORT[,...]", false, before,
           "Knock at these tcp: and udp: ports of an address before it is tried",
           [](Settings& s, const Values& v) { s.dial.attempt.knock.knocks = read_knocks(v.back()); }},
    Option{"--knock-delay", "DURATION", false, before, "Pause after each knock [100ms]",
           [](Settings& s, const Values& v) {
             s.dial.attempt.knock.delay = read_duration(v.back(), "--knock-delay");
           }},
    Option{"--before", "COMMAND", false, before,
           "Run this, without a shell, when the addresses are known and before the first attempt",
           [](Settings& s, const Values& v) {
             s.dial.before = read_command(v.back(), "--before");
           }},
    Option{"--on-slow", "DURATION:COMMAND", false, before,
           "Run this when nothing has connected by then; the race goes on",
           [](Settings& s, const Values& v) {
             const std::size_t colon = v.back().find(':');
             if (colon == std::string::npos)
               throw UsageError("--on-slow: " + in_quotes(v.back()) +
                                " is not DURATION:COMMAND");
             s.dial.slow_after = read_duration(v.back().substr(0, colon), "--on-slow");
             s.dial.on_slow = read_command(v.back().substr(colon + 1), "--on-slow");
           }},
    Option{"--relay", "", false, hand_over, "Carry bytes, also where a descriptor could be passed",
           [](Settings& s, const Values&) { choose(s, HandOver::relay); }},
    Option{"--fdpass", "", false, hand_over, "Pass a descriptor or fail, never carry bytes",
           [](Settings& s, const Values&) { choose(s, HandOver::pass); }},
    Option{"-v,--verbose", "", false, reports, "Tell every step on stderr",
           [](Settings& s, const Values&) { s.verbose = true; }},
    Option{"-q,--quiet", "", false, reports, "Tell errors only, without hints",
           [](Settings& s, const Values&) { s.quiet = true; }},
    Option{"--log", "FILE", false, reports, "Append the text of -v to FILE ('-': stderr)",
           [](Settings& s, const Values& v) { s.log_file = v.back(); }},
    Option{"--trace", "FILE", false, reports, "Append JSON lines to FILE ('-': stderr)",
           [](Settings& s, const Values& v) { s.trace_file = v.back(); }},
    Option{"--explain", "", false, reports,
           "Hand nothing over: run the race and draw it on stdout",
           [](Settings& s, const Values&) { s.explain = true; }},
};

// CLI11 compares every new option's name with all before it, so what is not on the command line
// is not put into it: a plain dial must not pay for the table's length. Whatever the table does
// not hold, --help included, brings all of it in.
bool names_option(const Option& option, std::string_view word) {
  const std::string_view names = option.names;
  if (!word.starts_with("--")) return !names.starts_with("--");
  return names.ends_with(word.substr(0, word.find('=')));
}

std::vector<const Option*> needed_options(std::span<const char* const> words) {
  std::vector<const Option*> needed;
  const auto need = [&needed](const Option& option) {
    if (std::ranges::find(needed, &option) == needed.end()) needed.push_back(&option);
  };
  for (const std::string_view word : words) {
    if (word == "--") break;
    if (!word.starts_with('-')) continue;
    bool known = false;
    for (const Option& option : options) {
      if (!names_option(option, word)) continue;
      known = known || word.starts_with("--");
      need(option);
    }
    if (!known && word.size() != 2) std::ranges::for_each(options, need);
    if (word == "-h") std::ranges::for_each(options, need);
  }
  return needed;
}

class HelpText : public CLI::Formatter {
  std::string make_usage(const CLI::App* /*app*/, std::string /*name*/) const override {
    return "\nUsage: gladhand [OPTIONS] [--] HOST PORT\n";
  }
};

// A flag takes its optional value only behind a '=': the next word would be HOST.
CLI::Option* add(CLI::App& app, const Option& option) {
  CLI::Option* added = nullptr;
  if (*option.value == '\0' || *option.value == '[') {
    added = app.add_flag(option.names)->type_name(option.value);
  } else {
    added = app.add_option(option.names)->type_name(option.value)->expected(1);
    added->allow_extra_args(false);
  }
  added->multi_option_policy(option.repeatable ? CLI::MultiOptionPolicy::TakeAll
                                               : CLI::MultiOptionPolicy::TakeLast);
  return added->description(option.help)->group(option.group);
}

[[noreturn]] void reject(const CLI::App& app, const CLI::ParseError& error) {
  const std::vector<std::string> unexpected = app.remaining();
  std::string message = printable(error.what());
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr && !unexpected.empty())
    message = (unexpected.front().starts_with('-') ? "unknown option " : "unexpected argument ") +
              in_quotes(unexpected.front());
  throw UsageError(message, usage_hint);
}

// A family without a source address of the user's is not tried once the other has one.
void keep_bound_families(Settings& settings) {
  const std::vector<Endpoint>& bind = settings.dial.attempt.socket.bind;
  if (bind.empty()) return;
  std::erase_if(settings.dial.names.families, [&bind](Family family) {
    return std::ranges::find(bind, std::optional(family), &Endpoint::family) == bind.end();
  });
  if (settings.dial.names.families.empty())
    throw UsageError("--bind " + to_string(bind.front()) + " is of the family that is excluded");
}

Settings parse_with_cli11(int argc, const char* const* argv) {
  Settings settings;
  CLI::App app("Connect to HOST and PORT, racing IPv6 and IPv4, and pass the connected socket over\n"
               "standard output to ssh (ProxyUseFdpass). Durations: 250ms, 2s; a bare number is\n"
               "seconds.",
               "gladhand");
  app.formatter(std::make_shared<HelpText>());
  app.set_version_flag("--version", version_text, "Print versions and exit");
  const CLI::Option* host = app.add_option("HOST", settings.host, "Name or address");
  const CLI::Option* port = app.add_option("PORT", settings.port, "Number or service name");
  std::vector<std::pair<const Option*, CLI::Option*>> added;
  for (const Option* option :
       needed_options({argv + 1, static_cast<std::size_t>(std::max(argc - 1, 0))}))
    added.emplace_back(option, add(app, *option));
  try {
    app.parse(argc, argv);
    if (host->empty() || port->empty()) throw UsageError("HOST and PORT are required", usage_hint);
    for (const auto& [option, parsed] : added)
      if (!parsed->empty()) option->apply(settings, parsed->reduced_results());
    keep_bound_families(settings);
  } catch (const CLI::CallForHelp&) {
    settings.answer = app.help();
  } catch (const CLI::CallForVersion&) {
    settings.answer = version_text() + '\n';
  } catch (const CLI::ParseError& error) {
    reject(app, error);
  }
  return settings;
}

// "[--] HOST PORT": what ssh_config says for most, and nothing for CLI11 to do.
bool is_plain(std::span<const char* const> words) {
  return words.size() == 2 && *words[0] != '-' && *words[1] != '-';
}

}  // namespace

Settings parse_command_line(int argc, const char* const* argv) {
  std::span words(argv, static_cast<std::size_t>(argc));
  if (!words.empty()) words = words.subspan(1);
  if (!words.empty() && words[0] == std::string_view("--")) words = words.subspan(1);
  if (!is_plain(words)) return parse_with_cli11(argc, argv);
  Settings settings;
  settings.host = words[0];
  settings.port = words[1];
  return settings;
}

}  // namespace gladhand
