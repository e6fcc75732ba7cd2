#include "fuzz.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::tell([](bool) { return gladhand::ask_tcpmux("ssh"); }, fuzz::text_of(data, size));
  return 0;
}
