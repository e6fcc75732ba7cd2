// Decimal numbers as people write them. std::from_chars has them only since libc++ 20, and brings
// tables for exponents that nothing here reads.
#pragma once

#include <optional>
#include <string_view>

namespace gladhand {

/// Takes a decimal number, `1`, `0.25`, `.5` or `2.`, from the beginning of `text`; no sign, no
/// exponent. Exact to the last bit where it has at most 15 digits; empty, and `text` untouched,
/// where none begins, and where no double is as large.
std::optional<double> take_decimal(std::string_view& text);

/// The same, and nothing may follow.
std::optional<double> read_decimal(std::string_view text);

}  // namespace gladhand
