#include "sys/privacy.hpp"

#include <sys/prctl.h>

#include <algorithm>
#include <cstring>
#include <string_view>

namespace gladhand {

namespace {

void hide(char* begin, char* end) {
  std::fill(begin, end, '*');
}

void hide_user(char* argument) {
  constexpr std::string_view beginning = "://";
  const std::string_view text = argument;
  const std::size_t found = text.find(beginning);
  const std::size_t at = text.rfind('@');
  if (found == text.npos || at == text.npos || at < found) return;
  hide(argument + found + beginning.size(), argument + at);
}

void hide_value(char* field) {
  const std::string_view text = field;
  if (const std::size_t colon = text.find(':'); colon != text.npos)
    hide(field + colon + 1, field + text.size());
}

}  // namespace

void hide_secrets(int argc, char** argv, std::string_view option) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view text = argv[i];
    const bool is_it = text.starts_with(option);
    if (is_it && text.size() == option.size() && i + 1 < argc)
      hide_value(argv[++i]);
    else if (is_it && text[option.size()] == '=')
      hide_value(argv[i]);
    else
      hide_user(argv[i]);
  }
}

// A function of its own, so that its frame lies where those of the functions before have been.
[[gnu::noinline]] void wipe_dead_stack() {
  char left_behind[256 << 10];
  ::explicit_bzero(left_behind, sizeof(left_behind));
}

void forbid_dumps() {
  ::prctl(PR_SET_DUMPABLE, 0);
}

void forbid_new_privileges() {
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

}  // namespace gladhand
