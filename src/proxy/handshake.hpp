// Handshake: what is said to a proxy or a multiplexer before the connection is ssh's. Pure
// machines: they are told what the peer has sent, say what to send, and own no socket. The server's
// first words may share a segment with the peer's last: a machine says exactly which bytes were its
// own.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gladhand/endpoint.hpp"
#include "proxy/proxy.hpp"

namespace gladhand {

/// Whom a proxy is to connect to: an address, or a name that the proxy resolves.
struct Destination {
  std::optional<Endpoint> address;  ///< with its port
  std::string name;                 ///< where there is no address
  std::uint16_t port = 0;           ///< likewise
};

class Handshake {
 public:
  enum class State : std::uint8_t {
    talking,
    done,                  ///< what comes next is the target's
    wants_credentials,     ///< provide() them, here and now
    wants_new_connection,  ///< with credentials, told to a new machine on a new connection
    failed,                ///< see failure()
  };

  /// What of the request a failure is down to, where the peer has said so: with another of it the
  /// next request may do better.
  enum class Blame : std::uint8_t { nothing, destination, credentials };

  virtual ~Handshake() = default;

  State state() const { return state_; }

  /// Why it failed, in words: what the peer said, printable and bounded.
  const std::string& failure() const { return failure_; }

  /// What is likely to help then; empty where nothing is known to.
  const std::string& hint() const { return hint_; }

  /// From now on failures have none of the peer's own words: it has been told a password, and may
  /// repeat it in any code. A machine that tells credentials sees to it itself.
  void withhold_words() { words_are_withheld_ = true; }

  Blame blame() const { return blame_; }

  /// Takes what is to be sent now, in the beginning and after each call of the others.
  std::string take_output();

  /// Tells `bytes`, the next that the peer has sent, as many as are there; returns how many of them
  /// belong to the handshake. Only those may be taken from the socket. The rest is to be told
  /// again, with what follows it, if it goes on. Zero with State::talking, which only the
  /// multiplexer of a virtual machine comes to: more than these is needed to tell.
  virtual std::size_t receive(std::string_view bytes) = 0;

  /// Tells that the peer has ended the connection: a failure, unless the proxy has said by then
  /// that it wants credentials and can be asked again.
  virtual void end();

  /// How long the peer may take until silence() is to be told; empty: as long as there is time.
  virtual std::optional<std::chrono::milliseconds> patience() const { return std::nullopt; }

  /// Tells that the peer has not said enough in that time.
  virtual void silence() {}

  /// Answers wants_credentials.
  virtual void provide(const Credentials& credentials);

  /// With wants_new_connection: what the new machine is to be told as its Introduction::challenge.
  virtual std::string challenge() const { return {}; }

 protected:
  void send(std::string_view bytes) { output_ += bytes; }
  void become(State state) { state_ = state; }
  void fail(std::string_view why, std::string_view hint = "");
  bool words_are_withheld() const { return words_are_withheld_; }
  void blame(Blame what) { blame_ = what; }

 private:
  State state_ = State::talking;
  std::string output_;
  std::string failure_;
  std::string hint_;
  Blame blame_ = Blame::nothing;
  bool words_are_withheld_ = false;
};

/// Whether `scheme` has words for the destination: SOCKS4 has none for IPv6, and only 4a, 5h and
/// http take a name; a zone is nobody's but this machine's.
bool can_ask_for(ProxyScheme scheme, const Destination& destination);

/// Whether credentials could be provided, were a proxy to ask for them. SOCKS5 offers them before
/// it is asked, and some proxies insist on what is offered.
enum class Identification : std::uint8_t { possible, impossible };

/// What a proxy is told of who asks.
struct Introduction {
  std::optional<Credentials> credentials{};  ///< told as soon as the protocol allows
  Identification identification = Identification::possible;
  std::string challenge{};            ///< the last machine's, where it had one
  std::string nonce{};                ///< the client's own part of a Digest: new each time
  std::vector<std::string> fields{};  ///< more of a request over HTTP, as read_field() has them
};

/// Asks a proxy for a connection. Without credentials the machine asks for them where the proxy
/// does.
std::unique_ptr<Handshake> ask_proxy(ProxyScheme scheme,
                                     const Destination& destination,
                                     Introduction introduction = {});

/// Hears from the program that speaks TLS with a proxy, before anything else can be said: one line,
/// empty once TLS stands and the certificate is the proxy's; "0xHH", the first octet of a proxy that
/// speaks no TLS; or why there is none and what is likely to help, a tab between.
std::unique_ptr<Handshake> hear_of_tls();

/// A field that the user adds to requests: "Name: value" [RFC 9110 §5.5]. Throws UsageError, which
/// shows no value, for what is none or would end the request early or change what it asks for.
std::string read_field(std::string_view text);

/// Asks a TCP port service multiplexer for a service by its name [RFC 1078].
std::unique_ptr<Handshake> ask_tcpmux(std::string_view service);

/// Asks the multiplexer of a virtual machine (Firecracker, Cloud Hypervisor) for a port of its
/// guest: "CONNECT port", answered by "OK number", by the guest at once, or by nobody: after five
/// seconds without a word, as systemd-ssh-proxy(1) waits, the way is taken for open.
std::unique_ptr<Handshake> ask_vsock_mux(std::uint32_t port);

}  // namespace gladhand
