// CONNECT [RFC 9110 §9.3.6] in HTTP/1.1, with Basic [RFC 7617] or Digest authentication. A response
// is read line by line up to the blank one, and what follows it is the target's. Where the proxy
// wants to know who asks, it is told on a new connection: what this one still holds is not known
// for sure.
#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <utility>

#include "base/base64.hpp"
#include "base/letters.hpp"
#include "gladhand/error.hpp"
#include "proxy/digest.hpp"
#include "proxy/handshakes.hpp"
#include "proxy/http_fields.hpp"

namespace gladhand {

namespace {

// Of all header sections together, those of interim responses included.
constexpr std::size_t most_header_octets = 65536;
constexpr unsigned most_header_lines = 100;
constexpr std::size_t longest_garbage = 64;  // that is waited for, to be shown

constexpr const char* login_hint = "a browser may be asked to log in first";
constexpr const char* refused_credentials = "the proxy refuses these credentials";

struct StatusLine {
  unsigned code = 0;
  std::string_view reason;
};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// "HTTP/1.x 200 Reason": three digits, and a blank or the end behind them [RFC 9112 §4].
std::optional<StatusLine> read_status_line(std::string_view line) {
  constexpr std::string_view protocol = "HTTP/1.";
  constexpr std::string_view form = "HTTP/1.1 200";
  if (line.size() < form.size() || !line.starts_with(protocol)) return std::nullopt;
  const std::string_view code = line.substr(form.size() - 3, 3);
  if (!is_digit(line[protocol.size()]) || line[protocol.size() + 1] != ' ') return std::nullopt;
  if (!std::ranges::all_of(code, is_digit) || code < "100") return std::nullopt;
  if (line.size() > form.size() && line[form.size()] != ' ') return std::nullopt;
  StatusLine status{0, trim(line.substr(form.size()))};
  std::from_chars(code.data(), code.data() + code.size(), status.code);
  return status;
}

// [RFC 9110 §15], of what proxies say: in place of their own words.
std::string_view standard_reason(unsigned code) {
  switch (code) {
    case 302: return "Found";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 429: return "Too Many Requests";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    default: return "";
  }
}

std::string authority_of(const Destination& destination) {
  if (!destination.address) return destination.name + ':' + std::to_string(destination.port);
  const Endpoint& address = *destination.address;
  const bool ipv6 = address.family() == Family::ipv6;
  const std::string text = ipv6 ? '[' + to_string(address) + ']' : to_string(address);
  return text + ':' + std::to_string(address.port());
}

// Words of our own for schemes of others [IANA HTTP Authentication Schemes].
std::string_view known_scheme(std::string_view scheme) {
  constexpr std::array<std::string_view, 6> known = {
      "Basic", "Bearer", "Digest", "Kerberos", "Negotiate", "NTLM"};
  const auto found =
      std::ranges::find_if(known, [scheme](auto one) { return equal_words(one, scheme); });
  return found == known.end() ? std::string_view() : *found;
}

bool needs_helper(std::string_view scheme) {
  return scheme == "Kerberos" || scheme == "Negotiate" || scheme == "NTLM";
}

// What a 407 says about itself.
struct Offer {
  bool anything = false;
  std::string schemes;  // "Digest, Negotiate"
  bool basic = false;
  bool of_windows = false;
  std::string digest;  // the best of those that can be answered
};

bool adds(const std::vector<std::string>& fields, std::string_view name) {
  return std::ranges::any_of(
      fields, [name](std::string_view field) { return equal_words(field_name(field), name); });
}

class HttpConnect final : public ByteHandshake {
 public:
  HttpConnect(const Destination& destination, const Introduction& introduction)
      : authority_(authority_of(destination)),
        port_(destination.address ? destination.address->port() : destination.port) {
    request(introduction);
  }

  std::size_t receive(std::string_view bytes) override;
  void end() override;

  // For what comes behind an answer that calls itself a page; others end before.
  std::optional<std::chrono::milliseconds> patience() const override {
    return std::chrono::seconds(5);
  }
  void silence() override {
    if (part_ == Part::behind && state() == State::talking) become(State::done);
  }

