#include "bench/one_dial.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <exception>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>

#include "base/first_words.hpp"
#include "bench/first_line.hpp"
#include "gladhand/error.hpp"
#include "sys/limits.hpp"
#include "sys/read_transport_facts.hpp"

namespace gladhand {

namespace {

using Clock = std::chrono::steady_clock;

void close_with_reset(UniqueFd fd) {
  const linger none{1, 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &none, sizeof(none));
}

// As much of the line as tells a refusal of sshd's; of any other nothing.
std::string only_the_refusal(std::string line) {
  if (!refusal_of_sshd(line)) return "";
  while (refusal_of_sshd(std::string_view(line).substr(0, line.size() - 1))) line.pop_back();
  return line;
}

// Nobody waits for what it brings: the connection ends here.
void identify(int fd, const std::string& as) {
  const std::string line = as + "\r\n";
  [[maybe_unused]] const auto sent =
      ::send(fd, line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

}  // namespace

asio::awaitable<void> make_dial(asio::io_context& loop,
                                asio::awaitable<DialResult> dialling,
                                const AfterDial& after,
                                Clock::time_point deadline,
                                Moment patience,
                                SampleBuilder& builder,
                                Recorder& recorder) {
  std::optional<DialConnection> connection;
  try {
    DialResult result = co_await std::move(dialling);
    if (auto* made = std::get_if<DialConnection>(&result)) connection = std::move(*made);
  } catch (const std::exception& error) {
    recorder.end(DialFailure{Error(ExitStatus::not_handed_over, error.what())});
  }
  if (connection) {
    recorder.end();
    builder.set_transport(transport_facts(connection->socket.get()));
  }
  // A question that could not be asked is told as one without an answer.
  if (builder.outcome() == SampleOutcome::no_address)
    if (const auto shortage = shortage_of_descriptors()) builder.set_own_limit(*shortage);
  if (!connection) co_return;
  if (after.until_banner) {
    BannerResult banner = co_await read_first_line(loop,
                                                   connection->socket.get(),
                                                   recorder.began(),
                                                   std::max(deadline, Clock::now() + patience));
    // Whoever has let it through knows a password, and may repeat it in any code.
    if (after.credentials && after.credentials->told()) banner.line = only_the_refusal(banner.line);
    builder.set_banner(banner);
  }
  if (!after.identification.empty()) identify(connection->socket.get(), after.identification);
  if (after.reset) close_with_reset(std::move(connection->socket));
}

}  // namespace gladhand
