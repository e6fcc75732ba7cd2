#include "proxies.hpp"

#include <optional>

#include "environment.hpp"
#include "gladhand/error.hpp"
#include "idna.hpp"

namespace gladhand {

std::vector<Proxy> find_proxies(const Route& route, const Target& target) {
  if (!route.from_environment) return route.proxies;
  auto url = environment_variable({"all_proxy", "ALL_PROXY"});
  const auto no_proxy = environment_variable({"no_proxy", "NO_PROXY"});
  if (!url || (no_proxy && is_listed(*no_proxy, target.host, target.port))) return {};
  if (url->find("://") == url->npos) url = "http://" + *url;
  try {
    return {parse_proxy(*url)};
  } catch (const UsageError& error) {
    throw UsageError(std::string("ALL_PROXY: ") + error.what(), error.hint());
  }
}

Target target_of(const Proxy& proxy) {
  return parse_target(to_ascii(proxy.host), std::to_string(proxy.port), "");
}

}  // namespace gladhand
