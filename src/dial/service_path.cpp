#include "dial/service_path.hpp"

#include <algorithm>
#include <utility>

namespace gladhand {

void ServicePath::ask(RecordType type,
                      const NameSource& source,
                      std::uint16_t port,
                      Moment longest,
                      Moment resolution_delay,
                      std::function<void(ServiceAnswered)> on_answer,
                      Question::Report report) {
  port_ = port;
  resolution_delay_ = resolution_delay;
  Question::Settings settings = question_settings(source.conf, source.delays);
  settings.race.timeout = std::min(settings.race.timeout, longest);
  lookup_ = std::make_shared<ServiceLookup>(
      loop_,
      type,
      source.service_names,
      std::move(settings),
      random_draw(),
      [this, type, on_answer = std::move(on_answer)](ServiceLookup::Answer answer) {
        on_answer(take(type, std::move(answer)));
      },
      std::move(report));
  lookup_->ask();
}

ServiceAnswered ServicePath::take(RecordType type, ServiceLookup::Answer answer) {
  ServiceAnswered fact{.type = type, .status = answer.status, .name = std::move(answer.name)};
  fact.unavailable = is_withdrawn(answer.services);
  if (fact.unavailable) withdrawn_ = fact.name;
  hosts_ = find_hosts(std::move(answer), port_, names_, network_);
  for (const auto& host : hosts_)
    fact.hosts.push_back(offer(*host, static_cast<CandidateGroup>(fact.hosts.size())));
  return fact;
}

ServiceHost ServicePath::offer(HostOfService& host, CandidateGroup group) const {
  host.source.delays.resolution = resolution_delay_;
  if (host.source.lacks_ipv4 && nat64_.has_prefixes() && !host.source.questions.empty())
    host.source.questions = {Family::ipv6, Family::ipv4};
  ServiceHost offered{host.target.host,
                      host.target.port,
                      host.record.priority,
                      host.record.weight,
                      host.source.questions,
                      candidates(host.source.known, group)};
  for (Candidate& hint : candidates(hints_of(host), group)) {
    hint.is_hint = true;
    offered.known.push_back(hint);
  }
  return offered;
}

std::vector<Candidate> ServicePath::candidates(const std::vector<Endpoint>& endpoints,
                                               CandidateGroup group) const {
  std::vector<Candidate> candidates;
  for (const Endpoint& endpoint : endpoints) nat64_.add_candidates(endpoint, group, candidates);
  return candidates;
}

NameLookup& ServicePath::lookup(CandidateGroup group,
                                std::chrono::steady_clock::time_point deadline,
                                NameLookup::Listener listener) {
  HostOfService& host = *hosts_[group];
  if (!host.lookup)
    host.lookup = std::make_shared<NameLookup>(loop_,
                                               host.target,
                                               host.source,
                                               host.source.questions,
                                               deadline,
                                               std::move(listener));
  return *host.lookup;
}

void ServicePath::take_in() {
  if (lookup_) lookup_->take_in();
  for (const auto& host : hosts_)
    if (host->lookup) host->lookup->take_in();
}

void ServicePath::close() {
  lookup_.reset();
  hosts_.clear();
}

std::vector<std::string> ServicePath::silent_servers() const {
  std::vector<std::string> silent = lookup_->silent_servers();
  for (const auto& host : hosts_)
    if (host->lookup && silent.empty()) silent = host->lookup->silent_servers();
  return silent;
}

}  // namespace gladhand
