// The policy table of [RFC 6724 §2.1]: a precedence and a label for every address, and what a
// user's /etc/gai.conf changes in it.
#pragma once

#include <netinet/in.h>

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/prefix.hpp"
#include "gladhand/endpoint.hpp"

namespace gladhand {

class PolicyTable {
 public:
  /// The default table of [RFC 6724 §2.1].
  PolicyTable();

  /// The default table changed by the text of a gai.conf(5). As in glibc, one `precedence` line
  /// replaces all default precedences (what no line matches then has 40), one `label` line all
  /// labels (1), one `scopev4` line all IPv4 scopes (14). Lines that glibc does not take are
  /// skipped: those with a zone, with a dotted IPv4 prefix anywhere but in `scopev4`, and there
  /// with a prefix beyond ::ffff:0:0/96.
  static PolicyTable from_gai_conf(std::string_view text);

  int precedence(const Endpoint& endpoint) const;
  int label(const Endpoint& endpoint) const;

  /// The scope of a unicast or multicast address [RFC 6724 §3.1], [RFC 6724 §3.2]: 2 is
  /// link-local (loopback counts as such), 5 site-local, 14 global.
  int scope(const Endpoint& endpoint) const;

  /// The family whose ordinary addresses rank higher: IPv6, unless gai.conf says otherwise.
  Family preferred_family() const { return preferred_; }

 private:
  struct Entry {
    Prefix prefix;
    int value;
  };
  using Entries = std::span<const Entry>;
  struct Defaults;
  struct Given;  // by a gai.conf

  static int lookup(Entries entries, const in6_addr& address, int otherwise);
  static std::optional<Entry> read_entry(std::string_view prefix, std::string_view value);

  Entries precedences_;
  Entries labels_;
  Entries ipv4_scopes_;
  std::shared_ptr<const Given> given_;  // what may be in the lists
  Family preferred_ = Family::ipv6;
};

}  // namespace gladhand
