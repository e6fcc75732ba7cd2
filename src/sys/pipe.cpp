#include "sys/pipe.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "gladhand/error.hpp"

namespace gladhand {

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return Error(ExitStatus::not_handed_over, "no pipe: " + system_words(errno));
  Pipe pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
  ::fcntl(pipe.out.get(), F_SETFL, O_NONBLOCK);
  return pipe;
}

}  // namespace gladhand
