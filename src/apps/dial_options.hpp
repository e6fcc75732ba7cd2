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

/// Whether an option that needs this has a meaning for the target.
bool has_meaning(Needs needs, const Target& target, const ConnectOptions& options);

/// Tells `line` which of them exclude each other.
void exclude_dial_options(CommandLine& line);

// What is asked for is checked in three steps, all before any traffic:

/// 1. against itself: throws UsageError for options that contradict each other, and leaves out the
/// families that have no source address of the user's once the other has one;
void check_options(const CommandLine& line, ConnectOptions& options);

/// 2. against each target: throws UsageError for an option of `given` that has no meaning for it,
/// one of TCP's for a Unix socket, for example, and for proxies that cannot lead to it;
void check_target(std::span<const OptionText* const> given,
                  const Target& target,
                  const ConnectOptions& options);

/// 3. against this machine, where a target is on the internet: leaves out the families that the
/// interface does not serve, and throws Error for what the kernel refuses.
void check_machine(ConnectOptions& options);

}  // namespace gladhand
