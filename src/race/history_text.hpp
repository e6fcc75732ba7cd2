// The history of one network as the text of a file.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "race/history.hpp"

namespace gladhand {

struct HistoryFile {
  std::string network{};           ///< what a person knows it by: "eth0, gateway 192.0.2.1"
  std::chrono::seconds written{};  ///< since 1970
  History history{};
};

/// A line with the version and a checksum, one for each family, one for each endpoint. `before` is
/// what the file was read from, if it was: most of its lines are still right.
std::string history_text(const HistoryFile& file, std::string_view before = {});

/// What history_text wrote; an empty text is an empty history. An Error, whose text is the reason
/// alone, for one of another version, and for one that is not as it was written.
Result<HistoryFile> read_history_text(std::string_view text);

/// Whether another version of this program wrote it, which may know more than this one.
bool is_of_another_version(std::string_view text);

}  // namespace gladhand
