// Questions and answers of the DNS as bytes: what is taken for an answer, and what it is worth.
#include "dns/message.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>

namespace gladhand::message_test {

namespace {

using enum AnswerStatus;

constexpr std::uint16_t id = 0x1234;
constexpr unsigned A = 1, NS = 2, CNAME = 5, SOA = 6, AAAA = 28, SRV = 33, SVCB = 64;

Bytes& operator+=(Bytes& bytes, const Bytes& more) {
  bytes.insert(bytes.end(), more.begin(), more.end());
  return bytes;
}

Bytes number(unsigned value) {
  return {static_cast<std::uint8_t>(value >> 8U), static_cast<std::uint8_t>(value)};
}

Bytes name(const std::string& text) {
  Bytes bytes;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t dot = std::min(text.find('.', at), text.size());
    bytes.push_back(static_cast<std::uint8_t>(dot - at));
    bytes.insert(bytes.end(),
                 text.begin() + static_cast<std::ptrdiff_t>(at),
                 text.begin() + static_cast<std::ptrdiff_t>(dot));
    at = dot + 1;
  }
  bytes.push_back(0);
  return bytes;
}

Bytes record(const std::string& owner, unsigned type, const Bytes& data, unsigned kind = 1) {
  Bytes bytes = name(owner);
  for (const unsigned field : {type, kind, 0U, 60U, static_cast<unsigned>(data.size())})
    bytes += number(field);
  bytes += data;
  return bytes;
}

const Bytes question = make_question("db.example", RecordType::a, id, Edns::no);
const Bytes address = {192, 0, 2, 1};

struct Message {
  unsigned id = message_test::id;
  unsigned flags = 0x8180;  // a response, recursion desired and available
  std::vector<Bytes> answers{};
  std::vector<Bytes> authorities{};
  Bytes asked = Bytes(question.begin() + 12, question.end());
  unsigned questions = 1;

  Bytes bytes() const {
    Bytes all;
    for (const std::size_t field : {static_cast<std::size_t>(id),
                                    static_cast<std::size_t>(flags),
                                    static_cast<std::size_t>(questions),
                                    answers.size(),
                                    authorities.size(),
                                    std::size_t{0}})
      all += number(static_cast<unsigned>(field));
    all += asked;
    for (const std::vector<Bytes>& section : {answers, authorities})
      for (const Bytes& one : section) all += one;
    return all;
  }
};

// "addresses 192.0.2.1", "no_address", or "dropped".
std::string reading_of(const Bytes& message) {
  const auto answer = read_answer(message, question, 22);
  if (!answer) return "dropped";
  std::string text(to_string(answer->status));
  for (const Endpoint& it : answer->addresses) text += ' ' + to_string(it);
  return text + (answer->truncated ? ", cut" : "");
}

std::string reading(const Message& message) {
  return reading_of(message.bytes());
}

}  // namespace

TEST_CASE("a question is c-ares's, with EDNS where it is wanted") {
  CHECK(question.size() == 12 + 12 + 4);
  CHECK(make_question("db.example", RecordType::aaaa, id, Edns::yes).size() ==
        question.size() + 11);
  CHECK(make_question(std::string(64, 'x') + ".example", RecordType::a, id, Edns::no).empty());
}

TEST_CASE("an answer") {
  CHECK(reading({.answers = {record("db.example", A, address)}}) == "addresses 192.0.2.1");
  CHECK(reading({.answers = {record("DB.Example", A, address)}}) == "addresses 192.0.2.1");
  CHECK(reading({.flags = 0x8183}) == "no_such_name");
  for (const unsigned rcode : {1U, 2U, 4U, 5U, 9U})
    CHECK(reading({.flags = 0x8180 | rcode}) == "server_failure");
  CHECK(reading({.flags = 0x8380}) == "no_address, cut");
}

TEST_CASE("what is no answer to the question is dropped") {
  const std::vector<Bytes> answers = {record("db.example", A, address)};
  CHECK(reading({.id = id ^ 1U, .answers = answers}) == "dropped");
  CHECK(reading({.flags = 0x0180, .answers = answers}) == "dropped");  // a query
  CHECK(reading({.flags = 0xA980, .answers = answers}) == "dropped");  // another opcode
  CHECK(reading({.answers = answers, .questions = 0}) == "dropped");
  CHECK(reading({.answers = answers, .questions = 2}) == "dropped");
  for (const auto& [other, type] :
       {std::pair("dc.example", RecordType::a), std::pair("db.example", RecordType::aaaa)}) {
    const Bytes asked = make_question(other, type, id, Edns::no);
    CHECK(reading({.answers = answers, .asked = Bytes(asked.begin() + 12, asked.end())}) ==
          "dropped");
  }
  for (std::size_t size = 0; size < question.size(); ++size)
    CHECK(reading_of(Bytes(question.begin(),
                           question.begin() + static_cast<std::ptrdiff_t>(size))) == "dropped");
}

TEST_CASE("an error may come as a bare header, a denial may not") {
  CHECK(reading({.flags = 0x8001, .asked = {}, .questions = 0}) == "server_failure");
  CHECK(reading({.flags = 0x8003, .asked = {}, .questions = 0}) == "dropped");
  CHECK(reading({.flags = 0x8180, .asked = {}, .questions = 0}) == "dropped");
}

