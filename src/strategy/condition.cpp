#include "strategy/condition.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/prefix.hpp"
#include "base/words.hpp"
#include "gladhand/error.hpp"
#include "gladhand/target.hpp"
#include "strategy/pattern.hpp"

namespace gladhand {

namespace {

// In the order of Subject.
constexpr std::array<std::string_view, 14> names = {"host",
                                                    "port",
                                                    "tag",
                                                    "default-device",
                                                    "gateway",
                                                    "gateway-mac",
                                                    "interface",
                                                    "vpn",
                                                    "address",
                                                    "search-domain",
                                                    "dns-server",
                                                    "route-to",
                                                    "wifi",
                                                    "mains-power"};

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + printable(word);
  return text;
}

// --- prefixes --------------------------------------------------------------------------------

bool is_within_list(const Endpoint& address, const std::vector<std::string>& prefixes) {
  return holds_for_list(prefixes, [&address](std::string_view word) {
    const auto prefix = parse_prefix(word);
    return prefix && address.family() && has_prefix(address.mapped(), *prefix);
  });
}

std::string fault_of_prefixes(const std::vector<std::string>& prefixes) {
  for (const std::string_view word : split_patterns(prefixes))
    if (!parse_prefix(word.substr(word.starts_with('!') ? 1 : 0)))
      return in_quotes(word) + " is no address or prefix, such as 192.0.2.0/24";
  return "";
}

// --- ports and link-layer addresses ----------------------------------------------------------

bool is_hexadecimal(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// Whether a link-layer address, which is written with two digits a part, could match.
bool may_match_link_layer(std::string_view pattern) {
  const bool is_open = pattern.find('*') != pattern.npos;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    const bool is_colon = !is_open && i % 3 == 2;
    const bool is_good = is_open ? is_hexadecimal(c) || c == '*' || c == '?' || c == ':'
                                 : c == '?' || (is_colon ? c == ':' : is_hexadecimal(c));
    if (!is_good) return false;
  }
  return is_open || pattern.size() % 3 == 2;
}

// A number that no port has; names of services and patterns are what they are.
bool may_match_port(std::string_view pattern) {
  const bool is_number = std::ranges::all_of(pattern, [](char c) { return c >= '0' && c <= '9'; });
  return !is_number || parse_port(pattern);
}

std::string fault_of_patterns(const std::vector<std::string>& values,
                              bool (*may_match)(std::string_view),
                              const char* what) {
  for (const std::string_view word : split_patterns(values))
    if (!may_match(word.substr(word.starts_with('!') ? 1 : 0))) return in_quotes(word) + what;
  return "";
}

// --- route-to --------------------------------------------------------------------------------

struct RouteTo {
  Endpoint destination;
  std::string_view device;
};

std::optional<RouteTo> read_route_to(std::string_view text) {
  const std::vector<std::string_view> words = split_words(text);
  if (words.size() != 3 || words[1] != "dev") return std::nullopt;
  const auto destination = parse_address(words[0], 0);
  if (!destination) return std::nullopt;
  return RouteTo{*destination, words[2]};
}

std::string fault_of_routes(const std::vector<std::string>& values) {
  for (const std::string& value : values)
    if (!read_route_to(value)) return in_quotes(value) + " is not 'ADDRESS dev DEVICE'";
  return "";
}

// --- why not ---------------------------------------------------------------------------------

// One of `found` must match; with none there is nothing to match.
template <typename Matches>
std::string one_must(Subject subject,
                     const std::vector<std::string>& found,
                     const std::vector<std::string>& values,
                     Matches matches) {
  if (std::ranges::any_of(found, matches)) return "";
  const std::string name(to_string(subject));
  if (found.empty()) return "there is no " + name;
  return name + " is " + joined(found) + ", not " + joined(values);
}

std::string one_must_match(Subject subject,
                           const std::vector<std::string>& found,
                           const std::vector<std::string>& values) {
  return one_must(subject, found, values, [&values](const std::string& text) {
    return matches_list(text, values);
  });
}

std::string one_must_be_within(Subject subject,
                               const std::vector<std::string>& found,
                               const std::vector<std::string>& values) {
  return one_must(subject, found, values, [&values](const std::string& text) {
    const auto address = parse_address(text, 0);
    return address && is_within_list(*address, values);
  });
}

// The facts that a list of things has, empty ones left out.
template <typename Items, typename Read>
std::vector<std::string> each(const Items& items, Read read) {
  std::vector<std::string> texts;
  for (const auto& item : items)
    if (std::string text = read(item);
        !text.empty() && std::ranges::find(texts, text) == texts.end())
      texts.push_back(std::move(text));
  return texts;
}

std::string why_no_vpn(const std::vector<NetworkInterface>& interfaces, bool wanted) {
  const auto vpn = std::ranges::find(interfaces, true, &NetworkInterface::is_vpn);
  if ((vpn != interfaces.end()) == wanted) return "";
  return wanted ? "no VPN is up" : "the VPN " + printable(vpn->name) + " is up";
}

std::string why_no_wifi(const std::vector<std::string>& values, const WifiNetworks& wifi) {
  if (!wifi.why_none.empty()) return "there is no wifi: " + wifi.why_none;
  return one_must_match(Subject::wifi, wifi.names, values);
}

std::string why_no_power(bool has_mains_power, bool wanted) {
  if (has_mains_power == wanted) return "";
  return wanted ? "this machine runs on battery" : "this machine has mains power";
}

std::string why_no_route(const std::vector<std::string>& values, NetworkFacts& network) {
  std::vector<std::string> faults;
  for (const std::string& value : values) {
    const auto route = read_route_to(value);
    if (!route) continue;
    const std::string device = network.device_to(route->destination);
    if (!device.empty() && matches_list(device, {std::string(route->device)})) return "";
    const std::string to = to_string(route->destination);
    faults.push_back(device.empty() ? "there is no route to " + to
                                    : "the route to " + to + " is by " + device + ", not " +
                                          std::string(route->device));
  }
  return joined(faults);
}

}  // namespace

