#include "credentials.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <asio/experimental/awaitable_operators.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/read.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <cerrno>
#include <string_view>
#include <system_error>

#include "command.hpp"
#include "environment.hpp"
#include "file.hpp"
#include "gladhand/error.hpp"
#include "unique_fd.hpp"

namespace gladhand {

namespace {

std::string read_private_file(const std::string& path) {
  const auto fail = [&path](const std::string& why) {
    throw UsageError("--proxy-auth-file " + printable(path) + ": " + why);
  };
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) != 0) fail(system_words(errno));
  if (!S_ISREG(status.st_mode)) fail("not a file");
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    fail("others than its owner may use it (chmod 600 it)");
  std::string text;
  if (!read_all(fd.get(), text)) fail(system_words(errno));
  return text;
}

// As ssh does it: a display is needed, unless SSH_ASKPASS_REQUIRE says otherwise [ssh(1)].
std::optional<std::string> askpass_program() {
  const std::string require = environment_variable({"SSH_ASKPASS_REQUIRE"}).value_or("");
  const bool display = environment_variable({"DISPLAY", "WAYLAND_DISPLAY"}).has_value();
  if (require == "never" || (!display && require != "force")) return std::nullopt;
  return environment_variable({"SSH_ASKPASS"});
}

}  // namespace

CredentialSources::CredentialSources(asio::io_context& loop, const std::string& auth_file)
    : loop_(loop) {
  if (auth_file.empty()) return;
  file_ = read_private_file(auth_file);
  find_credentials(file_, {});  // what is wrong with it is told before it is needed
}

asio::awaitable<std::optional<Credentials>> CredentialSources::find(
    const Proxy& proxy, std::chrono::steady_clock::time_point deadline) {
  if (proxy.user && proxy.password) co_return Credentials{*proxy.user, *proxy.password};
  if (auto found = find_credentials(file_, proxy)) co_return found;
  const auto user = proxy.user ? proxy.user : environment_variable({"GLADHAND_PROXY_USER"});
  if (!user) co_return std::nullopt;
  auto password = environment_variable({"GLADHAND_PROXY_PASSWORD"});
  if (!password)
    password = co_await ask_user(
        "Password of " + printable(*user) + " for " + to_string(proxy) + ": ", deadline);
  if (!password) co_return std::nullopt;
  co_return Credentials{*user, *password};
}

asio::awaitable<std::optional<std::string>> CredentialSources::ask_user(
    const std::string& prompt, std::chrono::steady_clock::time_point deadline) {
  using namespace asio::experimental::awaitable_operators;
  const auto program = askpass_program();
  if (!program) co_return std::nullopt;
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    throw Error(ExitStatus::not_handed_over, "pipe: " + system_words(errno));
  asio::posix::stream_descriptor output(loop_, ends[0]);
  UniqueFd input(ends[1]);
  const Command command(loop_, {*program, prompt}, {}, input.get());
  input = UniqueFd();
  std::string answer;
  std::error_code end;
  asio::steady_timer timer(loop_, deadline);
  const auto first = co_await (asio::async_read(output,
                                                asio::dynamic_buffer(answer, 4096),
                                                asio::redirect_error(asio::use_awaitable, end)) ||
                               timer.async_wait(asio::use_awaitable));
  if (first.index() != 0) co_return std::nullopt;
  answer.erase(std::min(answer.find_first_of("\r\n"), answer.size()));
  if (answer.empty()) co_return std::nullopt;  // the user would not say
  co_return answer;
}

}  // namespace gladhand
