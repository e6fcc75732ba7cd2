#include "names/service.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "gladhand/error.hpp"
#include "gladhand/target.hpp"

namespace gladhand {

namespace {

// [RFC 2782] "a running sum": those without a weight stand first, so that they have a small chance
// while others are left. Returns the position of the one that is next.
std::ptrdiff_t draw_one(const std::vector<ServiceRecord>& records, const Draw& draw) {
  unsigned sum = 0;
  for (const ServiceRecord& record : records) sum += record.weight;
  const unsigned drawn = draw(sum);
  std::ptrdiff_t chosen = 0;
  unsigned running = records.front().weight;
  while (running < drawn) running += records[static_cast<std::size_t>(++chosen)].weight;
  return chosen;
}

}  // namespace

std::vector<ServiceRecord> order_srv(std::vector<ServiceRecord> records, const Draw& draw) {
  std::erase_if(records, [](const ServiceRecord& it) { return it.port == 0 || !is_name(it.host); });
  std::ranges::stable_sort(
      records, {}, [](const ServiceRecord& it) { return std::pair(it.priority, it.weight != 0); });
  std::vector<ServiceRecord> ordered;
  for (auto begin = records.begin(); begin != records.end();) {
    const auto end = std::find_if(begin, records.end(), [begin](const ServiceRecord& it) {
      return it.priority != begin->priority;
    });
    std::vector<ServiceRecord> equals(begin, end);
    while (!equals.empty() && ordered.size() < most_service_hosts) {
      const auto next = equals.begin() + draw_one(equals, draw);
      ordered.push_back(std::move(*next));
      equals.erase(next);
    }
    begin = end;
  }
  return ordered;
}

bool is_withdrawn(const std::vector<ServiceRecord>& records) {
  return records.size() == 1 && records.front().host.empty();
}

void check_service(std::string_view service) {
  bool valid = is_name(service) && !service.ends_with('.');
  for (std::size_t at = 0; valid && at < service.size();) {
    valid = service[at] == '_' && at + 1 < service.size() && service[at + 1] != '.';
    at = std::min(service.find('.', at), service.size() - 1) + 1;
  }
  if (!valid)
    throw UsageError("--srv: " + in_quotes(service) + " is no service",
                     "one is '_ssh._tcp': labels that begin with '_'");
}

std::vector<std::string> service_names(std::string_view service,
                                       const std::vector<std::string>& names) {
  std::vector<std::string> result;
  for (const std::string& name : names)
    if (std::string joined = std::string(service) + '.' + name; is_name(joined))
      result.push_back(std::move(joined));
  return result;
}

}  // namespace gladhand
