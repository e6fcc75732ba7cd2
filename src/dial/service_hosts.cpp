#include "dial/service_hosts.hpp"

#include <algorithm>
#include <random>
#include <string>
#include <utility>

namespace gladhand {

namespace {

// A record's name is absolute: no search domain belongs to it.
Target target_of(const ServiceRecord& record) {
  return {.host = record.host,
          .service = std::to_string(record.port),
          .port = record.port,
          .name = record.host + '.'};
}

// [RFC 9460 §3] the last alias stands behind what is told about it.
std::vector<ServiceRecord> in_order(ServiceLookup::Answer answer,
                                    std::uint16_t port,
                                    const Draw& draw) {
  if (!answer.services.empty()) return order_srv(std::move(answer.services), draw);
  std::vector<ServiceRecord> records = order_bindings(std::move(answer.bindings), port, draw);
  if (answer.alias) records.push_back({.port = port, .host = *std::move(answer.alias)});
  return records;
}

}  // namespace

Draw random_draw() {
  return [generator = std::minstd_rand{std::random_device{}()}](unsigned most) mutable {
    return std::uniform_int_distribution<unsigned>(0, most)(generator);
  };
}

std::vector<std::unique_ptr<HostOfService>> find_hosts(ServiceLookup::Answer answer,
                                                       std::uint16_t port,
                                                       const NameOptions& options,
                                                       Network& network) {
  NameOptions of_hosts = options;
  of_hosts.service.reset();
  std::vector<std::unique_ptr<HostOfService>> hosts;
  for (ServiceRecord& record : in_order(std::move(answer), port, random_draw())) {
    Target target = target_of(record);
    NameSource source = find_name_source(target, of_hosts, network);
    if (source.refusal) continue;
    hosts.push_back(std::make_unique<HostOfService>(
        HostOfService{std::move(record), std::move(target), std::move(source)}));
  }
  return hosts;
}

std::vector<Endpoint> hints_of(const HostOfService& host) {
  std::vector<Endpoint> hints;
  for (const Endpoint& hint : host.record.hints)
    if (std::ranges::find(host.source.questions, hint.family()) != host.source.questions.end())
      hints.push_back(hint);
  return hints;
}

}  // namespace gladhand
