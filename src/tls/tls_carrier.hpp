// TlsCarrier: carries bytes between a socket of this machine and a TLS session, until the
// connection is over.
//
// As the relay of src/handover has it, each direction ends for itself: an end of file here becomes
// TLS's end there, after all that was said before it, and the other way round. What has nobody left
// to read it, or to say more, is given `carrier_linger` without a move.
#pragma once

#include <chrono>
#include <string_view>
#include <vector>

#include "tls/tls_session.hpp"

namespace gladhand {

constexpr std::chrono::seconds carrier_linger{5};

class TlsCarrier {
 public:
  /// Neither descriptor blocks; both stay the caller's. `session` is over `transport`.
  TlsCarrier(TlsSession& session, int transport, int plain);

  void run();

 private:
  bool running() const { return !sent_end_ || !received_end_; }
  bool send();
  bool receive();
  bool take_plain();
  void forget(std::size_t sent);
  bool say_end();
  bool give_plain();
  bool has_moved(TlsSession::Step step, TlsSession::Step& wish);
  bool wait();
  bool may_rest() const;
  void lose_plain();

  TlsSession& session_;
  int transport_;
  int plain_;
  std::vector<char> up_;
  std::vector<char> down_;
  std::string_view unsent_{};       // of up_
  std::string_view undelivered_{};  // of down_
  std::size_t forgotten_ = 0;       // of all that was sent
  bool plain_ended_ = false;        // it says no more
  bool plain_gone_ = false;         // nor does it read
  bool sent_end_ = false;
  bool session_ended_ = false;
  bool received_end_ = false;
  TlsSession::Step write_wish_ = TlsSession::Step::done;
  TlsSession::Step read_wish_ = TlsSession::Step::done;
};

}  // namespace gladhand
