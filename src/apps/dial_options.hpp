// The options that shape a dial: the same for every program that dials.
#pragma once

#include <span>

#include "apps/option_table.hpp"
#include "connect/proxy_chain.hpp"

namespace gladhand {

/// Groups of --help that more than one table has.
inline constexpr const char* before_group = "Before connecting";

/// The table.
std::span<const Option<ConnectOptions>> dial_option_rows();

/// Throws UsageError for an option that has no meaning for the target: one of TCP's for a Unix
/// socket, for example.
void check_meaning(std::span<const OptionText* const> given,
                   const Target& target,
                   const ConnectOptions& options);

/// What no single option can tell: throws UsageError for options that contradict each other, and
/// leaves out the families that have no source address of the user's once the other has one.
void complete(const CommandLine& line, ConnectOptions& options);

}  // namespace gladhand
