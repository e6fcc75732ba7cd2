#include "samples/host_list.hpp"

#include "base/words.hpp"
#include "gladhand/error.hpp"

namespace gladhand {

HostAndPort split_host(std::string_view text, std::string_view default_port) {
  const auto wrong = [text] {
    return UsageError("host " + in_quotes(text) + " is not HOST, HOST:PORT or [V6]:PORT");
  };
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

std::vector<std::string> read_host_list(std::string_view text) {
  std::vector<std::string> hosts;
  for_each_line(text, [&hosts](const std::vector<std::string_view>& words) {
    if (words.size() > 1)
      throw UsageError("--hosts: " + in_quotes(words[1]) + " behind " + in_quotes(words[0]) +
                       ": one host a line");
    hosts.emplace_back(words.front());
  });
  return hosts;
}

}  // namespace gladhand
