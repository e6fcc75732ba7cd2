#include "apps/last_words.hpp"

#include <signal.h>
#include <unistd.h>

#include <array>
#include <asio/error.hpp>
#include <chrono>
#include <cstring>
#include <new>
#include <string_view>
#include <system_error>

#include "sys/file.hpp"

namespace gladhand {

namespace {

const char* name = "";

constexpr const char* no_memory = "not enough memory";

// Takes no memory: there may be none.
[[noreturn]] void say_and_leave() noexcept {
  const char* why = "an error of its own";
  try {
    if (const auto error = std::current_exception()) std::rethrow_exception(error);
  } catch (const std::bad_alloc&) {
    why = no_memory;
  } catch (const std::exception& error) {
    why = error.what();
  } catch (...) {
  }
  std::array<char, 512> line{};
  std::size_t size = 0;
  for (const std::string_view part : {std::string_view(name),
                                      std::string_view(": "),
                                      std::string_view(why).substr(0, 400),
                                      std::string_view("\n")})
    size += part.copy(line.data() + size, line.size() - size);
  write_in_time(STDERR_FILENO, {line.data(), size}, std::chrono::milliseconds(100));
  ::_exit(static_cast<int>(ExitStatus::not_handed_over));
}

// "poll: Cannot allocate memory" in our words.
std::string words_of(const std::system_error& error) {
  const std::string_view whole = error.what();
  const std::string theirs = error.code().message();
  if (!whole.ends_with(theirs)) return std::string(whole);
  return std::string(whole.substr(0, whole.size() - theirs.size())) +
         system_words(error.code().value());
}

}  // namespace

Error to_error(const std::exception& error) {
  if (const auto* ours = dynamic_cast<const Error*>(&error)) return *ours;
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr)
    return {ExitStatus::not_handed_over, no_memory};
  const auto* system = dynamic_cast<const std::system_error*>(&error);
  const bool has_errno =
      system != nullptr && (system->code().category() == std::system_category() ||
                            system->code().category() == std::generic_category() ||
                            system->code().category() == asio::error::get_system_category());
  return {ExitStatus::not_handed_over, has_errno ? words_of(*system) : error.what()};
}

void end_in_order(const char* program) {
  name = program;
  std::set_terminate(say_and_leave);
  ::signal(SIGXFSZ, SIG_IGN);
}

}  // namespace gladhand
