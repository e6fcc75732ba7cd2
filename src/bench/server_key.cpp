#include "bench/server_key.hpp"

#include <algorithm>
#include <string_view>

#include "base/letters.hpp"

namespace gladhand {

std::string host_key(const Target& target) {
  if (target.kind != Target::Kind::internet) return target.host + ' ' + target.service;
  std::string host = target.literal ? to_string(*target.literal) : target.name;
  std::ranges::transform(host, host.begin(), lower<char>);
  return host + ' ' + std::to_string(target.port);
}

std::string server_key(const Endpoint& server) {
  constexpr std::string_view mapped = "::ffff:";
  std::string key = to_string(server);
  if (key.starts_with(mapped) && key.find('.') != key.npos) key.erase(0, mapped.size());
  return key + ' ' + std::to_string(server.family() ? server.port() : 0);
}

}  // namespace gladhand
