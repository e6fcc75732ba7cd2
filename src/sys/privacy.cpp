#include "sys/privacy.hpp"

#include <sys/prctl.h>

#include <algorithm>
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

void forbid_dumps() {
  ::prctl(PR_SET_DUMPABLE, 0);
}

void forbid_new_privileges() {
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

}  // namespace gladhand
