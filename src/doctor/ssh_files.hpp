// Lines of ssh_config files: where something stands.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "doctor/facts.hpp"

namespace gladhand {

struct SshLine {
  std::string place;    ///< "FILE:LINE"
  std::string keyword;  ///< lower case
  std::string value;
  std::string block;  ///< the Host or Match line above it, "host *"; empty: none, or Include's
  unsigned block_number = 0;  ///< counted through all files; lines of one block have the same
};

/// All lines of `files` that set something, in order.
std::vector<SshLine> read_ssh_lines(const std::vector<TextFile>& files);

/// The line that `keyword` has `value` from, as far as can be told: the first with both, else the
/// first with the keyword. Null where there is none.
const SshLine* find_ssh_line(const std::vector<SshLine>& lines,
                             std::string_view keyword,
                             std::string_view value);

/// "FILE:LINE" of the first line of `text` whose first word is one of `words`; empty: none.
std::string find_place(const TextFile& file, const std::vector<std::string_view>& words);

}  // namespace gladhand
