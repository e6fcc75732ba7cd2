// SOCKS4 and SOCKS4A: one request, one answer of eight bytes. Identification is a user's name
// alone.
#include "proxy/handshakes.hpp"

namespace gladhand {

namespace {

constexpr char version = 4;
constexpr char connect_command = 1;
constexpr unsigned char granted = 0x5a;
constexpr unsigned char rejected = 0x5b;
constexpr int answer_size = 8;

std::string describe(unsigned char code) {
  const std::string number = " (SOCKS4 reply " + hexadecimal(code) + ')';
  switch (code) {
    case rejected: return "request rejected or failed" + number;
    case 0x5c: return "request rejected: the proxy cannot reach identd on this machine" + number;
    case 0x5d: return "request rejected: identd on this machine names another user" + number;
    default: return "request rejected for an unknown reason" + number;
  }
}

class Socks4 final : public ByteHandshake {
 public:
  Socks4(const Destination& destination, const std::string& user) {
    if (const auto fault = fault_of(ProxyScheme::socks4, {user, ""}); !fault.empty()) {
      fail(fault);
      return;
    }
    const auto& address = destination.address;
    std::string request = {version, connect_command};
    request += port_bytes(address ? address->port() : destination.port);
    request += address ? address_bytes(*address) : std::string("\0\0\0\1", 4);
    request += user + '\0';
    if (!address) request += destination.name + '\0';
    ask(request);
  }

  // Some proxies have no other word for a destination that they cannot reach.
  void end() override {
    if (taken_ == 0) blame(Blame::destination);
    ByteHandshake::end();
  }

 private:
  void take(unsigned char byte) override {
    ++taken_;
    // 0 by the protocol's text, but some servers repeat the request's 4; nobody is served by being
    // stricter than nc(1), which looks at the code alone.
    if (taken_ == 1 && byte != 0 && byte != version) return fail_as_another("SOCKS4", byte);
    if (taken_ == 2 && byte == rejected) blame(Blame::destination);
    if (taken_ == 2 && byte != granted) return fail(describe(byte));
    if (taken_ == answer_size) become(State::done);  // port and address are meant for BIND
  }

  int taken_ = 0;
};

}  // namespace

std::unique_ptr<Handshake> ask_socks4(const Destination& destination,
                                      const std::optional<Credentials>& credentials) {
  return std::make_unique<Socks4>(destination, credentials ? credentials->user : std::string());
}

}  // namespace gladhand
