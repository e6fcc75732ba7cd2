#include "dns/name_source.hpp"

#include <netinet/in.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "sys/file.hpp"

namespace gladhand {

namespace {

// [HEv3 §4.1] ask only for families with connectivity. A machine with none asks for both: its names
// may be its own. [HEv3 §4.2] the only family with a default route is the preferred one.
void choose_questions(NameSource& source, std::vector<Family> families, Network& network) {
  source.questions = std::move(families);
  if (source.questions.size() < 2) return;
  std::vector<Family> connected;
  std::vector<Family> default_routes;
  for (const Family family : source.questions) {
    const Connectivity found = network.connectivity(family);
    if (found != Connectivity::none) connected.push_back(family);
    if (found == Connectivity::default_route) default_routes.push_back(family);
  }
  if (!connected.empty()) source.questions = std::move(connected);
  if (default_routes.size() == 1) source.only_default_route = default_routes.front();
}

ResolvConf resolver_configuration(const NameOptions& options) {
  ResolvConf conf = parse_resolv_conf(read_file("/etc/resolv.conf"));
  if (const char* domain = std::getenv("LOCALDOMAIN"))
    conf.search = parse_resolv_conf(std::string("search ") + domain).search;
  if (const char* words = std::getenv("RES_OPTIONS")) apply_resolver_options(words, conf);
  if (!options.dns_servers.empty()) conf.servers = options.dns_servers;
  return conf;
}

std::vector<Endpoint> loopback_addresses(std::uint16_t port) {
  return {Endpoint(in6addr_loopback, port), Endpoint(in_addr{htonl(INADDR_LOOPBACK)}, port)};
}

void keep_allowed(std::vector<Endpoint>& endpoints, const std::vector<Family>& families) {
  std::erase_if(endpoints, [&families](const Endpoint& endpoint) {
    return std::ranges::find(families, endpoint.family()) == families.end();
  });
}

const NameOverride* find_override(const Target& target, const NameOptions& options) {
  for (const NameOverride& entry : options.overrides)
    if (equal_names(entry.name, target.name)) return &entry;
  return nullptr;
}

NameSource known_from(std::string_view origin,
                      std::vector<Endpoint> endpoints,
                      const NameOptions& options) {
  keep_allowed(endpoints, options.families);
  return {origin, std::move(endpoints), {}};
}

}  // namespace

NameSource find_name_source(const Target& target, const NameOptions& options, Network& network) {
  if (target.literal) return known_from("literal", {*target.literal}, options);
  if (const NameOverride* entry = find_override(target, options)) {
    std::vector<Endpoint> addresses;
    for (const Endpoint& address : entry->addresses)
      addresses.push_back(address.with_port(target.port));
    return known_from("resolve", std::move(addresses), options);
  }
  // An entry of the other family than -4 or -6 asks for hides nothing, as in glibc.
  NameSource hosts = known_from(
      "hosts", find_in_hosts(read_file("/etc/hosts"), target.name, target.port), options);
  if (!hosts.known.empty()) return hosts;
  if (is_localhost(target.name))
    return known_from("localhost", loopback_addresses(target.port), options);
  NameSource dns{"dns", {}, {}};
  dns.conf = resolver_configuration(options);
  std::vector<Family> families = options.families;
  if (dns.conf.no_aaaa) std::erase(families, Family::ipv6);
  choose_questions(dns, std::move(families), network);
  return dns;
}

}  // namespace gladhand
