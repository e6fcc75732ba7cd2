// What the machines of the handshakes share, and how they are made.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/handshake.hpp"

namespace gladhand {

/// A machine that takes one byte at a time, for answers whose end is known by their last byte: how
/// they are split cannot matter, and nothing has to be told twice.
class ByteHandshake : public Handshake {
 public:
  std::size_t receive(std::string_view bytes) override;
  void end() override;

 protected:
  /// Called in State::talking only.
  virtual void take(unsigned char byte) = 0;

  /// Sends what the peer's next bytes answer; `name` is for failures, of static storage.
  void ask(std::string_view bytes, std::string_view name = "");

  /// Only the peer's first words tell what it speaks instead.
  enum class Words : std::uint8_t { first, later };

  /// Fails because an answer in `protocol` cannot begin with `byte`.
  void fail_as_another(std::string_view protocol, unsigned char byte, Words words = Words::first);

  /// True from the first byte of an answer until the next question.
  bool in_answer() const { return in_answer_; }

 private:
  bool in_answer_ = false;
  std::string_view question_;
};

/// In network order, as SOCKS has them: 4 or 16 bytes, and 2.
std::string address_bytes(const Endpoint& address);
std::string port_bytes(std::uint16_t port);

/// "0x5b"
std::string hexadecimal(unsigned char byte);

/// What an answer is by its first bytes where it is not the protocol that was asked in: "HTTP",
/// "TLS"; empty: nothing known.
struct Guess {
  std::string_view protocol{};
  std::string_view hint{};
};
Guess guess_protocol(std::string_view beginning);

/// ", as HTTP does"; empty for no protocol.
std::string as_does(std::string_view protocol);

/// Those three take what can_ask_for allows.
std::unique_ptr<Handshake> ask_socks4(const Destination& destination,
                                      const std::optional<Credentials>& credentials);
std::unique_ptr<Handshake> ask_socks5(const Destination& destination,
                                      std::optional<Credentials> credentials,
                                      Identification identification);
std::unique_ptr<Handshake> ask_http(const Destination& destination,
                                    const Introduction& introduction);

}  // namespace gladhand
