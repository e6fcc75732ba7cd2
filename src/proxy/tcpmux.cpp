// TCPMUX [RFC 1078]: the service's name, answered by one line that begins with '+' or '-'.
#include <algorithm>

#include "gladhand/error.hpp"
#include "proxy/handshakes.hpp"

namespace gladhand {

namespace {

constexpr std::size_t longest_line = 512;

bool is_service_name(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

class Tcpmux final : public ByteHandshake {
 public:
  explicit Tcpmux(std::string_view service) {
    if (is_service_name(service))
      ask(std::string(service) + "\r\n");
    else
      fail("a TCPMUX service has a name of printable characters without blanks");
  }

 private:
  void take(unsigned char byte) override {
    if (byte == '\n') return read_line();
    if (line_.size() == longest_line)
      return fail_with_words("answered a line of more than " + std::to_string(longest_line) +
                             " octets");
    line_ += static_cast<char>(byte);
  }

  void read_line() {
    if (line_.ends_with('\r')) line_.pop_back();
    if (line_.starts_with('+')) return become(State::done);
    if (!line_.starts_with('-'))
      return fail("speaks no TCPMUX" +
                  (words_are_withheld() ? "" : ": it answered " + in_quotes(line_)));
    line_.erase(0, 1);
    fail_with_words("the service is refused");
  }

  void fail_with_words(const std::string& what) {
    fail(what + (words_are_withheld() || line_.empty() ? "" : ": " + line_));
  }

  std::string line_;
};

}  // namespace

std::unique_ptr<Handshake> ask_tcpmux(std::string_view service) {
  return std::make_unique<Tcpmux>(service);
}

}  // namespace gladhand
