// Whole small files, in and out.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "base/unique_fd.hpp"

namespace gladhand {

/// What a file of settings may hold at most.
inline constexpr std::size_t usual_limit = 64 << 20;

/// The file's content, empty when it is not there. Throws Error that names it when it is there and
/// cannot be read, or is over 64 MiB.
std::string read_file(const char* path);

/// Calls `use` with one part of the file's content after the other: whole lines, of which only the
/// file's last may lack its end. What a file of any size costs is its reading. Throws as read_file
/// does.
void read_lines(const char* path, const std::function<void(std::string_view)>& use);

/// The content of a file that the user named, waited for where it is a pipe; "-" is stdin. Throws
/// UsageError that names `option` when it cannot be read, or is over `limit` bytes.
std::string read_input(const std::string& path,
                       std::string_view option,
                       std::size_t limit = usual_limit);

/// Appends what `fd` has until its end to `text`. False, with errno, when a read fails, and EFBIG
/// once it is over `limit` bytes.
bool read_all(int fd, std::string& text, std::size_t limit = usual_limit);

/// Opens `path` to append to it, created for its owner alone if need be; waits for no reader of a
/// pipe. Throws UsageError that names `option` when it cannot.
UniqueFd open_for_append(const std::string& path, std::string_view option);

/// Writes all of `text` in as few writes as possible. False, with errno, when an error ends that:
/// what is told about a dial must never end the dial.
bool write_all(int fd, std::string_view text);

/// Writes all of `text` to stdout. Throws Error when it cannot.
void print(std::string_view text);

/// Writes of `text` what is taken at once, or before `patience` is over: whoever does not read
/// keeps nobody waiting. False when that was not all of it.
bool write_in_time(int fd, std::string_view text, std::chrono::milliseconds patience);

}  // namespace gladhand
