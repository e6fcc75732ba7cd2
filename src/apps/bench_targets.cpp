#include "apps/bench_targets.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "apps/dial_options.hpp"
#include "base/duration.hpp"
#include "bench/server_key.hpp"
#include "connect/proxy_chain.hpp"
#include "dns/idna.hpp"
#include "gladhand/error.hpp"
#include "names/host_and_port.hpp"
#include "samples/host_list.hpp"
#include "sys/file.hpp"

namespace gladhand {

namespace {

// As the connector writes a host and a port, and as lists of other programs do: neither is a name.
void check_host(const std::string& text, const std::string& host) {
  constexpr std::size_t digits_of_a_port = 5;
  const bool number = host.find_first_not_of("0123456789") == host.npos;
  if (number && host.size() <= digits_of_a_port && text == host)
    throw UsageError("host " + in_quotes(text) + " is a number", "a port is written HOST:" + text);
  if (!is_local(host) && host.find_first_of(" ,;=") != host.npos)
    throw UsageError("host " + in_quotes(text) + " is not HOST, HOST:PORT or [V6]:PORT");
}

Target read_target(const BenchSettings& settings,
                   const std::string& text,
                   const std::string& services) {
  const ConnectOptions& dial = settings.bench.dial;
  const HostAndPort it = split_host(text, dial.route.tcpmux.empty() ? "22" : "1");  // [RFC 1078]
  check_host(text, it.host);
  Target target = parse_target(is_local(it.host) ? it.host : to_ascii(it.host), it.port, services);
  check_target(settings.given, target, dial);
  const bool each = std::ranges::any_of(settings.bench.modes, [](const BenchMode& mode) {
    return mode.kind == BenchMode::Kind::each;
  });
  if (each && !dial.route.proxies_for(target).empty())
    throw UsageError("--compare each has no meaning through a proxy");
  return target;
}

}  // namespace

std::vector<BenchTarget> read_targets(const BenchSettings& settings) {
  std::vector<ListedHost> hosts;
  for (const std::string& host : settings.hosts) hosts.push_back({host});
  if (settings.hosts_file)
    for (ListedHost& host : read_host_list(read_input(*settings.hosts_file, "--hosts")))
      hosts.push_back(std::move(host));
  if (hosts.empty() && settings.serve && !settings.hosts_file) return {};
  if (hosts.empty()) throw UsageError("there is no host in " + in_quotes(*settings.hosts_file));
  const std::string services = read_file("/etc/services");
  std::vector<BenchTarget> targets;
  targets.reserve(hosts.size());
  std::set<std::string> seen;
  for (ListedHost& it : hosts) {
    for (const auto& [name, value] : it.labels)
      if (settings.labels.starts_with(name + "=\"") ||
          settings.labels.find(',' + name + "=\"") != settings.labels.npos)
        throw UsageError("--label " + name + " is a label of " + in_quotes(it.host) + ", too");
    Target target = read_target(settings, it.host, services);
    if (seen.insert(host_key(target)).second)
      targets.push_back({std::move(target), std::move(it.labels)});
  }
  return targets;
}

// sshd since 9.8 turns away who connects without authenticating more often than once a second, and
// counts it against everybody who shares the address.
void check_politeness(const BenchSettings& settings, std::size_t hosts) {
  const ScheduleOptions& schedule = settings.bench.schedule;
  const double seconds = static_cast<double>(schedule.gap.count()) / 1e6;
  if (settings.flood || !schedule.rate ||
      *schedule.rate * seconds <= static_cast<double>(hosts))
    return;
  throw UsageError("--rate is over one dial " +
                       std::string(seconds > 1 ? "in " + to_string(schedule.gap) : "a second") +
                       " to each host",
                   "servers such as sshd may penalise this client; --flood says that you mean it");
}

}  // namespace gladhand
