// Files that tell this program what to do.
#pragma once

#include <optional>
#include <string>

namespace gladhand {

/// The content of a file that only its owner can write, who is root or we. Empty when there is no
/// such file, or it is not for us to read. Throws UsageError when others can write it, it is no
/// file, or over 1 MiB, and Error when the system fails to bring it.
std::optional<std::string> read_trusted_file(const std::string& path);

}  // namespace gladhand