TEST_CASE("addresses count where the aliases lead to, in any order of the records") {
  const Bytes first = record("db.example", CNAME, name("b.example"));
  const Bytes second = record("b.example", CNAME, name("c.example"));
  const Bytes last = record("c.example", A, address);
  CHECK(reading({.answers = {first, second, last}}) == "addresses 192.0.2.1");
  CHECK(reading({.answers = {last, second, first}}) == "addresses 192.0.2.1");
  CHECK(reading({.answers = {first, last}}) == "no_address");
  CHECK(reading({.answers = {record("stray.example", A, address)}}) == "no_address");
  CHECK(reading({.answers = {record("db.example", CNAME, name("db.example"))}}) == "no_address");
  CHECK(reading({.answers = {record("db.example", AAAA, Bytes(16, 1))}}) == "no_address");
  CHECK(reading({.answers = {record("db.example", A, address, 3)}}) == "no_address");  // Chaos
}

TEST_CASE("what cannot be read is told apart") {
  CHECK(reading({.answers = {record("db.example", A, {192, 0, 2})}}) == "bad_answer");
  const Bytes whole = Message{.answers = {record("db.example", A, address)}}.bytes();
  for (std::size_t size = question.size(); size < whole.size(); ++size)
    CHECK(reading_of(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size))) ==
          "bad_answer");
}

TEST_CASE("a referral elsewhere is a failure, a denial with its SOA is none") {
  const Bytes elsewhere = record("example", NS, name("ns.example"));
  const Bytes authority = record("example", SOA, Bytes(22, 0));
  CHECK(reading({.flags = 0x8180}) == "no_address");
  CHECK(reading({.flags = 0x8180, .authorities = {elsewhere}}) == "server_failure");
  CHECK(reading({.flags = 0x8100, .authorities = {elsewhere}}) == "server_failure");
  CHECK(reading({.flags = 0x8100}) == "server_failure");
  CHECK(reading({.flags = 0x8100, .authorities = {elsewhere, authority}}) == "no_address");
  CHECK(reading({.flags = 0x8400, .authorities = {elsewhere}}) == "no_address");
}

TEST_CASE("service records") {
  const Bytes asked = make_question("_ssh._tcp.example", RecordType::srv, id, Edns::no);
  const auto read = [&asked](const std::vector<Bytes>& answers) {
    const Message message{.answers = answers, .asked = Bytes(asked.begin() + 12, asked.end())};
    const auto answer = read_answer(message.bytes(), asked, 22);
    std::string text(to_string(answer->status));
    for (const ServiceRecord& it : answer->services)
      text += ' ' + std::to_string(it.priority) + '/' + std::to_string(it.weight) + '/' +
              std::to_string(it.port) + '/' + it.host;
    return text;
  };
  const auto srv = [](const std::string& host) {
    Bytes data = number(10);
    for (const unsigned field : {5U, 2222U}) data += number(field);
    data += name(host);
    return data;
  };
  const std::string owner = "_ssh._tcp.example";
  CHECK(read({record(owner, SRV, srv("a.example"))}) == "addresses 10/5/2222/a.example");
  CHECK(read({record("_SSH._tcp.Example", SRV, srv(""))}) == "addresses 10/5/2222/");
  CHECK(read({record(owner, CNAME, name("x.example")),
              record("x.example", SRV, srv("b.example"))}) == "addresses 10/5/2222/b.example");
  CHECK(read({record("other.example", SRV, srv("a.example"))}) == "no_address");
  CHECK(read({record(owner, A, address)}) == "no_address");
  Bytes trailing = srv("a.example");
  trailing.push_back(0);
  Bytes cut = srv("a.example");
  cut.pop_back();
  for (const Bytes& bad : {trailing, cut, Bytes(6, 0), Bytes(5, 0), Bytes()})
    CHECK(read({record(owner, SRV, srv("a.example")), record(owner, SRV, bad)}) == "bad_answer");
}

TEST_CASE("service bindings: \".\" is the owner, and one that is malformed spoils them all") {
  const Bytes asked = make_question("_ssh.example", RecordType::svcb, id, Edns::no);
  const auto read = [&asked](const std::vector<Bytes>& answers) {
    const Message message{.answers = answers, .asked = Bytes(asked.begin() + 12, asked.end())};
    const auto answer = read_answer(message.bytes(), asked, 22);
    std::string text(to_string(answer->status));
    for (const ServiceBinding& it : answer->bindings)
      text += ' ' + std::to_string(it.priority) + '/' + it.host;
    return text;
  };
  const auto svcb = [](unsigned priority, const std::string& host) {
    Bytes data = number(priority);
    data += name(host);
    return data;
  };
  const std::string owner = "_ssh.example";
  const Bytes good = record(owner, SVCB, svcb(1, "a.example"));
  CHECK(read({good, record(owner, SVCB, svcb(2, ""))}) == "addresses 1/a.example 2/_ssh.example");
  CHECK(read({record(owner, SVCB, svcb(0, ""))}) == "addresses 0/");
  CHECK(read({record(owner, CNAME, name("x.example")), record("x.example", SVCB, svcb(1, ""))}) ==
        "addresses 1/x.example");
  CHECK(read({record("other.example", SVCB, svcb(1, "a.example"))}) == "no_address");
  CHECK(read({good, record(owner, SVCB, number(1))}) == "bad_answer");
}

TEST_CASE("no bytes do harm, and none but addresses make addresses") {
  const Bytes whole = Message{.answers = {record("db.example", CNAME, name("b.example")),
                                          record("b.example", A, address)},
                              .authorities = {record("example", NS, name("ns.example"))}}
                          .bytes();
  std::mt19937 random(1035);
  for (int i = 0; i < 50000; ++i) {
    Bytes mutated = whole;
    for (unsigned changes = 1 + random() % 4; changes > 0; --changes)
      mutated[random() % mutated.size()] = static_cast<std::uint8_t>(random());
    mutated.resize(random() % 4 == 0 ? random() % mutated.size() : mutated.size());
    const auto answer = read_answer(mutated, question, 22);
    if (answer && !answer->truncated)
      CHECK(answer->addresses.empty() == (answer->status != addresses));
  }
}

}  // namespace gladhand::message_test
