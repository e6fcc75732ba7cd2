// ServicePath: from the question for a name's service records to the addresses of the hosts that
// they name [RFC 2782] [RFC 9460].
#pragma once

#include <asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dial/nat64_path.hpp"
#include "dial/service_hosts.hpp"
#include "dns/name_lookup.hpp"
#include "dns/name_source.hpp"
#include "dns/network.hpp"
#include "dns/service_lookup.hpp"
#include "gladhand/event.hpp"

namespace gladhand {

class ServicePath {
 public:
  /// What is referred to must outlive it.
  ServicePath(asio::io_context& loop,
              Network& network,
              const Nat64Path& nat64,
              const NameOptions& names)
      : loop_(loop), network_(network), nat64_(nat64), names_(names) {}

  /// Asks the name servers of `source` for records of its service_names, `longest` at most.
  /// `on_answer` is called once, possibly before this returns; it may not close this. `port` is
  /// that of hosts whose record tells none, `resolution_delay` that of questions about them.
  void ask(RecordType type,
           const NameSource& source,
           std::uint16_t port,
           Moment longest,
           Moment resolution_delay,
           std::function<void(ServiceAnswered)> on_answer,
           Question::Report report);

  /// Begins the questions about the addresses of one host, unless they have begun.
  NameLookup& lookup(CandidateGroup group,
                     std::chrono::steady_clock::time_point deadline,
                     NameLookup::Listener listener);

  const std::string& host(CandidateGroup group) const { return hosts_[group]->target.host; }

  /// Takes in what has arrived already.
  void take_in();

  /// Drops what is outstanding.
  void close();

  bool is_asked() const { return lookup_ != nullptr; }

  /// The name whose record says that nobody offers the service.
  const std::optional<std::string>& withdrawn() const { return withdrawn_; }

  /// Name servers that were asked and have said nothing at all.
  std::vector<std::string> silent_servers() const;

 private:
  ServiceAnswered take(RecordType type, ServiceLookup::Answer answer);
  ServiceHost offer(HostOfService& host, CandidateGroup group) const;
  std::vector<Candidate> candidates(const std::vector<Endpoint>& endpoints,
                                    CandidateGroup group) const;

  asio::io_context& loop_;
  Network& network_;
  const Nat64Path& nat64_;
  const NameOptions& names_;
  std::uint16_t port_ = 0;
  Moment resolution_delay_{};
  std::shared_ptr<ServiceLookup> lookup_;
  std::vector<std::unique_ptr<HostOfService>> hosts_;  // by CandidateGroup
  std::optional<std::string> withdrawn_;
};

}  // namespace gladhand
