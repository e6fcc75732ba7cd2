// One message of a Unix socket, with the descriptors that come with it.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/unique_fd.hpp"

namespace gladhand {

struct RightsMessage {
  std::string bytes;                  ///< empty: the stream has ended, or nothing is there yet
  std::vector<UniqueFd> descriptors;  ///< every one that came, close-on-exec
  bool descriptors_lost = false;      ///< more came than this process may have open
  bool ended = false;                 ///< nothing more will come
};

/// Reads what is there now, at most `most` bytes and not past the bytes that descriptors came with.
/// Does not wait. Throws std::system_error when the socket fails.
RightsMessage read_with_rights(int fd, std::size_t most);

}  // namespace gladhand
