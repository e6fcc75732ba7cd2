#include "sys/privacy.hpp"

#include <sys/prctl.h>

#include <algorithm>
#include <cstring>
#include <string_view>

namespace gladhand {

void hide_users(int argc, char** argv) {
  constexpr std::string_view beginning = "://";
  for (int i = 1; i < argc; ++i) {
    const std::string_view text = argv[i];
    const std::size_t found = text.find(beginning);
    const std::size_t at = text.rfind('@');
    if (found == text.npos || at == text.npos || at < found) continue;
    std::fill(argv[i] + found + beginning.size(), argv[i] + at, '*');
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
