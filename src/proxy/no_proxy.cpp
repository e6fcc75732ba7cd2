// NO_PROXY: what is to be reached without the proxy. Nobody has standardized it; these are the
// rules that most programs share. "localhost" is a name like any other.
#include <algorithm>
#include <optional>
#include <string_view>

#include "base/prefix.hpp"
#include "gladhand/target.hpp"
#include "names/system_files.hpp"
#include "proxy/proxy.hpp"

namespace gladhand {

namespace {

// An address with its zone as text: whether there is such an interface does not matter here.
struct Literal {
  Endpoint address;
  std::string_view zone;
};

std::string_view without_brackets(std::string_view text) {
  if (!text.starts_with('[') || !text.ends_with(']')) return text;
  return text.substr(1, text.size() - 2);
}

std::optional<Literal> read_literal(std::string_view text) {
  const std::size_t percent = std::min(text.find('%'), text.size());
  const auto address = parse_address(text.substr(0, percent), 0);
  if (!address) return std::nullopt;
  return Literal{*address, text.substr(percent)};
}

bool is_same_address(const Literal& a, const Literal& b) {
  const in6_addr one = a.address.mapped();
  const in6_addr other = b.address.mapped();
  return IN6_ARE_ADDR_EQUAL(&one, &other) && a.zone == b.zone;
}

bool is_name_below(std::string_view name, std::string_view domain) {
  if (domain.starts_with("*.")) domain.remove_prefix(1);
  if (domain.starts_with('.')) domain.remove_prefix(1);
  if (domain.ends_with('.')) domain.remove_suffix(1);
  if (name.ends_with('.')) name.remove_suffix(1);
  if (domain.empty() || name.size() < domain.size()) return false;
  if (!equal_names(name.substr(name.size() - domain.size()), domain)) return false;
  return name.size() == domain.size() || name[name.size() - domain.size() - 1] == '.';
}

// Takes ":PORT" from an entry; an IPv6 address has one only behind its brackets. False where that
// is another port, or none at all.
bool take_port(std::string_view& entry, std::uint16_t port) {
  const std::size_t colon = entry.rfind(':');
  if (colon == entry.npos) return true;
  const bool bracketed = entry.starts_with('[');
  if (bracketed ? entry[colon - 1] != ']' : entry.find(':') != colon) return true;
  const auto wanted = parse_port(entry.substr(colon + 1));
  entry = entry.substr(0, colon);
  return wanted == port;
}

bool matches(std::string_view entry, std::string_view host, std::uint16_t port) {
  if (entry == "*") return true;
  const auto literal = read_literal(host);
  if (entry.find('/') != entry.npos) {
    const auto range = parse_prefix(entry);
    return literal && range && has_prefix(literal->address.mapped(), *range);
  }
  if (!take_port(entry, port)) return false;
  const auto wanted = read_literal(without_brackets(entry));
  if (literal || wanted) return literal && wanted && is_same_address(*literal, *wanted);
  return is_name_below(host, entry);
}

}  // namespace

bool is_listed(std::string_view no_proxy, std::string_view host, std::uint16_t port) {
  constexpr std::string_view separators = " \t\r\n,";
  host = without_brackets(host);
  while (!no_proxy.empty()) {
    const std::size_t length = std::min(no_proxy.find_first_of(separators), no_proxy.size());
    if (length != 0 && matches(no_proxy.substr(0, length), host, port)) return true;
    no_proxy.remove_prefix(std::min(length + 1, no_proxy.size()));
  }
  return false;
}

}  // namespace gladhand