  std::string challenge() const override {
    return state() == State::wants_new_connection ? offer_.digest : "";
  }

 private:
  enum class Part : std::uint8_t { status_line, fields, behind };

  void request(const Introduction& introduction);
  std::string authorization(const Introduction& introduction);
  void take(unsigned char byte) override;
  void take_line(std::string_view line);
  void take_status_line(std::string_view line);
  void take_field(std::string_view line);
  void take_blank_line();
  void fail_as_no_http(std::string_view line);
  void fail_with_status(const StatusLine& status);
  void look_behind(char first);
  void fail_without_way();
  void refuse_credentials() {
    blame(Blame::credentials);
    fail(refused_credentials);
  }

  std::string authority_;
  std::uint16_t port_;
  bool identified_ = false;
  bool by_digest_ = false;
  Part part_ = Part::status_line;
  std::string line_;
  std::size_t octets_ = 0;
  unsigned lines_ = 0;
  unsigned code_ = 0;
  Offer offer_;
  bool is_page_ = false;
};

void HttpConnect::request(const Introduction& introduction) {
  std::string text = "CONNECT " + authority_ + " HTTP/1.1\r\nHost: " + authority_ + "\r\n";
  if (!adds(introduction.fields, "User-Agent")) text += "User-Agent: gladhand\r\n";
  for (const std::string& field : introduction.fields) text += field + "\r\n";
  identified_ = adds(introduction.fields, "Proxy-Authorization");
  if (introduction.credentials && !identified_) text += authorization(introduction);
  if (state() == State::failed) return;
  if (identified_) withhold_words();
  ask(text + "\r\n");
}

std::string HttpConnect::authorization(const Introduction& introduction) {
  const Credentials& credentials = *introduction.credentials;
  identified_ = true;
  const std::string_view fault = fault_of(ProxyScheme::http, credentials);
  by_digest_ = !introduction.challenge.empty();
  if (fault.empty() && by_digest_)
    return "Proxy-Authorization: " +
           answer_digest(
               introduction.challenge, credentials, "CONNECT", authority_, introduction.nonce) +
           "\r\n";
  if (!fault.empty() || credentials.user.find(':') != std::string::npos) {
    fail(fault.empty() ? "Basic authentication takes no user with a colon in it" : fault);
    return "";
  }
  return "Proxy-Authorization: Basic " + base64(credentials.user + ':' + credentials.password) +
         "\r\n";
}

std::size_t HttpConnect::receive(std::string_view bytes) {
  std::size_t taken = 0;
  while (taken < bytes.size() && part_ != Part::behind && state() == State::talking)
    taken += ByteHandshake::receive(bytes.substr(taken, 1));
  if (taken == 0 && !bytes.empty() && part_ == Part::behind && state() == State::talking)
    look_behind(bytes.front());
  return taken;
}

void HttpConnect::end() {
  if (state() != State::talking || in_answer()) return ByteHandshake::end();
  fail("closed the connection before it answered",
       identified_ ? "a proxy that wants TLS may do so"
                   : "a proxy that wants TLS or a password may do so");
}

// Where a network wants a login, a page may be the answer to everything.
void HttpConnect::look_behind(char first) {
  if (first != '<' && first != '\r' && first != '\n' && first != ' ') return become(State::done);
  fail(std::to_string(code_) +
           ": it shows a page instead of connecting, as the login of a network does",
       login_hint);
}

void HttpConnect::take(unsigned char byte) {
  if (++octets_ > most_header_octets)
    return fail("answered with a header section of more than 64 KiB");
  if (byte == '\n') {
    std::string line = std::exchange(line_, {});
    if (line.ends_with('\r')) line.pop_back();
    if (++lines_ > most_header_lines)
      return fail("answered with a header section of more than 100 lines");
    return take_line(line);
  }
  line_ += static_cast<char>(byte);
  // Other protocols may wait for us without ever ending a line.
  const bool text = (byte >= 0x20 && byte < 0x7f) || byte == '\t' || byte == '\r';
  if (part_ == Part::status_line && !line_.starts_with("HTTP/1.") &&
      (!text || line_.size() == longest_garbage))
    fail_as_no_http(line_);
}

void HttpConnect::take_line(std::string_view line) {
  if (part_ == Part::status_line) return take_status_line(line);
  if (!line.empty()) return take_field(line);
  take_blank_line();
}

void HttpConnect::take_status_line(std::string_view line) {
  const auto status = read_status_line(line);
  if (!status) return fail_as_no_http(line);
  part_ = Part::fields;
  code_ = status->code;
  offer_ = {};
  is_page_ = false;
  if (code_ / 100 == 2 || code_ == 407) return;
  if (code_ / 100 == 1 && code_ != 101) return;  // interim, and nobody asked for an upgrade
  if (code_ == 401 && !identified_) return;      // what some proxies say for 407
  if (code_ == 401) return refuse_credentials();
  fail_with_status(*status);
}

void HttpConnect::fail_as_no_http(std::string_view line) {
  const Guess guess = guess_protocol(line.starts_with("HTTP/") ? "" : line);
  const std::string said = words_are_withheld() ? "" : ": it answered " + in_quotes(line);
  fail("speaks no HTTP/1" + said + as_does(guess.protocol), guess.hint);
}

void HttpConnect::fail_with_status(const StatusLine& status) {
  constexpr std::uint16_t https = 443;
  blame(Blame::destination);
  const std::string_view reason =
      words_are_withheld() ? standard_reason(status.code) : status.reason;
  std::string text =
      std::to_string(status.code) + (reason.empty() ? "" : ' ' + std::string(reason));
  std::string_view hint;
  if (status.code / 100 == 3) {
    text += ": it shows another page instead, as the login of a network does";
    hint = login_hint;
  } else if (status.code == 403 && port_ != https) {
    hint = "many proxies allow port 443 alone; an SSH server may listen there, too";
  }
  fail(text, hint);
}

// They count where the proxy wants to know who asks: a 2xx has no body, whatever its fields say
// [RFC 9112 §6.3]. That it calls itself a page is reason to look at what comes.
void HttpConnect::take_field(std::string_view line) {
  const std::size_t colon = line.find(':');
  const std::string_view name = line.substr(0, colon);
  if (colon == line.npos) return;
  if (equal_words(name, "Content-Type"))
    is_page_ = equal_words(trim(line.substr(colon + 1)).substr(0, 9), "text/html");
  if (!equal_words(name, "Proxy-Authenticate") &&
      (code_ != 401 || !equal_words(name, "WWW-Authenticate")))
    return;
  const std::string_view value = trim(line.substr(colon + 1));
  for (const std::string_view scheme : challenge_schemes(value)) {
    const std::string_view known = known_scheme(scheme);
    offer_.anything = true;
    if (known == "Basic") offer_.basic = true;
    if (needs_helper(known)) offer_.of_windows = true;
    const std::string_view shown = words_are_withheld() ? known : scheme;
    if (!offer_.schemes.empty() && !shown.empty()) offer_.schemes += ", ";
    offer_.schemes += shown;
  }
  offer_.digest = better_digest(std::move(offer_.digest), value);
}

void HttpConnect::take_blank_line() {
  part_ = Part::status_line;
  if (code_ / 100 == 1) return;
  if (code_ / 100 == 2 && is_page_) {
    part_ = Part::behind;
    return;
  }
  if (code_ / 100 == 2) return become(State::done);
  const bool basic = offer_.basic || !offer_.anything;
  if (identified_ && (basic || by_digest_)) return refuse_credentials();
  if (!basic && offer_.digest.empty()) return fail_without_way();
  become(State::wants_new_connection);
}

void HttpConnect::fail_without_way() {
  fail("wants authentication, but neither Basic nor a Digest that gladhand knows" +
           (offer_.schemes.empty() ? "" : ": it offers " + offer_.schemes),
       offer_.of_windows
           ? "cntlm or px speak NTLM and Negotiate with it, and are a proxy to gladhand"
           : "");
}

}  // namespace

std::unique_ptr<Handshake> ask_http(const Destination& destination,
                                    const Introduction& introduction) {
  return std::make_unique<HttpConnect>(destination, introduction);
}

}  // namespace gladhand
