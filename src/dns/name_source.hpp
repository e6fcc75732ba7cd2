// Where a target's addresses come from: itself, the command line, the hosts file, this machine, or
// whoever has to be asked. The first that knows the name answers for both families.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dns/network.hpp"
#include "dns/resolver_delays.hpp"
#include "gladhand/error.hpp"
#include "gladhand/event.hpp"
#include "gladhand/target.hpp"
#include "names/nat64.hpp"
#include "names/nsswitch.hpp"
#include "names/system_files.hpp"

namespace gladhand {

/// --resolve: the addresses of one name, which is then not asked for.
struct NameOverride {
  std::string name;
  std::vector<Endpoint> addresses;
};

/// --srv, --svcb: a name's service records are asked for, and lead to hosts and ports.
struct ServiceOptions {
  RecordType type = RecordType::srv;
  std::string service = "_ssh._tcp";  ///< what stands before the name for SRV
};

/// --nat64: how IPv4 is reached from a network that has only IPv6.
struct Nat64Options {
  bool is_off = false;
  std::vector<Nat64Prefix> prefixes{};  ///< empty: the network is asked for them
};

/// How names are resolved.
struct NameOptions {
  std::vector<Family> families = {Family::ipv6, Family::ipv4};  ///< allowed ones (-4, -6)
  std::vector<std::string> dns_servers;  ///< "addr", "addr:port", "[v6]:port"; else resolv.conf's
  std::chrono::microseconds server_delay = std::chrono::milliseconds(250);  ///< of a silent one
  std::vector<NameOverride> overrides;
  NameRules rules = NameRules::automatic;
  std::vector<std::string> command{};  ///< asked in place of everybody else; empty: none
  std::optional<ServiceOptions> service{};
  Nat64Options nat64{};
};

/// Addresses known without a question, or the questions to ask.
struct NameSource {
  std::string_view origin;  ///< "literal", "resolve", "hosts", "localhost"; "dns" with questions
  std::vector<Endpoint> known;
  std::vector<Family> questions;
  std::string name{};                          ///< asked for: the target's, or its alias
  ResolvConf conf{};                           ///< for the questions
  ResolverDelays delays{};                     ///< for name servers
  NamePlan plan{};                             ///< who is asked
  std::vector<std::string> command{};          ///< for a step that is the user's own
  std::optional<Error> refusal{};              ///< why nobody may be asked
  std::optional<Family> only_default_route{};  ///< where just one of two asked families has one
  std::vector<std::string> service_names{};    ///< asked for service records, in order, before
  /// IPv4 is wanted where this machine has no route for it, and the world's IPv6 is reached: a
  /// NAT64 may lead there [HEv3 §8].
  bool lacks_ipv4 = false;
};

/// The addresses that /etc/hosts has for a name, in file order. An international name may stand
/// there as it is written or as the DNS has it.
std::vector<Endpoint> find_in_hosts_file(const Target& target);

/// Finds out. Reads /etc/hosts, nsswitch.conf and resolv.conf where needed; sends nothing. Throws
/// Error for a name that must not be asked for: one of an onion service.
NameSource find_name_source(const Target& target, const NameOptions& options, Network& network);

}  // namespace gladhand