std::vector<std::string> subject_names() {
  return {names.begin(), names.end()};
}

std::optional<Subject> find_subject(std::string_view name) {
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) return std::nullopt;
  return static_cast<Subject>(found - names.begin());
}

std::string_view to_string(Subject subject) {
  return names[static_cast<std::size_t>(subject)];
}

std::string fault_of(const Condition& condition) {
  const std::vector<std::string>& values = condition.values;
  if (values.empty() || std::ranges::find(values, "") != values.end()) return "the value is empty";
  switch (condition.subject) {
    case Subject::gateway:
    case Subject::address:
    case Subject::dns_server: return fault_of_prefixes(values);
    case Subject::route_to: return fault_of_routes(values);
    case Subject::port: return fault_of_patterns(values, may_match_port, " is no port");
    case Subject::gateway_mac:
      return fault_of_patterns(
          values, may_match_link_layer, " is no link-layer address, such as 00:53:0a:01:02:03");
    case Subject::mains_power:
    case Subject::vpn:
      return values.size() == 1 && (values[0] == "true" || values[0] == "false")
                 ? ""
                 : in_quotes(values[0]) + " is not true or false";
    default: return "";
  }
}

std::string why_not(const Condition& condition, const TargetFacts& target, NetworkFacts& network) {
  const Subject subject = condition.subject;
  const std::vector<std::string>& values = condition.values;
  const auto of_routes = [&network](auto read) { return each(network.default_routes(), read); };
  switch (subject) {
    case Subject::host: return one_must_match(subject, {target.host}, values);
    case Subject::port:
      return one_must_match(
          subject, each(std::array{target.port}, [](const auto& it) { return it; }), values);
    case Subject::tag:
      return one_must_match(
          subject, each(std::array{target.tag}, [](const auto& it) { return it; }), values);
    case Subject::default_device:
      return one_must_match(subject, of_routes([](const auto& it) { return it.device; }), values);
    case Subject::gateway:
      return one_must_be_within(subject,
                                of_routes([](const auto& it) {
                                  return it.gateway.family() ? to_string(it.gateway) : "";
                                }),
                                values);
    case Subject::gateway_mac:
      return one_must_match(
          subject, of_routes([](const auto& it) { return it.link_layer; }), values);
    case Subject::interface:
      return one_must_match(
          subject, each(network.interfaces(), [](const auto& it) { return it.name; }), values);
    case Subject::vpn: return why_no_vpn(network.interfaces(), values[0] == "true");
    case Subject::address:
      return one_must_be_within(
          subject, each(network.addresses(), [](const auto& it) { return to_string(it); }), values);
    case Subject::search_domain: return one_must_match(subject, network.search_domains(), values);
    case Subject::dns_server: return one_must_be_within(subject, network.name_servers(), values);
    case Subject::route_to: return why_no_route(values, network);
    case Subject::wifi: return why_no_wifi(values, network.wifi());
    case Subject::mains_power: return why_no_power(network.has_mains_power(), values[0] == "true");
  }
  return "";
}

}  // namespace gladhand
