// Reads JSON of a fixed shape: what is missing or otherwise is told with its place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "gladhand/error.hpp"
#include "samples/sample.hpp"

namespace gladhand {

using Json = nlohmann::json;

/// A value of another shape than the schema has; `path` grows on the way out.
struct WrongShape {
  std::string path;
  std::string what;
};

/// Reads with `part` before the path of what is wrong.
template <typename Read>
auto within(const std::string& part, Read read) {
  try {
    return read();
  } catch (WrongShape& wrong) {
    wrong.path = part + (wrong.path.empty() || wrong.path.front() == '[' ? "" : ".") + wrong.path;
    throw;
  }
}

const Json& member(const Json& object, const char* key);
std::string string_of(const Json& object, const char* key);
std::string optional_string(const Json& object, const char* key);
bool bool_of(const Json& object, const char* key);
std::uint64_t number_of(const Json& object, const char* key, std::uint64_t most);
Moment moment_of(const Json& object, const char* key);
ShortMoment short_moment_of(const Json& object, const char* key);

/// Reads each item of a list.
template <typename Read>
void for_each_item(const Json& object, const char* key, std::size_t most, Read read) {
  const Json& list = member(object, key);
  if (!list.is_array()) throw WrongShape{key, "is no list"};
  if (list.size() > most) throw WrongShape{key, "is too long"};
  for (std::size_t i = 0; i < list.size(); ++i)
    within(key + ('[' + std::to_string(i) + ']'), [&] { read(list[i]); });
}

/// The value of a closed set whose name is `key`'s text.
template <typename Enum>
Enum one_of(const Json& object, const char* key, Enum last) {
  const std::string name = string_of(object, key);
  for (int i = 0; i <= static_cast<int>(last); ++i)
    if (name == to_string(static_cast<Enum>(i))) return static_cast<Enum>(i);
  throw WrongShape{key, "is unknown: " + in_quotes(name)};
}

}  // namespace gladhand
