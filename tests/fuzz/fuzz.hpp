// What every fuzz target shares: checks that end the run, and a handshake told in any split.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "../unit/proxy/peer.hpp"
#include "proxy/handshake.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace fuzz {

using gladhand::Handshake;
using peer::Outcome;
using peer::State;
using Make = std::function<std::unique_ptr<Handshake>(bool with_credentials)>;

inline void check(bool holds) {
  if (!holds) std::abort();
}

inline void check_printable(std::string_view text) {
  check(text.size() < 400);
  check(std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f; }));
}

/// The promises of a machine that has come to rest, and of its end.
inline void check_rest(Handshake& machine, const Outcome& outcome, std::string_view words) {
  check(outcome.consumed <= words.size());
  check(outcome.sent.size() < 2'000);
  check((outcome.state == State::failed) == !outcome.failure.empty());
  machine.end();
  const State last = machine.state();
  check(last != State::talking && last != State::wants_credentials);
  check(outcome.state == State::talking || last == outcome.state);
  check((last == State::failed) == !machine.failure().empty());
  check_printable(machine.failure());
  machine.take_output();
  const std::string failure = machine.failure();
  check(machine.receive(words) == 0);
  machine.provide({"alice", "secret"});
  machine.end();
  check(machine.state() == last && machine.failure() == failure);
  check(machine.take_output().empty());
}

/// The input's first byte says whether there are credentials and how many of the next say how the
/// rest, the peer's words, arrives.
inline void tell(const Make& make, std::string_view input) {
  if (input.empty()) return;
  const auto first = static_cast<unsigned char>(input[0]);
  input.remove_prefix(1);
  const bool with_credentials = (first & 0x80) != 0;
  std::vector<std::size_t> pieces;
  for (std::size_t i = std::min<std::size_t>(first & 0x0f, input.size()); i > 0; --i) {
    pieces.push_back(static_cast<unsigned char>(input[0]));
    input.remove_prefix(1);
  }
  const auto whole = make(with_credentials);
  const auto split = make(with_credentials);
  const auto bytewise = make(with_credentials);
  const Outcome outcome = peer::converse(*whole, input);
  check(peer::converse(*split, input, pieces) == outcome);
  check(peer::converse(*bytewise, input, std::vector<std::size_t>(input.size(), 1)) == outcome);
  for (const auto& machine : {whole.get(), split.get(), bytewise.get()})
    check_rest(*machine, outcome, input);
}

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// Fuzzes a proxy of a scheme that takes names.
inline void tell_proxy(gladhand::ProxyScheme scheme, std::string_view input) {
  tell(
      [scheme](bool with_credentials) {
        std::optional<gladhand::Credentials> credentials;
        if (with_credentials) credentials = {"alice", "secret"};
        return gladhand::ask_proxy(
            scheme, {std::nullopt, "db.example", 22}, {.credentials = credentials});
      },
      input);
}

}  // namespace fuzz
