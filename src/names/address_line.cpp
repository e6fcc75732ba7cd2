#include "names/address_line.hpp"

#include <algorithm>

#include "gladhand/target.hpp"

namespace gladhand {

std::optional<Endpoint> parse_address_line(std::string_view line, std::uint16_t port) {
  if (const auto bare = parse_address(line, port)) return bare;
  std::string_view address = line;
  std::string_view behind;
  if (line.starts_with('[')) {
    const std::size_t bracket = line.find(']');
    if (bracket == line.npos) return std::nullopt;
    address = line.substr(1, bracket - 1);
    behind = line.substr(bracket + 1);
    if (!looks_like_ipv6(address)) return std::nullopt;
  } else {
    const std::size_t colon = std::min(line.find(':'), line.size());
    address = line.substr(0, colon);
    behind = line.substr(colon);
    if (looks_like_ipv6(behind.substr(std::min<std::size_t>(1, behind.size()))))
      return std::nullopt;
  }
  if (behind.empty()) return parse_address(address, port);
  const auto own_port = behind.starts_with(':') ? parse_port(behind.substr(1)) : std::nullopt;
  return own_port ? parse_address(address, *own_port) : std::nullopt;
}

}  // namespace gladhand
