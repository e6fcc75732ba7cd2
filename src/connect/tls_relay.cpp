#include "connect/tls_relay.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <utility>
#include <vector>

#include "connect/route.hpp"
#include "gladhand/error.hpp"
#include "gladhand/target.hpp"
#include "sys/file.hpp"
#include "sys/process.hpp"

namespace gladhand {

namespace {

constexpr std::string_view program_name = "gladhand-tls";

std::string folder_of_this_program() {
  std::array<char, 4096> path;
  const ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size());
  if (length <= 0) return "";
  const std::string_view whole(path.data(), static_cast<std::size_t>(length));
  return std::string(whole.substr(0, whole.rfind('/')));
}

// As certificates have it: no zone, and no final dot.
std::string name_of(const Proxy& proxy) {
  const Target target = target_of(proxy);
  std::string name = target.literal ? to_string(*target.literal) : target.name;
  name.erase(std::min(name.find('%'), name.size()));
  if (name.ends_with('.')) name.pop_back();
  return name;
}

}  // namespace

std::string find_tls_program() {
  for (const std::string& folder : {folder_of_this_program(), std::string(GLADHAND_LIBEXECDIR)}) {
    std::string program = folder + '/' + std::string(program_name);
    if (!folder.empty() && ::access(program.c_str(), X_OK) == 0) return program;
  }
  return "";
}

void check_authorities(const std::string& file) {
  if (file.empty() || file == "-") throw UsageError("--proxy-ca names no file");
  if (read_input(file, "--proxy-ca").find("-----BEGIN ") == std::string::npos)
    throw UsageError("--proxy-ca " + printable(file) + ": no certificate (PEM) in it");
}

Result<UniqueFd> start_tls(const Proxy& proxy, const std::string& authorities, int transport) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return Error(ExitStatus::not_handed_over, "socketpair: " + system_words(errno));
  UniqueFd ours(ends[0]);
  const UniqueFd theirs(ends[1]);
  ::fcntl(ours.get(), F_SETFL, O_RDWR | O_NONBLOCK);  // of this end alone
  std::vector<std::string> words = {find_tls_program(), name_of(proxy)};
  if (!authorities.empty()) words.push_back(authorities);
  if (words[0].empty()) words[0] = program_name;
  if (auto failure = start_detached_process(words, {.in = theirs.get(), .out = transport}))
    return std::move(*failure);
  return ours;
}

}  // namespace gladhand
