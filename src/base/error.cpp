#include "gladhand/error.hpp"

#include <cerrno>
#include <system_error>

namespace gladhand {

namespace {

std::string escape(std::string_view given, std::string_view also) {
  constexpr std::string_view digits = "0123456789abcdef";
  constexpr std::size_t longest = 300;
  const std::string text = without_user(given);
  std::string result;
  for (const char c : text) {
    if (result.size() >= longest) return result + "...";
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f && also.find(c) == also.npos) {
      result += c;
    } else {
      result += "\\x";
      result += digits[byte >> 4];
      result += digits[byte & 0x0f];
    }
  }
  return result;
}

}  // namespace

std::string error_lines(std::string_view program, const Error& error, bool quiet) {
  std::string text = std::string(program) + ": " + error.what() + '\n';
  if (!quiet && !error.hint().empty()) text += "hint: " + error.hint() + '\n';
  return text;
}

std::string system_words(int error) {
  switch (error) {  // what the manuals have is said alike: musl has other words
    case EADDRINUSE: return "address already in use";
    case EADDRNOTAVAIL: return "cannot assign requested address";
    case ELOOP: return "too many levels of symbolic links";
    case EMFILE: return "too many open files";
    case ENOMEM: return "cannot allocate memory";
    default: break;
  }
  std::string words = std::generic_category().message(error);
  if (!words.empty() && words[0] >= 'A' && words[0] <= 'Z') words[0] += 'a' - 'A';
  return words;
}

std::string without_user(std::string_view text) {
  constexpr std::string_view beginning = "://";
  std::string result;
  for (;;) {
    const std::size_t found = text.find(beginning);
    if (found == text.npos) return result.append(text);
    const std::size_t authority = found + beginning.size();
    const std::size_t next = text.find(beginning, authority);
    const std::size_t at = text.substr(0, next).rfind('@');
    result += text.substr(0, authority);
    text.remove_prefix(at == text.npos || at < authority ? authority : at + 1);
  }
}

std::string printable(std::string_view text) {
  return escape(text, "");
}

std::string in_quotes(std::string_view text) {
  return '\'' + escape(text, "'\\") + '\'';
}

}  // namespace gladhand
