// JsonLine: one flat JSON object on one line.
#pragma once

#include <concepts>
#include <cstdio>
#include <string>
#include <string_view>

namespace gladhand {

/// `text` as a JSON string with its quotes. Bytes that are no printable ASCII become \u00XX.
inline std::string json_string(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    char escaped[8];
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (byte < 0x20 || byte >= 0x7f) {
      std::snprintf(escaped, sizeof(escaped), "\\u%04x", byte);
      result += escaped;
    } else {
      result += c;
    }
  }
  return result + '"';
}

class JsonLine {
 public:
  JsonLine& add(std::string_view key, std::string_view value) {
    return raw(key, json_string(value));
  }
  JsonLine& add(std::string_view key, const char* value) {
    return add(key, std::string_view(value));
  }
  JsonLine& add(std::string_view key, bool value) { return raw(key, value ? "true" : "false"); }
  template <std::integral Number>
  JsonLine& add(std::string_view key, Number value) {
    return raw(key, std::to_string(value));
  }
  /// `json` is JSON already.
  JsonLine& raw(std::string_view key, std::string_view json) {
    text_ += text_.empty() ? '{' : ',';
    text_ += json_string(key);
    text_ += ':';
    text_ += json;
    return *this;
  }

  std::string object() const { return text_.empty() ? "{}" : text_ + '}'; }
  std::string line() const { return object() + '\n'; }

 private:
  std::string text_;
};

}  // namespace gladhand
