#include "figures/json_shape.hpp"

#include <limits>

namespace gladhand {

namespace {

// json_string() writes each byte as a character of its own: back to bytes. Other text stays.
std::string to_bytes(const std::string& text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto lead = static_cast<unsigned char>(text[i]);
    if (lead < 0x80) {
      bytes += text[i];
    } else if ((lead == 0xc2 || lead == 0xc3) && i + 1 < text.size()) {
      bytes += static_cast<char>((lead & 3) << 6 | (text[++i] & 0x3f));
    } else {
      return text;
    }
  }
  return bytes;
}

}  // namespace

const Json& member(const Json& object, const char* key) {
  if (!object.is_object()) throw WrongShape{"", "is no object"};
  const auto found = object.find(key);
  if (found == object.end()) throw WrongShape{key, "is missing"};
  return *found;
}

std::string string_of(const Json& object, const char* key) {
  const Json& value = member(object, key);
  if (!value.is_string()) throw WrongShape{key, "is no string"};
  return to_bytes(value.get_ref<const std::string&>());
}

std::string optional_string(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? std::string() : string_of(object, key);
}

bool bool_of(const Json& object, const char* key) {
  const Json& value = member(object, key);
  if (!value.is_boolean()) throw WrongShape{key, "is neither true nor false"};
  return value.get<bool>();
}

std::uint64_t number_of(const Json& object, const char* key, std::uint64_t most) {
  const Json& value = member(object, key);
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() > most)
    throw WrongShape{key, "is no whole number from 0 to " + std::to_string(most)};
  return value.get<std::uint64_t>();
}

// A century in microseconds: sums of two stay far from overflow.
Moment moment_of(const Json& object, const char* key) {
  constexpr std::uint64_t most = 3'200'000'000'000'000;
  return Moment(static_cast<Moment::rep>(number_of(object, key, most)));
}

ShortMoment short_moment_of(const Json& object, const char* key) {
  const auto most = static_cast<std::uint64_t>(shortened(Moment::max()).count());
  return ShortMoment(static_cast<std::uint32_t>(number_of(object, key, most)));
}

}  // namespace gladhand
