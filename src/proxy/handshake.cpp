#include "proxy/handshake.hpp"

#include <algorithm>
#include <utility>

#include "gladhand/error.hpp"
#include "proxy/handshakes.hpp"

namespace gladhand {

std::string Handshake::take_output() {
  return std::exchange(output_, {});
}

void Handshake::end() {
  if (state_ == State::talking || state_ == State::wants_credentials)
    fail("closed the connection before it answered");
}

void Handshake::provide(const Credentials& /*credentials*/) {}

void Handshake::fail(std::string_view why, std::string_view hint) {
  state_ = State::failed;
  failure_ = printable(why);
  hint_ = hint;
  output_.clear();
}

std::size_t ByteHandshake::receive(std::string_view bytes) {
  std::size_t taken = 0;
  while (state() == State::talking && taken < bytes.size()) {
    in_answer_ = true;
    take(static_cast<unsigned char>(bytes[taken++]));
  }
  return taken;
}

void ByteHandshake::end() {
  if (state() != State::talking && state() != State::wants_credentials) return;
  std::string why = "closed the connection ";
  why += in_answer_ ? "in the middle of its answer" : "before it answered";
  if (!question_.empty()) why += (in_answer_ ? " to " : " ") + std::string(question_);
  fail(why);
}

void ByteHandshake::ask(std::string_view bytes, std::string_view name) {
  send(bytes);
  question_ = name;
  in_answer_ = false;
}

void ByteHandshake::fail_as_another(std::string_view protocol, unsigned char byte, Words words) {
  const char beginning = static_cast<char>(byte);
  const Guess guess = words == Words::first ? guess_protocol({&beginning, 1}) : Guess{};
  fail("speaks no " + std::string(protocol) + ": its answer begins with " + hexadecimal(byte) +
           as_does(guess.protocol),
       guess.hint);
}

std::string address_bytes(const Endpoint& address) {
  const in6_addr mapped = address.mapped();
  const auto* bytes = reinterpret_cast<const char*>(mapped.s6_addr);
  return address.family() == Family::ipv4 ? std::string(bytes + 12, 4) : std::string(bytes, 16);
}

std::string port_bytes(std::uint16_t port) {
  return {static_cast<char>(port >> 8), static_cast<char>(port & 0xff)};
}

std::string hexadecimal(unsigned char byte) {
  constexpr std::string_view digits = "0123456789abcdef";
  return {'0', 'x', digits[byte >> 4], digits[byte & 0x0f]};
}

Guess guess_protocol(std::string_view beginning) {
  if (beginning.empty()) return {};
  switch (beginning[0]) {
    case '\x04': return {"SOCKS4", "a SOCKS4 proxy is given as socks4a://HOST:PORT"};
    case '\x05': return {"SOCKS5", "a SOCKS5 proxy is given as socks5h://HOST:PORT"};
    case '\x15':
    case '\x16': return {"TLS", "a proxy over TLS is given as https://HOST:PORT"};
    case 'H': return {"HTTP", "an HTTP proxy is given as http://HOST:PORT"};
    case 'S': return {"SSH", "an SSH server is no proxy: without --proxy it is dialled itself"};
    default: return {};
  }
}

std::string as_does(std::string_view protocol) {
  return protocol.empty() ? "" : ", as " + std::string(protocol) + " does";
}

namespace {

// What a URL's authority, a request line and a C string at the other side hold without damage.
bool is_plain_name(std::string_view name) {
  constexpr std::size_t longest = 255;  // the length is one octet in SOCKS5
  return !name.empty() && name.size() <= longest && std::ranges::all_of(name, [](char c) {
    return c > 0x20 && c < 0x7f && std::string_view("%:/?#[]@\\").find(c) == std::string_view::npos;
  });
}

bool takes_names(ProxyScheme scheme) {
  return scheme == ProxyScheme::socks4a || scheme == ProxyScheme::socks5h ||
         speaks_http(scheme);
}

// Where it has 0.0.0.x, the proxy reads a name behind the user [SOCKS 4A].
bool fits_socks4(const Endpoint& address) {
  return address.family() == Family::ipv4 && !address_bytes(address).starts_with({"\0\0\0", 3});
}

class Refusal final : public Handshake {
 public:
  explicit Refusal(std::string_view why) { fail(why); }
  std::size_t receive(std::string_view /*bytes*/) override { return 0; }
};

}  // namespace

bool can_ask_for(ProxyScheme scheme, const Destination& destination) {
  if (!destination.address) return takes_names(scheme) && is_plain_name(destination.name);
  const Endpoint& address = *destination.address;
  if (!address.family() || address.scope() != 0) return false;
  const bool socks4 = scheme == ProxyScheme::socks4 || scheme == ProxyScheme::socks4a;
  return !socks4 || fits_socks4(address);
}

std::unique_ptr<Handshake> ask_proxy(ProxyScheme scheme,
                                     const Destination& destination,
                                     Introduction introduction) {
  if (!can_ask_for(scheme, destination))
    return std::make_unique<Refusal>(std::string(to_string(scheme)) +
                                     " has no words for this destination");
  switch (scheme) {
    case ProxyScheme::socks4:
    case ProxyScheme::socks4a: return ask_socks4(destination, introduction.credentials);
    case ProxyScheme::socks5:
    case ProxyScheme::socks5h:
      return ask_socks5(
          destination, std::move(introduction.credentials), introduction.identification);
    case ProxyScheme::http:
    case ProxyScheme::https: break;
  }
  return ask_http(destination, introduction);
}

}  // namespace gladhand
