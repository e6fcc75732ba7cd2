// A URL is a proxy or a clear error; what is a proxy is read again from what it is written as.
#include "fuzz.hpp"
#include "gladhand/error.hpp"
#include "proxy/proxy.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const gladhand::Proxy proxy = gladhand::parse_proxy(fuzz::text_of(data, size));
    fuzz::check(proxy.port != 0 && !proxy.host.empty());
    fuzz::check(proxy.user || !proxy.password);
    const bool ascii = std::ranges::all_of(proxy.host, [](char c) { return c > 0x20 && c < 0x7f; });
    if (!ascii || proxy.host.size() > 300) return 0;
    const gladhand::Proxy again = gladhand::parse_proxy(to_string(proxy));
    fuzz::check(again.scheme == proxy.scheme && again.port == proxy.port && !again.user);
    // "%25" may be a zone's index or how a '%' is written; elsewhere a host stays as it is.
    if (proxy.host.find("%25") == std::string::npos) fuzz::check(again.host == proxy.host);
  } catch (const gladhand::UsageError& error) {
    fuzz::check_printable(error.what());
  }
  return 0;
}
