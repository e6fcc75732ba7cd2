#include "dns/name_source.hpp"

#include <netinet/in.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

#include "dns/idna.hpp"
#include "gladhand/error.hpp"
#include "names/service.hpp"
#include "names/service_binding.hpp"
#include "sys/file.hpp"

namespace gladhand {

namespace {

// [HEv3 §4.1] ask only for families with connectivity. A machine with none asks for both: its names
// may be its own. [HEv3 §4.2] the only family with a default route is the preferred one.
void choose_questions(NameSource& source,
                      std::vector<Family> families,
                      const NameOptions& options,
                      Network& network) {
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
  source.lacks_ipv4 =
      source.only_default_route == Family::ipv6 && !options.nat64.is_off && !network.has_clat();
}

// What stands behind the first dot of this machine's name, as resolv.conf(5) has it.
std::string own_domain() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "";
  const std::string_view whole(name.data());
  return std::string(whole.substr(std::min(whole.find('.'), whole.size())));
}

ResolvConf resolver_configuration(const NameOptions& options) {
  ResolvConf conf = parse_resolv_conf(read_file("/etc/resolv.conf"));
  const auto search = [&conf](const std::string& domains) {
    conf.search = parse_resolv_conf("search " + domains).search;
  };
  if (const char* domains = std::getenv("LOCALDOMAIN")) {
    search(domains);
  } else if (!conf.names_search) {
    const std::string domain = own_domain();
    if (domain.size() > 1) search(domain.substr(1));
  }
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

// A user's own abbreviations.
std::string find_user_alias(std::string_view name) {
  const char* path = std::getenv("HOSTALIASES");
  if (path == nullptr || name.find('.') != name.npos) return "";
  return find_host_alias(read_file(path), name);
}

// [RFC 7686 §2] whoever asked the DNS would tell everybody where the user goes.
std::optional<Error> refuse_onion(const Target& target) {
  if (!is_below(target.name, "onion")) return std::nullopt;
  return Error(ExitStatus::no_address,
               "connect to " + in_words(target.host, target.service) +
                   ": an onion service is never looked up in the DNS",
               "reach it through Tor: --proxy socks5h://localhost:9050");
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

// [HEv3 §8.3] an IPv4 address without a route for it. One look-up of a route for each, and no more
// where there is one.
NameSource with_nat64(NameSource source, const NameOptions& options, Network& network) {
  const bool is_out_of_reach = std::ranges::any_of(source.known, [&network](const Endpoint& it) {
    return may_be_synthesized(it) && !network.has_route(it);
  });
  if (!is_out_of_reach || options.nat64.is_off ||
      network.connectivity(Family::ipv6) != Connectivity::default_route || network.has_clat())
    return source;
  source.lacks_ipv4 = true;
  source.conf = resolver_configuration(options);
  source.delays.attempt = options.server_delay;
  return source;
}

NameTraits traits_of(const Target& target, const ResolvConf& conf) {
  const auto is_stub = [](const std::string& server) {
    return server == "127.0.0.53" || server == "127.0.0.54";
  };
  return {
      .is_local = is_below(target.name, "local"),
      .is_single = target.name.find('.') == target.name.npos,
      .has_stub = std::ranges::any_of(conf.servers, is_stub),
  };
}

// Before it is known whether anybody has to be asked.
NameSource asked_of_system(const Target& target, const NameOptions& options) {
  NameSource source{"dns", {}, {}};
  source.name = target.name;
  source.conf = resolver_configuration(options);
  source.delays.attempt = options.server_delay;
  const std::vector<NssModule> line = parse_nsswitch(read_file("/etc/nsswitch.conf"));
  source.plan = plan_names(traits_of(target, source.conf), line, options.rules);
  const bool has_servers =
      std::ranges::find(source.plan.steps, NameStep::Kind::dns, &NameStep::kind) !=
      source.plan.steps.end();
  if (!options.dns_servers.empty() && !has_servers)
    source.plan.steps.insert(source.plan.steps.begin(), {NameStep::Kind::dns, {}});
  return source;
}

// What is nobody's but this machine's or this link's has no records in the DNS.
std::vector<std::string> names_of_service(const Target& target,
                                          const NameOptions& options,
                                          const ResolvConf& conf) {
  const bool unknown_there =
      is_localhost(target.name) || is_below(target.name, "local") || is_below(target.name, "onion");
  if (!options.service || unknown_there) return {};
  const std::vector<std::string> names = search_names(target.name, conf);
  return options.service->type == RecordType::svcb ? binding_names(target.port, names)
                                                   : service_names(options.service->service, names);
}

NameSource asked_of_command(const Target& target, const NameOptions& options, Network& network) {
  NameSource source{"dns", {}, {}};
  source.name = target.name;
  source.command = options.command;
  source.plan = {.files_first = false, .steps = {{NameStep::Kind::command, {}}}, .unasked = {}};
  choose_questions(source, options.families, options, network);
  source.lacks_ipv4 = false;  // the command knows best
  return source;
}

}  // namespace

std::vector<Endpoint> find_in_hosts_file(const Target& target) {
  const std::string written = to_unicode(target.name);
  std::vector<Endpoint> found;
  std::vector<Endpoint> found_as_written;
  read_lines("/etc/hosts", [&](std::string_view lines) {
    const auto look_for = [&](const std::string& name, std::vector<Endpoint>& into) {
      for (const Endpoint& address : find_in_hosts(lines, name, target.port))
        into.push_back(address);
    };
    look_for(target.name, found);
    if (written != target.name) look_for(written, found_as_written);
  });
  return found.empty() ? found_as_written : found;
}

NameSource find_name_source(const Target& target, const NameOptions& options, Network& network) {
  if (target.literal)
    return with_nat64(known_from("literal", {*target.literal}, options), options, network);
  if (const NameOverride* entry = find_override(target, options)) {
    std::vector<Endpoint> addresses;
    for (const Endpoint& address : entry->addresses)
      addresses.push_back(address.with_port(target.port));
    return with_nat64(known_from("resolve", std::move(addresses), options), options, network);
  }
  if (!options.command.empty()) return asked_of_command(target, options, network);
  NameSource source = asked_of_system(target, options);
  source.service_names = names_of_service(target, options, source.conf);
  if (source.plan.files_first) {
    // An entry of the other family than -4 or -6 asks for hides nothing, as in glibc.
    NameSource hosts = known_from("hosts", find_in_hosts_file(target), options);
    hosts.service_names = source.service_names;
    hosts.conf = source.conf;
    hosts.delays = source.delays;
    if (!hosts.known.empty()) return with_nat64(std::move(hosts), options, network);
  }
  if (is_localhost(target.name))
    return known_from("localhost", loopback_addresses(target.port), options);
  source.refusal = refuse_onion(target);
  if (source.refusal) return source;
  std::vector<Family> families = options.families;
  if (options.rules != NameRules::system) {
    const std::string alias = find_user_alias(target.name);
    if (!alias.empty()) source.name = alias;
    if (source.conf.no_aaaa) std::erase(families, Family::ipv6);
  }
  choose_questions(source, std::move(families), options, network);
  return source;
}

}  // namespace gladhand
