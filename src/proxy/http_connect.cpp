// CONNECT [RFC 9110 §9.3.6] in HTTP/1.1, with Basic authentication [RFC 7617]. A response is read
// line by line up to the blank one; what follows it is the target's, unless the proxy said 407.
#include <algorithm>
#include <charconv>
#include <utility>

#include "base/base64.hpp"
#include "gladhand/error.hpp"
#include "proxy/handshakes.hpp"
#include "proxy/http_fields.hpp"

namespace gladhand {

namespace {

// Of all header sections together, those of interim responses included.
constexpr std::size_t most_header_octets = 65536;
constexpr unsigned most_header_lines = 100;
constexpr std::size_t longest_body = 65536;  // that is read to keep a connection
constexpr std::size_t longest_garbage = 64;  // that is waited for, to be shown

struct StatusLine {
  char minor_version = '0';
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
  const char minor = line[protocol.size()];
  const std::string_view code = line.substr(form.size() - 3, 3);
  if (!is_digit(minor) || line[protocol.size() + 1] != ' ') return std::nullopt;
  if (!std::ranges::all_of(code, is_digit) || code < "100") return std::nullopt;
  if (line.size() > form.size() && line[form.size()] != ' ') return std::nullopt;
  StatusLine status{minor, 0, trim(line.substr(form.size()))};
  std::from_chars(code.data(), code.data() + code.size(), status.code);
  return status;
}

// [RFC 9110 §15], of what proxies say: in place of their own words.
std::string_view standard_reason(unsigned code) {
  switch (code) {
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

std::optional<std::size_t> read_length(std::string_view value) {
  std::size_t length = 0;
  const char* end = value.data() + value.size();
  const auto [stop, error] = std::from_chars(value.data(), end, length);
  if (error != std::errc() || stop != end) return std::nullopt;
  return length;
}

std::string authority_of(const Destination& destination) {
  if (!destination.address) return destination.name + ':' + std::to_string(destination.port);
  const Endpoint& address = *destination.address;
  const bool ipv6 = address.family() == Family::ipv6;
  const std::string text = ipv6 ? '[' + to_string(address) + ']' : to_string(address);
  return text + ':' + std::to_string(address.port());
}

// What a 407 says about itself.
struct Challenge {
  std::string offered;  // "Digest, Negotiate"
  bool basic = false;
  bool reusable = false;  // the connection, for another request
  std::optional<std::size_t> body;
};

class HttpConnect final : public ByteHandshake {
 public:
  HttpConnect(const Destination& destination, const std::optional<Credentials>& credentials)
      : authority_(authority_of(destination)) {
    request(credentials);
  }

  void end() override;

  void provide(const Credentials& credentials) override {
    if (state() != State::wants_credentials) return;
    become(State::talking);
    request(credentials);
  }

 private:
  enum class Part : std::uint8_t { status_line, fields, body };

  void request(const std::optional<Credentials>& credentials);
  void take(unsigned char byte) override;
  void take_line(std::string_view line);
  void take_status_line(std::string_view line);
  void take_field(std::string_view line);
  void take_blank_line();
  void fail_as_no_http(std::string_view line) {
    fail(words_are_withheld() ? "speaks no HTTP/1"
                              : "speaks no HTTP/1: it answered " + in_quotes(line));
  }
  void fail_without_basic();

  std::string authority_;
  bool identified_ = false;
  Part part_ = Part::status_line;
  std::string line_;
  std::size_t octets_ = 0;
  unsigned lines_ = 0;
  unsigned code_ = 0;
  Challenge challenge_;
  std::size_t body_left_ = 0;
};

void HttpConnect::request(const std::optional<Credentials>& credentials) {
  std::string text = "CONNECT " + authority_ + " HTTP/1.1\r\nHost: " + authority_ + "\r\n";
  if (credentials) {
    if (credentials->user.find(':') != std::string::npos)
      return fail("Basic authentication takes no user with a colon in it");
    text += "Proxy-Authorization: Basic " +
            base64(credentials->user + ':' + credentials->password) + "\r\n";
    identified_ = true;
    withhold_words();
  }
  ask(text + "\r\n");
  part_ = Part::status_line;
}

void HttpConnect::take(unsigned char byte) {
  if (part_ == Part::body) {
    if (--body_left_ == 0) become(State::wants_credentials);
    return;
  }
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
  challenge_ = {};
  challenge_.reusable = status->minor_version != '0';
  if (code_ / 100 == 2) return;
  if (code_ / 100 == 1 && code_ != 101) return;  // interim, and nobody asked for an upgrade
  if (code_ == 407) return;
  blame(Blame::destination);
  const std::string_view reason = words_are_withheld() ? standard_reason(code_) : status->reason;
  fail(std::to_string(code_) + (reason.empty() ? "" : ' ' + std::string(reason)));
}

// They count in a 407 alone: a 2xx has no body, whatever its fields say [RFC 9112 §6.3].
void HttpConnect::take_field(std::string_view line) {
  const std::size_t colon = line.find(':');
  const std::string_view name = line.substr(0, colon);
  if (colon == line.npos || name.find_first_of(" \t") != name.npos) {
    challenge_.reusable = false;  // a folded line, perhaps
    return;
  }
  const std::string_view value = trim(line.substr(colon + 1));
  if (equal_words(name, "Proxy-Authenticate")) {
    for (const std::string_view scheme : challenge_schemes(value)) {
      if (!challenge_.offered.empty()) challenge_.offered += ", ";
      challenge_.offered += scheme;
      if (equal_words(scheme, "Basic")) challenge_.basic = true;
    }
  } else if (equal_words(name, "Connection") || equal_words(name, "Proxy-Connection")) {
    for (const std::string_view option : split_list(value))
      if (equal_words(option, "close")) challenge_.reusable = false;
  } else if (equal_words(name, "Transfer-Encoding")) {
    challenge_.reusable = false;
  } else if (equal_words(name, "Content-Length")) {
    if (challenge_.body) challenge_.reusable = false;
    challenge_.body = read_length(value);
    if (challenge_.body.value_or(longest_body + 1) > longest_body) challenge_.reusable = false;
  }
}

void HttpConnect::take_blank_line() {
  part_ = Part::status_line;
  if (code_ / 100 == 1) return;
  if (code_ != 407) return become(State::done);
  if (identified_ && (challenge_.basic || challenge_.offered.empty())) {
    blame(Blame::credentials);
    return fail("the proxy refuses these credentials");
  }
  if (!challenge_.basic) return fail_without_basic();
  if (!challenge_.reusable || !challenge_.body) return become(State::wants_new_connection);
  if (*challenge_.body == 0) return become(State::wants_credentials);
  part_ = Part::body;
  body_left_ = *challenge_.body;
}

void HttpConnect::fail_without_basic() {
  const std::string why = "wants authentication, but not Basic";
  if (words_are_withheld()) return fail(why);
  fail(why + ": it offers " + (challenge_.offered.empty() ? "nothing" : challenge_.offered));
}

// A proxy that has said what it wants may end the connection while the user is asked, or although
// it promised not to; then it is for the next one to say it.
void HttpConnect::end() {
  const bool asked_again = code_ == 407 && identified_ && !in_answer();
  const bool open = state() == State::talking && (part_ == Part::body || asked_again);
  if (open || state() == State::wants_credentials) return become(State::wants_new_connection);
  ByteHandshake::end();
}

}  // namespace

std::unique_ptr<Handshake> ask_http(const Destination& destination,
                                    const std::optional<Credentials>& credentials) {
  return std::make_unique<HttpConnect>(destination, credentials);
}

}  // namespace gladhand
