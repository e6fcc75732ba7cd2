// Splitting a command of the user's into words, without a shell.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gladhand {

/// The words of `text`: blanks separate them, 'single' and "double" quotes hold blanks, a backslash
/// takes the next character as it is (not inside single quotes). Nothing is expanded. Empty when a
/// quote is not closed or the text ends in a backslash.
std::optional<std::vector<std::string>> split_command(std::string_view text);

}  // namespace gladhand
