// DNS messages: a question as bytes, and what the bytes of an answer say. c-ares writes the
// questions and reads the names. Nothing that a datagram claims is believed before it is checked.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "gladhand/event.hpp"
#include "names/service.hpp"
#include "names/service_binding.hpp"

namespace gladhand {

using Bytes = std::vector<std::uint8_t>;

/// Whether a question says that longer answers than 512 bytes may come [RFC 6891].
enum class Edns : std::uint8_t { no, yes };

/// Asks for records of an absolute name. Empty when c-ares cannot ask for such a name.
Bytes make_question(const std::string& name, RecordType type, std::uint16_t id, Edns edns);

struct DnsAnswer {
  AnswerStatus status{};                   ///< `addresses`: there are records of the type
  std::vector<Endpoint> addresses{};       ///< of the name and of what its aliases lead to
  std::vector<ServiceRecord> services{};   ///< the same, where SRV was asked for
  std::vector<ServiceBinding> bindings{};  ///< the same, where SVCB was; "." is the owner
  bool truncated = false;                  ///< there is more than fits the datagram
};

/// Reads `message`. Empty when it is no answer to `question`: another id, another question, not
/// even a response. A referral elsewhere is a server_failure.
std::optional<DnsAnswer> read_answer(std::span<const std::uint8_t> message,
                                     std::span<const std::uint8_t> question,
                                     std::uint16_t port);

}  // namespace gladhand
