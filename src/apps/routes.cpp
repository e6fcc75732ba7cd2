#include "apps/routes.hpp"

#include <algorithm>
#include <string_view>

#include "dns/idna.hpp"
#include "gladhand/error.hpp"
#include "gladhand/target.hpp"
#include "strategy/route_text.hpp"
#include "sys/file.hpp"

namespace gladhand {

namespace {

// What the options of one kind of target mean for another kind is nothing.
ConnectOptions options_for(const Target& target, const Settings& settings) {
  ConnectOptions options = settings.dial;
  options.route.proxies.clear();
  options.route.no_proxy.clear();
  options.route.from_environment = false;
  if (target.kind == Target::Kind::internet) return options;
  options.attempt = {};
  options.route.tcpmux.clear();
  return options;
}

Alternative read_alternative(const std::string& text,
                             const Settings& settings,
                             const HostAndPort& host) {
  const RouteText route = read_route(text, host);
  Alternative alternative{without_user(text), read_target(route.to), {}, route.command};
  alternative.options = options_for(alternative.target, settings);
  alternative.patience = route.patience;
  for (const std::string& url : route.proxies)
    alternative.options.route.proxies.push_back(parse_proxy(url));
  // A proxy is asked for the host itself.
  if (!route.proxies.empty()) alternative.options.names.service.reset();
  const bool sctp = settings.dial.attempt.socket.protocol == Protocol::sctp;
  if (sctp && !route.proxies.empty()) throw UsageError("--route: SCTP has no proxy");
  if (route.command.empty())
    check_route(alternative.options.route, alternative.target, alternative.options.names.families);
  return alternative;
}

void add_proxies(std::vector<Proxy>& to, const Alternative& of) {
  const std::vector<Proxy>& proxies = of.options.route.proxies;
  to.insert(to.end(), proxies.begin(), proxies.end());
}

bool any_holds(const std::vector<std::string>& routes, std::string_view word) {
  return std::ranges::any_of(
      routes, [word](const std::string& route) { return route.find(word) != route.npos; });
}

}  // namespace

Alternatives read_routes(const Settings& settings, const HostAndPort& host) {
  Alternatives alternatives{{}, settings.route_order};
  for (const std::string& text : settings.routes)
    alternatives.list.push_back(read_alternative(text, settings, host));
  for (Alternative& one : alternatives.list)
    for (const Alternative& other : alternatives.list)
      if (&one != &other) add_proxies(one.options.route.elsewhere, other);
  return alternatives;
}

// Whether what is made of %h is a host, the host decides.
void check_routes(const std::vector<std::string>& routes) {
  for (const std::string& text : routes) {
    const RouteText route = read_route(text, {"localhost", "22"});
    for (const std::string& url : route.proxies) parse_proxy(url);
    if (route.command.empty() && text.find("%h") == text.npos) read_target(route.to);
  }
}

bool has_proxies(const std::vector<std::string>& routes) {
  return any_holds(routes, "://");
}

bool has_commands(const std::vector<std::string>& routes) {
  return any_holds(routes, "command");
}

Target read_target(const HostAndPort& host) {
  const std::string services = parse_port(host.port) ? "" : read_file("/etc/services");
  return parse_target(is_local(host.host) ? host.host : to_ascii(host.host), host.port, services);
}

}  // namespace gladhand
