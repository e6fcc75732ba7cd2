#include "connect/route.hpp"

#include <algorithm>
#include <optional>

#include "connect/tls_relay.hpp"
#include "dns/idna.hpp"
#include "gladhand/error.hpp"
#include "proxy/handshake.hpp"
#include "sys/environment.hpp"

namespace gladhand {

bool resolves_here(ProxyScheme scheme) {
  return scheme == ProxyScheme::socks4 || scheme == ProxyScheme::socks5;
}

std::vector<Family> families_for(ProxyScheme scheme, std::vector<Family> families) {
  if (scheme == ProxyScheme::socks4) std::erase(families, Family::ipv6);
  return families;
}

std::span<const Proxy> Route::proxies_for(const Target& target) const {
  if (!no_proxy.empty() && is_listed(no_proxy, target.host, target.port)) return {};
  return proxies;
}

namespace {

bool is_same(const Proxy& a, const Proxy& b) {
  return a.scheme == b.scheme && a.host == b.host && a.port == b.port && a.path == b.path &&
         a.user == b.user && a.password == b.password;
}

}  // namespace

std::optional<std::size_t> Route::owner_of_unnamed_password(std::span<const Proxy> chain) const {
  std::vector<Proxy> all(chain.begin(), chain.end());
  for (const Proxy& other : elsewhere)
    if (std::ranges::none_of(all, [&other](const Proxy& one) { return is_same(one, other); }))
      all.push_back(other);
  const auto owner = gladhand::owner_of_unnamed_password(all);
  return owner && *owner < chain.size() ? owner : std::nullopt;
}

std::string Route::way_to(const Proxy& first) const {
  return to_string(first) + (variable.empty() ? "" : " (" + variable + ')');
}

std::string Route::why_direct(const Target& target) const {
  if (!from_environment || !proxies_for(target).empty()) return "";
  if (!proxies.empty()) return "NO_PROXY lists it";
  return "none of ALL_PROXY, HTTPS_PROXY and HTTP_PROXY is set";
}

namespace {

// For no scheme of its own, as ssh has none, ALL_PROXY is the most general; a proxy for https is
// one for CONNECT, and HTTP_PROXY often names the same.
const char* find_proxy_variable() {
  for (const char* name : {"all_proxy", "ALL_PROXY", "https_proxy", "HTTPS_PROXY", "http_proxy"})
    if (environment_variable({name})) return name;
  const bool of_a_client = environment_variable({"REQUEST_METHOD"}).has_value();
  return environment_variable({"HTTP_PROXY"}) && !of_a_client ? "HTTP_PROXY" : nullptr;
}

}  // namespace

void read_environment(Route& route) {
  route.from_environment = true;
  const char* variable = find_proxy_variable();
  if (variable == nullptr) return;
  std::string url = *environment_variable({variable});
  if (url.find("://") == url.npos) url = "http://" + url;
  route.no_proxy = environment_variable({"no_proxy", "NO_PROXY"}).value_or("");
  route.variable = variable;
  try {
    route.proxies = {parse_proxy(url)};
  } catch (const UsageError& error) {
    throw Error(ExitStatus::proxy_failed,
                route.variable + " cannot be used: " + error.what(),
                error.hint());
  }
}

Target target_of(const Proxy& proxy) {
  if (!proxy.path.empty()) return parse_target("unix" + proxy.path, "", "");
  return parse_target(to_ascii(proxy.host), std::to_string(proxy.port), "");
}

namespace {

// Wrappers that make other programs go through a proxy, by the libraries that they preload. Here
// they would change nothing where this program is static, and names would leak where it is not.
void refuse_wrapper() {
  const auto preload = environment_variable({"LD_PRELOAD"});
  if (!preload) return;
  for (const std::string_view wrapper : {"torsocks", "proxychains"}) {
    if (preload->find(wrapper) == preload->npos) continue;
    const bool is_tor = wrapper == "torsocks";
    throw UsageError(
        std::string(wrapper) + " (in LD_PRELOAD) has no hold on gladhand, which would go past it",
        "say --proxy " + std::string(is_tor ? "socks5h://localhost:9050" : "with its proxy's URL") +
            "; see PROXIES in gladhand(1)");
  }
}

// What cannot be said is refused before anything is.
void check_credentials(const Route& route, std::span<const Proxy> proxies) {
  const auto owner = route.owner_of_unnamed_password(proxies);
  for (std::size_t i = 0; i < proxies.size(); ++i) {
    const Proxy& proxy = proxies[i];
    auto known = route.credentials->known(
        proxy, owner == i ? EnvironmentLogin::for_it : EnvironmentLogin::for_another);
    if (!known && proxy.user) known = {*proxy.user, ""};
    const std::string_view fault = known ? fault_of(proxy.scheme, *known) : "";
    if (!fault.empty()) throw UsageError(to_string(proxy) + ": " + std::string(fault));
  }
}

void check_tls(std::span<const Proxy> proxies) {
  const auto over_tls = std::ranges::find(proxies, ProxyScheme::https, &Proxy::scheme);
  if (over_tls == proxies.end() || !find_tls_program().empty()) return;
  throw Error(ExitStatus::not_handed_over,
              to_string(*over_tls) + ": gladhand-tls, which speaks TLS, is not installed",
              "a build with OpenSSL's headers (-Dtls=enabled) has it");
}

}  // namespace

void check_route(const Route& route, const Target& target, const std::vector<Family>& families) {
  const std::span<const Proxy> proxies = route.proxies_for(target);
  if (proxies.empty() && target.kind == Target::Kind::internet) refuse_wrapper();
  const auto raced = proxies.empty() ? target.literal : target_of(proxies.front()).literal;
  if (raced && raced->family() && std::ranges::find(families, raced->family()) == families.end())
    throw UsageError((proxies.empty() ? "host " + in_quotes(target.host)
                                      : "proxy " + to_string(proxies.front())) +
                     " is no " + std::string(to_string(families.front())) + " address");
  check_credentials(route, proxies);
  check_tls(proxies);
  for (const Proxy& proxy : proxies.subspan(std::min<std::size_t>(proxies.size(), 1)))
    if (!proxy.path.empty())
      throw UsageError(to_string(proxy) + " is on this machine, and can only be the first");
  for (std::size_t i = 0; i < proxies.size(); ++i) {
    const Target next = i + 1 < proxies.size() ? target_of(proxies[i + 1]) : target;
    const std::string through = to_string(proxies[i]) + " cannot be asked for ";
    if (!next.literal && resolves_here(proxies[i].scheme)) {
      if (families_for(proxies[i].scheme, route.families).empty())
        throw UsageError(through + "an IPv6 address");
      continue;
    }
    if (!can_ask_for(proxies[i].scheme, {next.literal, next.name, next.port}))
      throw UsageError(through + in_quotes(next.host));
  }
}

}  // namespace gladhand
