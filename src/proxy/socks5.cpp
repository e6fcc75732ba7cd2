// SOCKS5 [RFC 1928], with user and password [RFC 1929] where the proxy wants them. Three questions:
// which method, who, and whereto. Every byte of an answer says how many follow it.
#include <utility>

#include "proxy/handshakes.hpp"

namespace gladhand {

namespace {

constexpr unsigned char version = 5;
constexpr unsigned char no_authentication = 0;
constexpr unsigned char user_and_password = 2;
constexpr unsigned char no_acceptable_method = 0xff;
constexpr char ipv4_type = 1;
constexpr char name_type = 3;
constexpr char ipv6_type = 4;

// [RFC 1928 §6]
std::string describe(unsigned char code) {
  const std::string number = " (SOCKS5 reply " + hexadecimal(code) + ')';
  switch (code) {
    case 1: return "general failure" + number;
    case 2: return "connection not allowed by its rules" + number;
    case 3: return "network unreachable" + number;
    case 4: return "host unreachable" + number;
    case 5: return "connection refused" + number;
    case 6: return "TTL expired" + number;
    case 7: return "command not supported" + number;
    case 8: return "address type not supported" + number;
    // Tor's, where its SocksPort has ExtendedErrors [Tor proposal 304].
    case 0xf0: return "the onion service's descriptor cannot be found" + number;
    case 0xf1: return "the onion service's descriptor is invalid" + number;
    case 0xf2: return "the introduction to the onion service has failed" + number;
    case 0xf3: return "the rendezvous with the onion service has failed" + number;
    case 0xf4: return "the onion service wants a client authorization" + number;
    case 0xf5: return "the onion service refuses the client authorization" + number;
    case 0xf6: return "the onion address is invalid" + number;
    case 0xf7: return "the introduction to the onion service took too long" + number;
    default: return "failure of an unknown kind" + number;
  }
}

std::string with_length(const std::string& text) {
  return static_cast<char>(text.size()) + text;
}

// [RFC 1928 §4]
std::string request_for(const Destination& destination) {
  std::string request = {version, /*CONNECT*/ 1, /*RSV*/ 0};
  if (!destination.address)
    return request + name_type + with_length(destination.name) + port_bytes(destination.port);
  const Endpoint& address = *destination.address;
  request += address.family() == Family::ipv4 ? ipv4_type : ipv6_type;
  return request + address_bytes(address) + port_bytes(address.port());
}

class Socks5 final : public ByteHandshake {
 public:
  Socks5(const Destination& destination,
         std::optional<Credentials> credentials,
         Identification identification)
      : request_(request_for(destination)),
        credentials_(std::move(credentials)),
        offers_credentials_(credentials_ || identification == Identification::possible) {
    ask(offers_credentials_ ? std::string_view("\x05\x02\x00\x02", 4)
                            : std::string_view("\x05\x01\x00", 3),
        "the greeting");
  }

  void provide(const Credentials& credentials) override {
    if (state() != State::wants_credentials) return;
    become(State::talking);
    identify(credentials);
  }

  // Some proxies have no other word for a destination that they cannot reach.
  void end() override {
    if (step_ == Step::reply_version) blame(Blame::destination);
    ByteHandshake::end();
  }

 private:
  // What the next byte is.
  enum class Step : std::uint8_t {
    method_version,
    method,
    identity_version,
    identity_status,
    reply_version,
    reply_code,
    reserved,
    address_type,
    name_length,
    rest,
  };

  void take(unsigned char byte) override {
    switch (step_) {
      case Step::method_version: return check_version(byte, Step::method);
      case Step::method: return take_method(byte);
      case Step::identity_version: return take_identity_version(byte);
      case Step::identity_status: return byte == 0 ? request() : refuse_credentials();
      case Step::reply_version: return check_version(byte, Step::reply_code);
      case Step::reply_code: step_ = Step::reserved; return byte == 0 ? void() : refuse(byte);
      case Step::reserved:  // whatever it is: it says nothing
        step_ = Step::address_type;
        return;
      case Step::address_type: return take_address_type(byte);
      case Step::name_length: return expect_address(byte);
      case Step::rest:
        if (--left_ == 0) become(State::done);
        return;
    }
  }

  void check_version(unsigned char byte, Step next) {
    if (byte != version)
      return fail_as_another(
          "SOCKS5", byte, step_ == Step::method_version ? Words::first : Words::later);
    step_ = next;
  }

  void take_method(unsigned char method) {
    if (method == no_authentication) return request();
    if (method == no_acceptable_method && !offers_credentials_)
      return become(State::wants_new_connection);
    if (method == no_acceptable_method)
      return fail("accepts neither a client without authentication nor one with user and password");
    if (method != user_and_password || !offers_credentials_)
      return fail("chose authentication method " + hexadecimal(method) + ", which was not offered");
    if (!credentials_) return become(State::wants_credentials);
    identify(*credentials_);
  }

  // An empty user or password is none by [RFC 1929 §2], but servers take them.
  void identify(const Credentials& credentials) {
    if (const auto fault = fault_of(ProxyScheme::socks5, credentials); !fault.empty())
      return fail(fault);
    ask('\1' + with_length(credentials.user) + with_length(credentials.password),
        "user and password");
    step_ = Step::identity_version;
  }

  // 1 by [RFC 1929 §2]; some servers have SOCKS' own 5 there, and clients have learnt to live with
  // it.
  void take_identity_version(unsigned char byte) {
    if (byte != 1 && byte != version)
      return fail("answered user and password in version " + hexadecimal(byte));
    step_ = Step::identity_status;
  }

  void request() {
    ask(request_, "the request");
    step_ = Step::reply_version;
  }

  void refuse_credentials() {
    blame(Blame::credentials);
    fail("the proxy refuses these credentials");
  }

  void refuse(unsigned char code) {
    blame(Blame::destination);
    fail(describe(code));
  }

  // [RFC 1928 §5]
  void take_address_type(unsigned char type) {
    switch (type) {
      case ipv4_type: return expect_address(4);
      case ipv6_type: return expect_address(16);
      case name_type: step_ = Step::name_length; return;
      default: return fail("answered with an address of unknown type " + hexadecimal(type));
    }
  }

  void expect_address(unsigned size) {
    left_ = size + 2;  // and its port
    step_ = Step::rest;
  }

  std::string request_;
  std::optional<Credentials> credentials_;
  bool offers_credentials_;
  Step step_ = Step::method_version;
  unsigned left_ = 0;
};

}  // namespace

std::unique_ptr<Handshake> ask_socks5(const Destination& destination,
                                      std::optional<Credentials> credentials,
                                      Identification identification) {
  return std::make_unique<Socks5>(destination, std::move(credentials), identification);
}

}  // namespace gladhand
