// Nat64Path: how IPv4 is reached from a network that has only IPv6, by prefixes that it is asked
// for [HEv3 §8].
#pragma once

#include <asio/io_context.hpp>
#include <functional>
#include <memory>
#include <vector>

#include "dns/name_source.hpp"
#include "dns/network.hpp"
#include "dns/resolver.hpp"
#include "gladhand/event.hpp"
#include "names/nat64.hpp"

namespace gladhand {

class Nat64Path {
 public:
  Nat64Path(asio::io_context& loop, Network& network) : loop_(loop), network_(network) {}

  /// Takes the user's prefixes, or asks the name servers of `source` for the network's and calls
  /// `on_learned` once, possibly before this returns; it may not close this. `report` is told
  /// Pref64Asked and Pref64Learned.
  void find(const Nat64Options& options,
            const NameSource& source,
            std::function<void()> on_learned,
            Resolver::Report report);

  /// Takes in what has arrived already.
  void take_in();

  /// Drops what is outstanding.
  void close() { resolver_.reset(); }

  bool is_learning() const { return is_learning_; }
  bool has_prefixes() const { return !prefixes_.empty(); }

  /// Whether an address has no route, and may have one by a prefix.
  bool needs(const Endpoint& endpoint) const;

  /// What is to be tried for an address: itself, or what stands for it by each prefix.
  void add_candidates(const Endpoint& endpoint,
                      CandidateGroup group,
                      std::vector<Candidate>& candidates) const;

 private:
  void learn(const Resolver::Answer& answer);

  asio::io_context& loop_;
  Network& network_;
  std::function<void()> on_learned_;
  Resolver::Report report_;
  std::shared_ptr<Resolver> resolver_;
  std::vector<Nat64Prefix> prefixes_;
  bool is_learning_ = false;
};

}  // namespace gladhand
