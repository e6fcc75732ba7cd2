#include "proxies.hpp"

#include <cstdlib>
#include <string_view>

#include "gladhand/error.hpp"
#include "idna.hpp"

namespace gladhand {

namespace {

std::string variable(const char* lower_case, const char* upper_case) {
  for (const char* name : {lower_case, upper_case})
    if (const char* value = std::getenv(name); value != nullptr && *value != '\0') return value;
  return "";
}

}  // namespace

std::vector<Proxy> find_proxies(const Route& route, const Target& target) {
  if (!route.from_environment) return route.proxies;
  std::string url = variable("all_proxy", "ALL_PROXY");
  if (url.empty() || is_listed(variable("no_proxy", "NO_PROXY"), target.host, target.port))
    return {};
  if (url.find("://") == url.npos) url = "http://" + url;
  try {
    return {parse_proxy(url)};
  } catch (const UsageError& error) {
    throw UsageError(std::string("ALL_PROXY: ") + error.what(), error.hint());
  }
}

Target target_of(const Proxy& proxy) {
  return parse_target(to_ascii(proxy.host), std::to_string(proxy.port), "");
}

}  // namespace gladhand
