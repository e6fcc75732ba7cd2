// Multicast DNS [RFC 6762]: the one question that a program without a responder may ask, and what
// counts as its answer. Octets in, octets out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gladhand/endpoint.hpp"

namespace gladhand {

/// A one-shot multicast query [RFC 6762 §5.1] for the addresses of one family. `name` is one that
/// check_name lets pass.
std::string mdns_query(std::string_view name, Family family, std::uint16_t id);

/// The addresses that `datagram` has for it, with port 0; empty where it is no answer to that
/// question: it has another id, is no response, or has other names in it [RFC 6762 §6.7]. Aliases
/// are not followed: names on a link have none.
std::vector<Endpoint> read_mdns_answer(std::string_view datagram,
                                       std::string_view name,
                                       Family family,
                                       std::uint16_t id);

}  // namespace gladhand
