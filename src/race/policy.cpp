#include "race/policy.hpp"

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>

#include "base/words.hpp"

namespace gladhand {

namespace {

constexpr int default_precedence = 40;
constexpr int default_label = 1;
constexpr int global_scope = 14;
constexpr int mapped_bits = 96;  // where an IPv4 prefix starts inside ::ffff:0:0/96

using Groups = std::initializer_list<std::uint16_t>;

// FIRST::LAST. The table is the compiler's work, not each dial's.
constexpr in6_addr address(Groups first, Groups last = {}) {
  in6_addr result{};
  std::size_t at = 0;
  const auto put = [&](std::uint16_t group) {
    result.s6_addr[at++] = static_cast<std::uint8_t>(group >> 8);
    result.s6_addr[at++] = static_cast<std::uint8_t>(group & 0xff);
  };
  for (const std::uint16_t group : first) put(group);
  at = 16 - 2 * last.size();
  for (const std::uint16_t group : last) put(group);
  return result;
}

bool read_number(std::string_view text, int& number) {
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && stop == text.data() + text.size();
}

}  // namespace

struct PolicyTable::Defaults {
  struct Row {
    Prefix prefix;
    int precedence;
    int label;
  };
  static constexpr std::array<Row, 9> rows = {{
      {{address({}, {1}), 128}, 50, 0},
      {{address({}), 0}, 40, 1},
      {{address({}, {0xffff, 0, 0}), mapped_bits}, 35, 4},
      {{address({0x2002}), 16}, 30, 2},
      {{address({0x2001}), 32}, 5, 5},
      {{address({0xfc00}), 7}, 3, 13},
      {{address({}), 96}, 1, 3},
      {{address({0xfec0}), 10}, 1, 11},
      {{address({0x3ffe}), 16}, 1, 12},
  }};

  static constexpr std::array<Entry, rows.size()> column(int Row::*value) {
    std::array<Entry, rows.size()> entries{};
    for (std::size_t i = 0; i < rows.size(); ++i) entries[i] = {rows[i].prefix, rows[i].*value};
    return entries;
  }
};

struct PolicyTable::Given {
  std::vector<Entry> precedences;
  std::vector<Entry> labels;
  std::vector<Entry> ipv4_scopes;
};

PolicyTable::PolicyTable() {
  static constexpr auto precedences = Defaults::column(&Defaults::Row::precedence);
  static constexpr auto labels = Defaults::column(&Defaults::Row::label);
  static constexpr std::array<Entry, 2> ipv4_scopes = {{
      {{address({}, {0xffff, 0xa9fe, 0}), mapped_bits + 16}, 2},
      {{address({}, {0xffff, 0x7f00, 0}), mapped_bits + 8}, 2},
  }};
  precedences_ = precedences;
  labels_ = labels;
  ipv4_scopes_ = ipv4_scopes;
}

PolicyTable PolicyTable::from_gai_conf(std::string_view text) {
  const auto given = std::make_shared<Given>();
  for_each_line(text, [&](const std::vector<std::string_view>& words) {
    if (words.size() < 3) return;
    const auto entry = read_entry(words[1], words[2]);
    if (!entry) return;
    const Prefix& prefix = entry->prefix;
    const bool mapped = IN6_IS_ADDR_V4MAPPED(&prefix.bits) && prefix.length >= mapped_bits;
    const bool dotted = words[1].find(':') == words[1].npos;
    if (words[0] == "precedence" && !dotted) given->precedences.push_back(*entry);
    if (words[0] == "label" && !dotted) given->labels.push_back(*entry);
    if (words[0] == "scopev4" && mapped) given->ipv4_scopes.push_back(*entry);
  });
  PolicyTable table;
  if (!given->precedences.empty()) table.precedences_ = given->precedences;
  if (!given->labels.empty()) table.labels_ = given->labels;
  if (!given->ipv4_scopes.empty()) table.ipv4_scopes_ = given->ipv4_scopes;
  table.given_ = given;
  const Endpoint ipv6(in6_addr{{{0x20}}}, 0);          // 2000::
  const Endpoint ipv4(in_addr{htonl(0xc0000201)}, 0);  // 192.0.2.1, as good as any
  if (table.precedence(ipv4) > table.precedence(ipv6)) table.preferred_ = Family::ipv4;
  return table;
}

std::optional<PolicyTable::Entry> PolicyTable::read_entry(std::string_view prefix,
                                                          std::string_view value) {
  const auto block = parse_prefix(prefix);
  int number = 0;
  if (!block || !read_number(value, number) || number < 0) return std::nullopt;
  return Entry{*block, number};
}

int PolicyTable::lookup(Entries entries, const in6_addr& address, int otherwise) {
  int best_length = -1;
  int value = otherwise;
  for (const Entry& entry : entries) {
    if (entry.prefix.length <= best_length) continue;
    if (common_prefix_length(entry.prefix.bits, address) < entry.prefix.length) continue;
    best_length = entry.prefix.length;
    value = entry.value;
  }
  return value;
}

int PolicyTable::precedence(const Endpoint& endpoint) const {
  return lookup(precedences_, endpoint.mapped(), default_precedence);
}

int PolicyTable::label(const Endpoint& endpoint) const {
  return lookup(labels_, endpoint.mapped(), default_label);
}

int PolicyTable::scope(const Endpoint& endpoint) const {
  const in6_addr address = endpoint.mapped();
  if (IN6_IS_ADDR_V4MAPPED(&address)) return lookup(ipv4_scopes_, address, global_scope);
  if (IN6_IS_ADDR_MULTICAST(&address)) return address.s6_addr[1] & 0x0f;
  if (IN6_IS_ADDR_LINKLOCAL(&address) || IN6_IS_ADDR_LOOPBACK(&address)) return 2;
  if (IN6_IS_ADDR_SITELOCAL(&address)) return 5;
  return global_scope;
}

}  // namespace gladhand
