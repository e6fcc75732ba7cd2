// An option of a socket that is a number: SO_ERROR, SO_TYPE, TCP_NODELAY.
#pragma once

#include <optional>

namespace gladhand {

/// Its value, as getsockopt(2) has it; empty, with errno, when there is none to be had.
std::optional<int> get_int_sockopt(int fd, int level, int name);

/// Whether errno says that a socket has no such option or no such end: anything else is a question
/// without an answer.
bool errno_means_absent();

}  // namespace gladhand
