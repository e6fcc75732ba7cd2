// A peer's side of a handshake: what it says arrives in pieces, and is told as MSG_PEEK shows it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/handshake.hpp"

namespace peer {

using State = gladhand::Handshake::State;

struct Outcome {
  State state{};
  std::size_t consumed = 0;
  std::string sent;
  std::string failure;

  /// What was still to be sent when it failed depends on what had arrived.
  friend bool operator==(const Outcome& a, const Outcome& b) {
    return a.state == b.state && a.consumed == b.consumed && a.failure == b.failure &&
           (a.state == State::failed || a.sent == b.sent);
  }
};

/// Has the machine hear `words`, which arrive in pieces of the given sizes and then all at once.
/// Provides alice's password when the machine wants it. Does not tell an end.
inline Outcome converse(gladhand::Handshake& machine,
                        std::string_view words,
                        const std::vector<std::size_t>& pieces = {}) {
  Outcome outcome;
  std::size_t arrived = 0;
  auto piece = pieces.begin();
  for (;;) {
    outcome.sent += machine.take_output();
    if (machine.state() == State::wants_credentials) {
      machine.provide({"alice", "secret"});
      continue;
    }
    if (machine.state() != State::talking) break;
    const std::string_view shown = words.substr(outcome.consumed, arrived - outcome.consumed);
    const std::size_t taken = machine.receive(shown);
    if (taken > shown.size()) throw std::logic_error("more was taken than shown");
    outcome.consumed += taken;
    if (taken != 0 || machine.state() != State::talking) continue;
    if (arrived == words.size()) break;
    arrived += std::min(piece == pieces.end() ? words.size() : *piece++, words.size() - arrived);
  }
  outcome.state = machine.state();
  outcome.failure = machine.failure();
  return outcome;
}

}  // namespace peer
