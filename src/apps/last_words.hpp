// What a program says when something ends it that nobody has foreseen.
#pragma once

#include <exception>

#include "gladhand/error.hpp"

namespace gladhand {

/// What any exception has to say: our own as it is, the system's in the words of our lines.
Error to_error(const std::exception& error);

/// From now on std::terminate() writes one line that begins with `program`'s name to stderr, and
/// leaves with ExitStatus::not_handed_over; files that have grown to their limit are an error of
/// write(2), not the end. `program` is kept.
void end_in_order(const char* program);

}  // namespace gladhand
