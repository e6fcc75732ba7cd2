// The input is the data of SVCB records, each behind its length: what is read is bounded, and what
// is tried is a host with a port.
#include "names/service_binding.hpp"
#include "fuzz.hpp"
#include "gladhand/target.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::span<const std::uint8_t> rest(data, size);
  std::vector<gladhand::ServiceBinding> records;
  while (!rest.empty()) {
    const std::size_t length = std::min<std::size_t>(rest[0], rest.size() - 1);
    if (auto record = gladhand::read_service_binding(rest.subspan(1, length))) {
      fuzz::check(record->host.size() <= 253);
      fuzz::check(record->hints.size() <= 2 * gladhand::most_hints);
      fuzz::check(record->priority != 0 || (!record->port && record->hints.empty()));
      records.push_back(*std::move(record));
    }
    rest = rest.subspan(1 + length);
  }
  const gladhand::Draw last = [](unsigned most) { return most; };
  (void)gladhand::alias_in(records, last);
  const auto hosts = gladhand::order_bindings(records, 22, last);
  fuzz::check(hosts.size() <= gladhand::most_service_hosts);
  for (const gladhand::ServiceRecord& it : hosts)
    fuzz::check(it.port != 0 && it.priority != 0 && gladhand::is_name(it.host));
  return 0;
}
