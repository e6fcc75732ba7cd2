// The multiplexer of a virtual machine's sockets, as Firecracker and Cloud Hypervisor have it. Some
// answer "OK number", some connect at once without a word. What the guest says may begin like an
// answer: nothing is taken before the last byte proves that it is one.
#include <algorithm>

#include "proxy/handshake.hpp"

namespace gladhand {

namespace {

constexpr std::string_view greeting = "OK ";
constexpr std::size_t most_digits = 10;  // of a 32-bit number

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

class VsockMux final : public Handshake {
 public:
  explicit VsockMux(std::uint32_t port) : port_(port) {
    send("CONNECT " + std::to_string(port) + '\n');
  }

  std::size_t receive(std::string_view bytes) override {
    if (state() != State::talking || bytes.empty()) return 0;
    in_answer_ = true;
    const std::size_t common = std::min(bytes.size(), greeting.size());
    if (bytes.substr(0, common) != greeting.substr(0, common)) return leave_to_guest();
    const std::string_view rest = bytes.substr(common);
    const auto digits = static_cast<std::size_t>(
        std::find_if_not(rest.begin(), rest.end(), is_digit) - rest.begin());
    if (digits > most_digits) return leave_to_guest();
    if (digits == rest.size()) return 0;
    if (digits == 0 || rest[digits] != '\n') return leave_to_guest();
    become(State::done);
    return common + digits + 1;
  }

  // What it is about to say then, if anything, ssh passes over in front of a banner.
  std::optional<std::chrono::milliseconds> patience() const override {
    return std::chrono::seconds(5);
  }

  void silence() override {
    if (state() == State::talking) become(State::done);
  }

  void end() override {
    if (state() != State::talking) return;
    fail(in_answer_ ? "closed the connection in the middle of its answer"
                    : "port " + std::to_string(port_) + " of the machine is not open");
  }

 private:
  std::size_t leave_to_guest() {
    become(State::done);
    return 0;
  }

  std::uint32_t port_;
  bool in_answer_ = false;
};

}  // namespace

std::unique_ptr<Handshake> ask_vsock_mux(std::uint32_t port) {
  return std::make_unique<VsockMux>(port);
}

}  // namespace gladhand
