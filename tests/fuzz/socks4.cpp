#include "fuzz.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::tell_proxy(gladhand::ProxyScheme::socks4a, fuzz::text_of(data, size));
  return 0;
}
