#include "dns/lines_of_command.hpp"

#include <unistd.h>

#include <asio/this_coro.hpp>
#include <cerrno>
#include <utility>

#include "base/unique_fd.hpp"
#include "gladhand/error.hpp"
#include "sys/pipe.hpp"
#include "sys/readiness_wait.hpp"

namespace gladhand {

namespace {

// Uses the lines that are complete and keeps the rest.
void use_lines(std::string& text, const std::function<void(std::string_view)>& use) {
  std::size_t begin = 0;
  for (std::size_t end = text.find('\n'); end != text.npos; end = text.find('\n', begin)) {
    use(std::string_view(text).substr(begin, end - begin));
    begin = end + 1;
  }
  text.erase(0, begin);
}

}  // namespace

asio::awaitable<Result<std::optional<int>>> read_lines_of(
    asio::io_context& loop,
    std::shared_ptr<CommandGroup> programs,
    std::vector<std::string> words,
    Environment environment,
    std::chrono::steady_clock::time_point deadline,
    std::function<void(std::string_view)> use) {
  Result<Pipe> pipe = make_pipe();
  if (!pipe) co_return pipe.error();
  const auto command =
      Command::start(loop, words, environment, pipe->in.get(), std::move(programs));
  if (!command) co_return command.error();
  pipe->in = UniqueFd();
  ReadinessWait ready(co_await asio::this_coro::executor, pipe->out.get());
  std::string text;
  for (std::size_t total = 0;;) {
    const auto readable = co_await ready.wait(ReadinessWait::Descriptor::wait_read, deadline);
    if (!readable) co_return readable.error();
    if (!*readable) co_return std::nullopt;
    char part[4096];
    const ssize_t got = ::read(pipe->out.get(), part, sizeof(part));
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (got <= 0) break;
    total += static_cast<std::size_t>(got);
    if (total > most_output)
      co_return Error(ExitStatus::no_address, in_quotes(words.front()) + " writes without an end");
    text.append(part, static_cast<std::size_t>(got));
    use_lines(text, use);
  }
  if (!text.empty()) use(text);
  co_return co_await (*command)->wait();
}

}  // namespace gladhand
