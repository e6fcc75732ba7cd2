#include "names/host_and_port.hpp"

#include "gladhand/error.hpp"
#include "gladhand/target.hpp"

namespace gladhand {

namespace {

std::string_view without_scheme_and_user(std::string_view text) {
  constexpr std::string_view scheme = "ssh://";
  const bool is_url = text.starts_with(scheme);
  if (is_url) text.remove_prefix(scheme.size());
  if (is_url && text.ends_with('/')) text.remove_suffix(1);
  if (is_local(text)) return text;
  const std::size_t at = text.rfind('@');
  return at == text.npos ? text : text.substr(at + 1);
}

}  // namespace

HostAndPort split_host(std::string_view text, std::string_view default_port) {
  const auto wrong = [given = text] {
    return UsageError("host " + in_quotes(given) + " is not HOST, HOST:PORT or [V6]:PORT");
  };
  text = without_scheme_and_user(text);
  std::string_view host = text;
  std::string_view port = default_port;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == text.npos) throw wrong();
    host = text.substr(1, end - 1);
    const std::string_view rest = text.substr(end + 1);
    if (!rest.empty()) {
      if (!rest.starts_with(':')) throw wrong();
      port = rest.substr(1);
    }
  } else if (const std::size_t colon = text.find(':');
             colon != text.npos && text.find(':', colon + 1) == text.npos) {
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
  }
  if (host.empty() || port.empty()) throw wrong();
  return {std::string(host), std::string(port)};
}

}  // namespace gladhand
