#include "proxy/http_fields.hpp"

#include <algorithm>

namespace gladhand {

namespace {

constexpr std::string_view blanks = " \t";

// How far the first element of a list goes.
std::size_t element_length(std::string_view list) {
  bool quoted = false;
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (list[i] == '"') quoted = !quoted;
    if (quoted && list[i] == '\\') ++i;
    if (!quoted && list[i] == ',') return i;
  }
  return list.size();
}

}  // namespace

std::string_view trim(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
  return text.substr(0, text.find_last_not_of(blanks) + 1);
}

std::string_view field_name(std::string_view field) {
  return field.substr(0, field.find(':'));
}

std::vector<std::string_view> split_list(std::string_view value) {
  std::vector<std::string_view> elements;
  while (!value.empty()) {
    const std::size_t length = element_length(value);
    const std::string_view element = trim(value.substr(0, length));
    if (!element.empty()) elements.push_back(element);
    value.remove_prefix(std::min(length + 1, value.size()));
  }
  return elements;
}

std::vector<std::string_view> challenge_schemes(std::string_view value) {
  std::vector<std::string_view> schemes;
  for (const std::string_view element : split_list(value)) {
    const std::size_t length = std::min(element.find_first_of(" \t="), element.size());
    const bool parameter = trim(element.substr(length)).starts_with('=');
    if (!parameter) schemes.push_back(element.substr(0, length));
  }
  return schemes;
}

}  // namespace gladhand
