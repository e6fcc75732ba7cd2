// The input is a host, a line end and a list: more entries never take a host from the list.
#include "fuzz.hpp"
#include "proxy/proxy.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = fuzz::text_of(data, size);
  const std::size_t length = std::min(input.find('\n'), input.size());
  const std::string_view host = input.substr(0, length);
  const std::string list(input.substr(std::min(length + 1, input.size())));
  const bool listed = gladhand::is_listed(list, host, 22);
  fuzz::check(gladhand::is_listed("other.example," + list, host, 22) == listed ||
              gladhand::is_listed("other.example", host, 22));
  fuzz::check(gladhand::is_listed(list + " *", host, 22));
  return 0;
}
