// What the program that speaks TLS with a proxy says about it. It is ours, and so are its words:
// those of the proxy are not among them.
#include <algorithm>
#include <charconv>

#include "proxy/handshakes.hpp"

namespace gladhand {

namespace {

class TlsWord final : public ByteHandshake {
 public:
  void end() override {
    if (state() == State::talking) fail("gladhand-tls has ended without a word");
  }

 private:
  void take(unsigned char byte) override {
    constexpr std::size_t longest_line = 1024;
    if (byte == '\n') return read_line();
    if (line_.size() == longest_line) return fail("gladhand-tls says too much");
    line_ += static_cast<char>(byte);
  }

  void read_line() {
    if (line_.empty()) return become(State::done);
    const std::string_view line = line_;
    if (line.starts_with("0x")) return fail_without_tls(line.substr(2));
    const std::size_t tab = std::min(line.find('\t'), line.size());
    fail(line.substr(0, tab), line.substr(std::min(tab + 1, line.size())));
  }

  void fail_without_tls(std::string_view digits) {
    unsigned char first = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), first, 16);
    const char octet = static_cast<char>(first);
    const Guess guess = guess_protocol({&octet, 1});
    fail("speaks no TLS" + as_does(guess.protocol), guess.hint);
  }

  std::string line_;
};

}  // namespace

std::unique_ptr<Handshake> hear_of_tls() {
  return std::make_unique<TlsWord>();
}

}  // namespace gladhand
