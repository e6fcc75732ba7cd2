#include "apps/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <string>

#include "sys/environment.hpp"

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
  canvas.colour = columns > 0 && !environment_variable({"NO_COLOR"});
  const std::string locale = environment_variable({"LC_ALL", "LC_CTYPE", "LANG"}).value_or("");
  canvas.unicode = locale.find("UTF-8") != locale.npos || locale.find("utf8") != locale.npos;
  return canvas;
}

}  // namespace gladhand
