// Proxy: one hop on the way to the target, as a URL names it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "gladhand/endpoint.hpp"

namespace gladhand {

/// What is spoken with it, and who resolves the name of what is behind it.
enum class ProxyScheme : std::uint8_t {
  socks4,   ///< IPv4 addresses only, resolved here
  socks4a,  ///< names go to the proxy
  socks5,   ///< [RFC 1928], names are resolved here
  socks5h,  ///< [RFC 1928], names go to the proxy
  http,     ///< CONNECT [RFC 9110 §9.3.6], names go to the proxy
  https,    ///< the same, over TLS
};

/// "socks5h", ...
std::string_view to_string(ProxyScheme scheme);

/// Whether it is asked by CONNECT.
constexpr bool speaks_http(ProxyScheme scheme) {
  return scheme == ProxyScheme::http || scheme == ProxyScheme::https;
}

/// The scheme by its name in any case. Empty where it is none of ours.
std::optional<ProxyScheme> parse_scheme(std::string_view text);

struct Credentials {
  std::string user;
  std::string password;

  friend bool operator==(const Credentials&, const Credentials&) = default;
};

struct Proxy {
  ProxyScheme scheme{};
  std::string host;  ///< a name or a literal, without brackets
  std::uint16_t port = 0;
  std::string path{};                   ///< of its Unix socket, in place of host and port
  std::optional<std::string> user;      ///< as the URL has it, percent-decoded
  std::optional<std::string> password;  ///< likewise; never to be shown
};

/// The proxy as text, without user and password: "socks5://[2001:db8::1]:1080".
std::string to_string(const Proxy& proxy);

/// Reads SCHEME://[USER[:PASSWORD]@]HOST[:PORT][/]; without a port 1080 for SOCKS [IANA], 80 for
/// http and 443 for https. SCHEME+unix://[USER[:PASSWORD]@]/PATH is a proxy on a Unix socket, and so is, for SOCKS,
/// SCHEME://[USER[:PASSWORD]@]localhost/PATH, as curl writes it; not for https, which needs a name
/// to check. Throws UsageError, which shows neither user nor password.
Proxy parse_proxy(std::string_view url);

/// A host to be reached without the proxy, as NO_PROXY lists them (blanks or commas between): "*",
/// a name with all its subdomains ("example.org", ".example.org", "*.example.org"), an address, an
/// address range
/// ("192.0.2.0/24", "2001:db8::/32"), each but "*" and ranges with ":PORT" or without.
bool is_listed(std::string_view no_proxy, std::string_view host, std::uint16_t port);

/// Why a proxy of this kind has no words for these credentials; empty where it has. A user with a
/// colon has none in Basic authentication alone: a proxy may want Digest.
std::string_view fault_of(ProxyScheme scheme, const Credentials& credentials);

/// Which proxy of a chain a password may be told to that comes without the name of its proxy: the
/// only one, or the only one whose URL has a user and no password. Empty where it might be meant
/// for another: then it is for none.
std::optional<std::size_t> owner_of_unnamed_password(std::span<const Proxy> chain);

/// The user and password for `proxy` in the text of an authentication file: URLs, one a line, as
/// git-credential-store(1) has them; '#' begins a comment. The first with the proxy's host, port
/// and kind (any SOCKS scheme stands for all, https for itself) counts, and its user where the proxy's URL names one.
/// Throws Error for a line that is no URL, naming its number and nothing else of it.
std::optional<Credentials> find_credentials(std::string_view file, const Proxy& proxy);

}  // namespace gladhand
