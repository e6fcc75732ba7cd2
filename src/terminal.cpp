#include "terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace gladhand {

unsigned terminal_columns(int fd) {
  constexpr unsigned usual = 80;
  winsize size{};
  if (::isatty(fd) == 0) return 0;
  return ::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : usual;
}

Canvas output_canvas() {
  Canvas canvas;
  const unsigned columns = terminal_columns(STDOUT_FILENO);
  if (columns > 0) canvas.columns = columns;
  const char* no_colour = std::getenv("NO_COLOR");
  canvas.colour = columns > 0 && (no_colour == nullptr || *no_colour == '\0');
  canvas.unicode = false;
  for (const char* variable : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(variable);
    if (value == nullptr || *value == '\0') continue;
    const std::string_view locale = value;
    canvas.unicode = locale.find("UTF-8") != locale.npos || locale.find("utf8") != locale.npos;
    break;
  }
  return canvas;
}

}  // namespace gladhand
