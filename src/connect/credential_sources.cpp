#include "connect/credential_sources.hpp"

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
#include <cstring>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/unique_fd.hpp"
#include "gladhand/error.hpp"
#include "sys/command.hpp"
#include "sys/environment.hpp"
#include "sys/file.hpp"

namespace gladhand {

namespace {

using Clock = std::chrono::steady_clock;

std::string read_private_file(const std::string& path) {
  const auto fail = [&path](const std::string& why) {
    throw UsageError("--proxy-auth-file " + printable(path) + ": " + why);
  };
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) != 0) fail(system_words(errno));
  if (!S_ISREG(status.st_mode)) fail("not a file");
  if (status.st_uid != ::geteuid() && status.st_uid != 0) fail("another user owns it");
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    fail("others than its owner may use it (chmod 600 it)");
  std::string text;
  if (!read_all(fd.get(), text)) fail(system_words(errno));
  return text;
}

void wipe(std::string& text) {
  ::explicit_bzero(text.data(), text.size());
}

// As ssh does it: a display is needed, unless SSH_ASKPASS_REQUIRE says otherwise [ssh(1)].
std::optional<std::string> askpass_program() {
  const std::string require = environment_variable({"SSH_ASKPASS_REQUIRE"}).value_or("");
  const bool display = environment_variable({"DISPLAY", "WAYLAND_DISPLAY"}).has_value();
  if (require == "never" || (!display && require != "force")) return std::nullopt;
  return environment_variable({"SSH_ASKPASS"});
}

// With no password where the user must be asked for it.
struct Known {
  std::optional<std::string> user;
  std::optional<std::string> password;
};

// Read once, and wiped where it was.
Known& environment_login() {
  static Known login = {take_environment_variable("GLADHAND_PROXY_USER"),
                        take_environment_variable("GLADHAND_PROXY_PASSWORD")};
  return login;
}

Known known_of(const Proxy& proxy, const std::string& file, EnvironmentLogin environment) {
  if (proxy.user && proxy.password) return {proxy.user, proxy.password};
  if (const auto found = find_credentials(file, proxy)) return {found->user, found->password};
  if (environment == EnvironmentLogin::for_another) return {proxy.user, {}};
  const Known& login = environment_login();
  return {proxy.user ? proxy.user : login.user, login.password};
}

std::string prompt_for(const std::string& user, const Proxy& proxy) {
  return "Password of " + printable(user) + " for " + to_string(proxy) + ": ";
}

// The first line of what the program prints. One that fails says nothing, whatever it has printed.
asio::awaitable<std::optional<std::string>> read_answer(Command& program,
                                                        asio::posix::stream_descriptor& output) {
  std::string answer;
  std::error_code end;
  co_await asio::async_read(
      output, asio::dynamic_buffer(answer, 4096), asio::redirect_error(asio::use_awaitable, end));
  const int status = co_await program.wait();
  answer.erase(std::min(answer.find_first_of("\r\n"), answer.size()));
  if (status != 0 || answer.empty()) co_return std::nullopt;
  co_return answer;
}

// Empty when the user would not say, or not until `deadline`.
asio::awaitable<Result<std::optional<std::string>>> ask_user(asio::io_context& loop,
                                                             std::string asked_by,
                                                             std::string prompt,
                                                             Clock::time_point deadline) {
  using namespace asio::experimental::awaitable_operators;
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    co_return Error(ExitStatus::not_handed_over, "pipe: " + system_words(errno));
  asio::posix::stream_descriptor output(loop, ends[0]);
  UniqueFd input(ends[1]);
  const std::vector<std::string> words = {std::move(asked_by), std::move(prompt)};
  const auto program = Command::start(loop, words, {}, input.get());
  if (!program) co_return program.error();
  input = UniqueFd();
  asio::steady_timer timer(loop, deadline);
  auto first = co_await (read_answer(**program, output) || timer.async_wait(asio::use_awaitable));
  if (first.index() != 0) co_return std::nullopt;
  co_return std::get<0>(std::move(first));
}

// Tells who waits for the same answer, in thousands of dials perhaps, that it is there or will not
// be.
class Asking {
 public:
  Asking(CredentialSources::Questions& all, std::string prompt, asio::io_context& loop)
      : all_(all), prompt_(std::move(prompt)) {
    all_[prompt_] = std::make_shared<asio::steady_timer>(loop, Clock::time_point::max());
  }
  ~Asking() {
    all_[prompt_]->cancel();
    all_.erase(prompt_);
  }
  Asking(const Asking&) = delete;
  Asking& operator=(const Asking&) = delete;

 private:
  CredentialSources::Questions& all_;
  std::string prompt_;
};

// Who asks has begun before, and gives up at a deadline of its own.
asio::awaitable<void> answer_to(std::shared_ptr<asio::steady_timer> question) {
  std::error_code answered;
  co_await question->async_wait(asio::redirect_error(asio::use_awaitable, answered));
}

}  // namespace

void take_environment_login() {
  environment_login();
}

void forget_environment_login() {
  Known& login = environment_login();
  for (auto* text : {&login.user, &login.password}) {
    if (*text) wipe(**text);
    text->reset();
  }
}

Credentials CredentialSources::tell(Credentials credentials) {
  told_ = true;
  return credentials;
}

bool CredentialSources::has_environment_password() const {
  return environment_login().password.has_value();
}

CredentialSources::CredentialSources(const std::string& auth_file) {
  if (auth_file.empty()) return;
  file_ = read_private_file(auth_file);
  find_credentials(file_, {});  // what is wrong with it is told before it is needed
}

CredentialSources::~CredentialSources() {
  wipe(file_);
  for (auto& [prompt, password] : passwords_)
    if (password) wipe(*password);
}

std::optional<Credentials> CredentialSources::known(const Proxy& proxy,
                                                    EnvironmentLogin environment) const {
  const Known known = known_of(proxy, file_, environment);
  if (!known.user) return std::nullopt;
  if (known.password) return Credentials{*known.user, *known.password};
  const auto answer = passwords_.find(prompt_for(*known.user, proxy));
  if (answer == passwords_.end() || !answer->second) return std::nullopt;
  return Credentials{*known.user, *answer->second};
}

asio::awaitable<Result<std::optional<Credentials>>> CredentialSources::find(
    asio::io_context& loop, Proxy proxy, EnvironmentLogin environment, Clock::time_point deadline) {
  const Known known = known_of(proxy, file_, environment);
  if (!known.user) co_return std::nullopt;
  if (known.password) co_return tell({*known.user, *known.password});
  const auto program = askpass_program();
  if (!program) co_return std::nullopt;
  const std::string prompt = prompt_for(*known.user, proxy);
  while (asking_.contains(prompt)) co_await answer_to(asking_.at(prompt));
  if (!passwords_.contains(prompt)) {
    const Asking asking(asking_, prompt, loop);
    auto answer = co_await ask_user(loop, *program, prompt, deadline);
    if (!answer) co_return answer.error();
    passwords_[prompt] = std::move(*answer);
  }
  const auto& password = passwords_[prompt];
  if (!password) co_return std::nullopt;
  co_return tell({*known.user, *password});
}

}  // namespace gladhand
