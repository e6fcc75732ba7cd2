// An option of a socket that is a number: SO_ERROR, SO_TYPE, TCP_NODELAY.
#pragma once

#include <optional>

namespace gladhand {

/// Its value, as getsockopt(2) has it; empty when the socket has no such option.
std::optional<int> get_int_sockopt(int fd, int level, int name);

}  // namespace gladhand
