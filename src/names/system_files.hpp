// What the name files of a Unix system say: hosts(5) and resolv.conf(5). Texts in, values out.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gladhand/endpoint.hpp"

namespace gladhand {

/// The addresses that the text of a hosts(5) gives `name`, in file order, with `port`. Names are
/// compared as equal_names does.
std::vector<Endpoint> find_in_hosts(std::string_view text,
                                    std::string_view name,
                                    std::uint16_t port);

/// Whether two DNS names are the same: case and a final dot do not count.
bool equal_names(std::string_view a, std::string_view b);

/// The name that the text of HOSTALIASES' file gives in place of `name`, which has no dot
/// [gethostbyname(3)]; empty where it gives none.
std::string find_host_alias(std::string_view text, std::string_view name);

/// Whether `name` is `domain`, without a final dot, or below it.
bool is_below(std::string_view name, std::string_view domain);

/// "localhost" and names below it are this machine's, whatever a server says [RFC 6761 §6.3].
bool is_localhost(std::string_view name);

/// So many name servers are read from a file, the first ones; glibc takes three.
inline constexpr std::size_t most_servers = 16;

/// What resolv.conf(5) configures. Unset means that the file does not say.
struct ResolvConf {
  std::vector<std::string> servers;  ///< literals, zone included
  std::vector<std::string> search;
  bool names_search = false;  ///< there is a `search` or `domain` line, be it an empty one's
  unsigned ndots = 1;
  std::optional<std::chrono::seconds> timeout;
  std::optional<unsigned> attempts;
  bool rotate = false;
  bool use_tcp = false;  ///< "use-vc"
  bool edns0 = false;
  bool one_by_one = false;    ///< "single-request" or "single-request-reopen"
  bool no_tld_query = false;  ///< "no-tld-query": a name without a dot is not asked as it is
  bool no_aaaa = false;       ///< "no-aaaa": the DNS is not asked for IPv6 addresses
};

/// Reads the text of a resolv.conf(5); the last `search` or `domain` line counts. What cannot be
/// read and search domains that are no names are skipped, numbers are held to the bounds that
/// resolv.conf(5) names. As in glibc, an option is known by how its word begins: what follows, as
/// in "ndots:2,timeout:1", counts for nothing.
ResolvConf parse_resolv_conf(std::string_view text);

/// Applies words as an `options` line or RES_OPTIONS has them.
void apply_resolver_options(std::string_view words, ResolvConf& conf);

/// The absolute names to ask for, in order, each without its trailing dot. A name that ends in a
/// dot is asked as it is, one with at least `ndots` dots first as it is, others last as they are.
/// What a search domain would make a name below "localhost" or "onion" is left out.
std::vector<std::string> search_names(std::string_view name, const ResolvConf& conf);

}  // namespace gladhand
