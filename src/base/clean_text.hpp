// Text that was somebody else's, for files that programs read.
#pragma once

#include <string>
#include <string_view>

namespace gladhand {

/// `text` as valid UTF-8 without control characters, whatever it was: each other byte as "\xNN".
/// Characters that end a line or turn the direction of writing count as such.
std::string clean_text(std::string_view text);

}  // namespace gladhand
