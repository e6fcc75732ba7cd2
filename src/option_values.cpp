#include "option_values.hpp"

#include <charconv>
#include <optional>

#include "gladhand/duration.hpp"
#include "gladhand/error.hpp"

namespace gladhand {

namespace {

std::optional<Endpoint> read_bracketed(std::string_view text, std::uint16_t port) {
  if (text.starts_with('[') && text.ends_with(']')) {
    text = text.substr(1, text.size() - 2);
    if (!looks_like_ipv6(text)) return std::nullopt;
  }
  return parse_address(text, port);
}

}  // namespace

std::chrono::microseconds read_duration(const std::string& text, std::string_view option) {
  if (const auto duration = parse_duration(text)) return *duration;
  throw UsageError(std::string(option) + ": " + in_quotes(text) +
                   " is not a duration such as 250ms, 2s or 0.5");
}

unsigned read_count(const std::string& text, std::string_view option) {
  unsigned count = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error == std::errc() && stop == text.data() + text.size() && count >= 1 && count <= 1000)
    return count;
  throw UsageError(std::string(option) + ": " + in_quotes(text) + " is not a number from 1 to 1000");
}

std::string read_dns_server(const std::string& text) {
  constexpr std::uint16_t dns_port = 53;
  std::string_view address = text;
  std::optional<std::uint16_t> port = dns_port;
  const std::size_t colon = text.rfind(':');
  const bool one_colon = colon != std::string::npos && text.find(':') == colon;
  if (one_colon || (text.starts_with('[') && !text.ends_with(']'))) {
    address = std::string_view(text).substr(0, colon);
    port = parse_port(std::string_view(text).substr(std::min(colon, text.size() - 1) + 1));
  }
  const auto endpoint = port ? read_bracketed(address, *port) : std::nullopt;
  if (!endpoint)
    throw UsageError("--dns-server: " + in_quotes(text) +
                     " is not an address, or an address and a port such as 192.0.2.1:53 or "
                     "[2001:db8::1]:53");
  const std::string literal = to_string(*endpoint);
  return (looks_like_ipv6(literal) ? '[' + literal + ']' : literal) + ':' + std::to_string(*port);
}

NameOverride read_override(const std::string& text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos || colon == 0)
    throw UsageError("--resolve: " + in_quotes(text) + " is not NAME:ADDR[,ADDR...]");
  NameOverride result;
  result.name = text.substr(0, colon);
  check_name(result.name);
  for (std::string_view rest = std::string_view(text).substr(colon + 1);;) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const auto endpoint = read_bracketed(rest.substr(0, comma), 0);
    if (!endpoint)
      throw UsageError("--resolve: " + in_quotes(rest.substr(0, comma)) + " is not an address");
    result.addresses.push_back(*endpoint);
    if (comma == rest.size()) return result;
    rest.remove_prefix(comma + 1);
  }
}

}  // namespace gladhand
