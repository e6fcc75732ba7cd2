// What the events of one dial say of each address.
#pragma once

#include <span>
#include <vector>

#include "doctor/facts.hpp"

namespace gladhand {

/// The addresses that were tried, in the order of their attempts; one that was tried twice is told
/// once, with what came first of both.
std::vector<AddressFacts> read_addresses(std::span<const Event> events);

}  // namespace gladhand
