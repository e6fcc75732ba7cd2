// Multicast DNS: the octets of a question, and what counts as its answer.
#include "names/mdns.hpp"

#include <doctest/doctest.h>

#include <string>

#include "names/address_line.hpp"

namespace gladhand::mdns_test {

namespace {

using namespace std::string_literals;

const std::string name_octets = "\5hall9\5local\0"s;

// A response with id 7, the question in it, and these records.
std::string response(const std::string& records,
                     char count = 1,
                     const std::string& flags = "\x84\0"s) {
  return "\0\7"s + flags + "\0\1\0"s + count + "\0\0\0\0"s + name_octets + "\0\1\0\1"s + records;
}

std::string record(const std::string& owner,
                   const std::string& data,
                   const std::string& type = "\0\1\0\1"s) {
  return owner + type + "\0\0\0\x78\0"s + static_cast<char>(data.size()) + data;
}

std::string answer(const std::string& datagram,
                   Family family = Family::ipv4,
                   std::uint16_t id = 7) {
  std::string text;
  for (const Endpoint& endpoint : read_mdns_answer(datagram, "hall9.local", family, id))
    text += (text.empty() ? "" : " ") + to_string(endpoint);
  return text;
}

const std::string to_question = "\xc0\x0c";
const std::string address = "\xc0\0\2\1"s;

}  // namespace

TEST_CASE("[RFC 6762 §5.1] a one-shot query is one question, without flags") {
  CHECK(mdns_query("hall9.local", Family::ipv4, 0x1234) ==
        "\x12\x34\0\0\0\1\0\0\0\0\0\0"s + name_octets + "\0\1\0\1"s);
  CHECK(mdns_query("hall9.local.", Family::ipv6, 7) ==
        "\0\7\0\0\0\1\0\0\0\0\0\0"s + name_octets + "\0\x1c\0\1"s);
}

TEST_CASE("[RFC 6762 §6.7] addresses of the name that was asked for are its answer") {
  CHECK(answer(response(record(to_question, address))) == "192.0.2.1");
  CHECK(answer(response(record(name_octets, address))) == "192.0.2.1");
  CHECK(answer(response(record("\5HALL9\5Local\0"s, address))) == "192.0.2.1");
  CHECK(answer(response(record(to_question, address, "\0\1\x80\1"s))) == "192.0.2.1");
  CHECK(answer(response(record(to_question, address) + record(to_question, "\xc0\0\2\2"s), 2)) ==
        "192.0.2.1 192.0.2.2");
  const std::string ipv6 = "\xfe\x80"s + std::string(13, '\0') + '\1';
  CHECK(answer(response(record(to_question, ipv6, "\0\x1c\0\1"s)), Family::ipv6) == "fe80::1");
}

TEST_CASE("[RFC 6762] what is no answer to the question has no address in it") {
  const std::string good = record(to_question, address);
  CHECK(answer(response(good), Family::ipv4, 8) == "");  // another id
  CHECK(answer(response(good, 1, "\4\0"s)) == "");       // no response
  CHECK(answer(response(good, 1, "\x84\3"s)) == "");     // an error
  CHECK(answer(response(good, 1, "\xa8\0"s)) == "");     // another operation
  CHECK(answer(response(good, 0)) == "");                // not among the answers
  CHECK(answer(response(good), Family::ipv6) == "");     // another type
  CHECK(answer(response(record(to_question, address, "\0\1\0\3"s))) == "");  // another class
  CHECK(answer(response(record("\5hall8\5local\0"s, address))) == "");       // another name
  CHECK(answer(response(record(to_question, "\xc0\0\2"s))) == "");           // a short address
  CHECK(answer("") == "");
}

TEST_CASE("a datagram that is cut, or whose names run in circles, is no answer") {
  const std::string whole = response(record(to_question, address));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    CHECK(answer(whole.substr(0, size)) == "");
  }
  const std::size_t here = whole.size() - record(to_question, address).size();
  const std::string itself = {'\xc0', static_cast<char>(here)};
  CHECK(answer(response(record(itself, address))) == "");
  CHECK(answer(response(record("\xc0\xff", address))) == "");
  CHECK(answer(response(record("\x80\x0c", address))) == "");
  CHECK(answer(response(record("\1a" + itself, address))) == "");
}

TEST_CASE("--resolve-with: an address, and perhaps its port, a line") {
  const auto line = [](std::string_view text) {
    const auto endpoint = parse_address_line(text, 22);
    return endpoint ? with_port(*endpoint) : "";
  };
  CHECK(line("192.0.2.1") == "192.0.2.1 port 22");
  CHECK(line("192.0.2.1:2222") == "192.0.2.1 port 2222");
  CHECK(line("2001:db8::1") == "2001:db8::1 port 22");
  CHECK(line("[2001:db8::1]") == "2001:db8::1 port 22");
  CHECK(line("[2001:db8::1]:2222") == "2001:db8::1 port 2222");
  CHECK(line("fe80::1%lo") == "fe80::1%lo port 22");
  for (const char* text : {"",
                           ":",
                           "db.example",
                           "192.0.2.1:",
                           "192.0.2.1:0",
                           "192.0.2.1:ssh",
                           "192.0.2.1:22:22",
                           "[192.0.2.1]",
                           "[192.0.2.1]:22",
                           "[2001:db8::1",
                           "[2001:db8::1]22",
                           "[2001:db8::1]:",
                           "[]:22",
                           "192.0.2.256",
                           "127.1",
                           "2001:db8::g"}) {
    CAPTURE(std::string(text));
    CHECK(line(text) == "");
  }
}

}  // namespace gladhand::mdns_test
