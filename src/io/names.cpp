#include "names.hpp"

#include <netinet/in.h>

#include <algorithm>
#include <cstdlib>

#include "file.hpp"

namespace gladhand {

namespace {

// [HEv3 §4.1] ask only for families with connectivity. A machine with none asks for both: its names
// may be its own.
std::vector<Family> families_to_ask(const NameOptions& options, Network& network) {
  if (options.families.size() < 2) return options.families;
  std::vector<Family> connected;
  for (const Family family : options.families)
    if (network.has_connectivity(family)) connected.push_back(family);
  return connected.empty() ? options.families : connected;
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

NameSource find_anywhere(const Target& target, const NameOptions& options, Network& network) {
  if (target.literal) return {"literal", {*target.literal}, {}, {}};
  if (const NameOverride* entry = find_override(target, options)) {
    NameSource source{"resolve", {}, {}, {}};
    for (const Endpoint& address : entry->addresses)
      source.known.push_back(address.with_port(target.port));
    return source;
  }
  auto found = find_in_hosts(read_file("/etc/hosts"), target.name, target.port);
  if (!found.empty()) return {"hosts", std::move(found), {}, {}};
  if (is_localhost(target.name)) return {"localhost", loopback_addresses(target.port), {}, {}};
  return {"dns", {}, families_to_ask(options, network), resolver_configuration(options)};
}

}  // namespace

NameSource find_name_source(const Target& target, const NameOptions& options, Network& network) {
  NameSource source = find_anywhere(target, options, network);
  keep_allowed(source.known, options.families);
  return source;
}

}  // namespace gladhand
