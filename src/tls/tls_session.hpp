// TlsSession: the client's side of TLS over a connected socket. It goes nowhere without a
// certificate for the right name, from an authority that is trusted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

struct ssl_ctx_st;
struct ssl_st;

namespace gladhand {

/// Why there is no TLS, and what is likely to help.
struct TlsFailure {
  std::string why;
  std::string hint{};
};

class TlsSession {
 public:
  enum class Step : std::uint8_t { done, wants_read, wants_write, ended, failed };

  /// What a read or a write has moved; with anything but Step::done nothing.
  struct Moved {
    Step step{};
    std::size_t bytes = 0;
  };

  /// Over `socket`, which does not block and stays the caller's. `name` is who must be at its other
  /// end, a name or an address; `authorities` a file of certificates (PEM) that alone are trusted,
  /// or empty: the system's.
  TlsSession(int socket, const std::string& name, const std::string& authorities);
  ~TlsSession();

  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  /// A step of the handshake. The first says something and takes nothing: what the other side
  /// answers to that can be looked at.
  Step shake_hands();

  /// After Step::failed of the handshake.
  TlsFailure failure() const;

  /// Step::ended: the other side says no more, by TLS's own end or by TCP's alone: those who must
  /// tell them apart speak a protocol that does, as SSH is.
  Moved read(std::span<char> into);
  Moved write(std::string_view bytes);

  /// Tells the other side that nothing more comes. Reading goes on.
  Step end();

  /// "OpenSSL 3.0.19 27 Jan 2026".
  static std::string library();

 private:
  Step connect();
  Step step_of(int result) const;

  struct Free {
    void operator()(ssl_ctx_st* it) const;
    void operator()(ssl_st* it) const;
  };
  int socket_;
  std::string name_;
  bool has_own_authorities_;
  bool listens_ = false;
  std::optional<TlsFailure> fault_{};  // found before anything was said
  std::unique_ptr<ssl_ctx_st, Free> context_{};
  std::unique_ptr<ssl_st, Free> session_{};
};

}  // namespace gladhand
