// What every handshake's tests say about it.
#pragma once

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "gladhand/error.hpp"
#include "peer.hpp"

namespace handshakes {

using gladhand::Handshake;
using gladhand::printable;
using peer::Outcome;
using peer::State;
using namespace std::string_literals;

using Make = std::function<std::unique_ptr<Handshake>()>;

inline const std::string banner = "SSH-2.0-OpenSSH_9.2p1\r\n";

inline gladhand::Destination to_address(const char* address, std::uint16_t port = 22) {
  return {gladhand::parse_address(address, port), "", port};
}

inline gladhand::Destination to_name(std::string name, std::uint16_t port = 22) {
  return {std::nullopt, std::move(name), port};
}

inline Outcome hear(const Make& make,
                    std::string_view words,
                    const std::vector<std::size_t>& pieces = {}) {
  return peer::converse(*make(), words, pieces);
}

/// What the machine has come to when it has heard `words`, however they were split: whole, in two
/// or three pieces, and byte by byte.
inline Outcome hear_in_any_split(const Make& make, const std::string& words) {
  const Outcome whole = hear(make, words);
  CHECK(hear(make, words, std::vector<std::size_t>(words.size(), 1)) == whole);
  for (std::size_t first = 0; first < words.size(); ++first) {
    CHECK(hear(make, words, {first}) == whole);
    for (std::size_t second = 1; words.size() < 60 && first + second < words.size(); ++second)
      CHECK(hear(make, words, {first, second}) == whole);
  }
  return whole;
}

/// The answer opens the way to the target, and not one byte of the target's is taken.
inline void check_opens(const Make& make, const std::string& answer) {
  CAPTURE(printable(answer));
  for (const std::string& glued : {""s, "\n"s, banner, answer}) {
    const Outcome outcome = hear_in_any_split(make, answer + glued);
    CHECK(outcome.state == State::done);
    CHECK(outcome.consumed == answer.size());
    CHECK(outcome.failure.empty());
  }
}

/// The answer is a failure in these words, wherever it is split and whatever follows it.
inline void check_fails(const Make& make, const std::string& answer, const std::string& failure) {
  CAPTURE(printable(answer));
  const Outcome outcome = hear_in_any_split(make, answer);
  CHECK(outcome.state == State::failed);
  CHECK(outcome.failure == failure);
}

/// An answer that is cut anywhere is no answer yet, and a failure when the peer ends there.
inline void check_cuts(const Make& make, const std::string& answer, std::size_t from = 0) {
  for (std::size_t length = from; length < answer.size(); ++length) {
    CAPTURE(printable(answer.substr(0, length)));
    const auto machine = make();
    CHECK(peer::converse(*machine, answer.substr(0, length)).state == State::talking);
    machine->end();
    CHECK(machine->state() == State::failed);
    CHECK(machine->failure().starts_with("closed the connection "));
  }
}

inline std::string sent(const Make& make) {
  return make()->take_output();
}

}  // namespace handshakes
