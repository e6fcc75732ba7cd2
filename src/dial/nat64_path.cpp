#include "dial/nat64_path.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <utility>

namespace gladhand {

void Nat64Path::find(const Nat64Options& options,
                     const NameSource& source,
                     std::function<void()> on_learned,
                     Resolver::Report report) {
  prefixes_ = options.prefixes;
  if (has_prefixes()) return;
  on_learned_ = std::move(on_learned);
  report_ = std::move(report);
  is_learning_ = true;
  report_(Pref64Asked{std::string(pref64_name)});
  ResolvConf conf = source.conf;
  conf.timeout = std::chrono::seconds(1);  // twice: who has a NAT64 knows
  resolver_ = std::make_shared<Resolver>(loop_,
                                         std::string(pref64_name) + '.',
                                         std::uint16_t{0},
                                         std::vector<Family>{Family::ipv6},
                                         conf,
                                         source.delays,
                                         [this](const Resolver::Answer& answer) { learn(answer); });
  resolver_->ask(Family::ipv6);
}

void Nat64Path::take_in() {
  if (resolver_) resolver_->take_in();
}

void Nat64Path::learn(const Resolver::Answer& answer) {
  is_learning_ = false;
  prefixes_ = nat64_prefixes_in(answer.addresses);
  Pref64Learned learned{answer.status};
  for (const Nat64Prefix& prefix : prefixes_) learned.prefixes.push_back(to_string(prefix));
  report_(std::move(learned));
  on_learned_();
}

bool Nat64Path::needs(const Endpoint& endpoint) const {
  return may_be_synthesized(endpoint) && !network_.has_route(endpoint);
}

// [HEv3 §8.2], [HEv3 §8.3] sorted as what it stands for, whoever has made it.
void Nat64Path::add_candidates(const Endpoint& endpoint,
                               CandidateGroup group,
                               std::vector<Candidate>& candidates) const {
  Candidate plain{endpoint, network_.find_source(endpoint), group};
  plain.stands_for = ipv4_in(endpoint, prefixes_);
  const bool out_of_reach = endpoint.family() == Family::ipv4 && !plain.source;
  const std::size_t before = candidates.size();
  for (const Nat64Prefix& prefix : prefixes_) {
    const auto made = out_of_reach ? synthesize(prefix, endpoint) : std::nullopt;
    if (!made) continue;
    candidates.push_back({*made, network_.find_source(*made), group});
    candidates.back().stands_for = ipv4_in(*made, prefixes_);
  }
  if (candidates.size() == before) candidates.push_back(plain);
}

}  // namespace gladhand
