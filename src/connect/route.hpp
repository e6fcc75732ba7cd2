// Which proxies stand between here and a target.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "connect/credential_sources.hpp"
#include "gladhand/target.hpp"
#include "proxy/proxy.hpp"

namespace gladhand {

/// When an HTTP proxy is told the user and the password that are known: a question for them costs a
/// connection more, and some proxies refuse without one.
enum class ProxyAuth : std::uint8_t { at_once, on_challenge };

/// What is on the way, beyond what the race connects to.
struct Route {
  std::vector<Proxy> proxies;  ///< each is reached through the one before
  std::vector<Proxy> elsewhere{};  ///< those of other routes to the same target
  std::string no_proxy;        ///< what is reached without them, as NO_PROXY lists it
  bool from_environment = false;
  std::string variable;  ///< of the environment that named them; else empty
  std::shared_ptr<CredentialSources> credentials =  ///< never null; all dials share them
      std::make_shared<CredentialSources>("");
  ProxyAuth proxy_auth = ProxyAuth::at_once;
  std::string authorities;          ///< a file of those trusted for https; empty: the system's
  std::vector<std::string> fields;  ///< for every HTTP proxy: "Name: value"
  std::string tcpmux;               ///< service asked for when all is connected; empty: none
  std::vector<Family> families = {Family::ipv6, Family::ipv4};  ///< of names resolved for proxies

  /// Those that lead to `target`; none where `no_proxy` lists it.
  std::span<const Proxy> proxies_for(const Target& target) const;

  /// As gladhand::owner_of_unnamed_password(), of those and of all routes': a password without its
  /// proxy's name may be meant for another route's.
  std::optional<std::size_t> owner_of_unnamed_password(std::span<const Proxy> proxies) const;

  /// What messages call the first of them: its URL, and the variable that named it.
  std::string way_to(const Proxy& first) const;

  /// Why there are none although the environment was asked for one; else empty.
  std::string why_direct(const Target& target) const;

  bool has_proxies() const { return !proxies.empty(); }
};

/// Sets the proxy as the first of ALL_PROXY, HTTPS_PROXY and HTTP_PROXY has it, and its exceptions
/// as NO_PROXY lists them; of each the lower-case variable comes first. HTTP_PROXY in upper case
/// does not count where REQUEST_METHOD is set: a CGI program's client may have set it. Throws Error
/// that names the variable for one that cannot be used.
void read_environment(Route& route);

/// The proxy as something to dial. Throws UsageError when its host is no name.
Target target_of(const Proxy& proxy);

/// Whether a proxy of this scheme is told addresses, so that names are resolved here.
bool resolves_here(ProxyScheme scheme);

/// Those of `families` that such a proxy can be asked for.
std::vector<Family> families_for(ProxyScheme scheme, std::vector<Family> families);

/// Throws Error where a proxy needs gladhand-tls, and that is not installed, and UsageError when the
/// route cannot be meant for the target, when it has no proxy though
/// torsocks or proxychains are to make one take part, or what the race is for is an
/// address of another family than `families`: to be called before any traffic.
void check_route(const Route& route, const Target& target, const std::vector<Family>& families);

}  // namespace gladhand
