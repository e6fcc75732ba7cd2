#include "base/first_words.hpp"

#include <doctest/doctest.h>

#include <string>

namespace gladhand::first_words_test {

namespace {

const FirstWords ssh = {.kind = FirstWords::Kind::ssh};
const FirstWords line = {};
const FirstWords smtp = {.kind = FirstWords::Kind::prefix, .prefix = "220 "};

// "more", "good" or why not.
std::string judged(const FirstWords& wanted, std::string_view seen, bool ended = false) {
  const auto verdict = judge(wanted, seen, ended);
  if (!verdict) return "more";
  return *verdict ? verdict->message() : "good";
}

}  // namespace

TEST_CASE("[RFC 4253 §4.2] ssh's identification is a whole line that begins with SSH-") {
  CHECK(judged(ssh, "") == "more");
  CHECK(judged(ssh, "SSH-2.0-x") == "more");
  CHECK(judged(ssh, "SSH-2.0-x\r\n") == "good");
  CHECK(judged(ssh, "SSH-2.0-x\nmore") == "good");
  CHECK(judged(ssh, "SSH-2.0-x\r\n", true) == "good");
}

TEST_CASE("[RFC 4253 §4.2] other lines may come before it") {
  CHECK(judged(ssh, "hello\r\n") == "more");
  CHECK(judged(ssh, "hello\r\n\r\nSSH-2.0-x\r\n") == "good");
  std::string lines;
  for (int i = 0; i < 1024; ++i) lines += "x\n";
  CHECK(judged(ssh, lines) == "more");
  CHECK(judged(ssh, lines + "SSH-2.0-x\n") == "good");
  CHECK(judged(ssh, lines + "x\n") == "other first words");
}

TEST_CASE("an end before it is no identification") {
  CHECK(judged(ssh, "", true) == "closed without a word");
  CHECK(judged(ssh, "SSH-2.0-x", true) == "closed amid its first line");
  CHECK(judged(ssh, "hello\n", true) == "closed amid its first line");
}

TEST_CASE("sshd that turns somebody away is told by its words") {
  CHECK(judged(ssh, "Not allowed at this time\r\n") == "'Not allowed at this time'");
  CHECK(judged(ssh, "Exceeded MaxStartups\r\n") == "'Exceeded MaxStartups'");
  CHECK(judged(ssh, "Exceeded MaxStart") == "more");
}

TEST_CASE("junk is junk before it is endless") {
  using namespace std::string_literals;
  CHECK(judged(ssh, std::string(8192, 'x')) == "more");
  CHECK(judged(ssh, std::string(8193, 'x')) == "other first words");
  CHECK(judged(ssh, "a\0b"s) == "other first words");
  std::string most;
  while (most.size() < most_first_words) most += std::string(1023, 'x') + '\n';
  CHECK(judged(ssh, most) == "other first words");
}

TEST_CASE("any line is a line") {
  CHECK(judged(line, "x") == "more");
  CHECK(judged(line, "\n") == "good");
  CHECK(judged(line, "x", true) == "closed amid its first line");
}

TEST_CASE("a beginning is enough, and what differs from it at once too much") {
  CHECK(judged(smtp, "22") == "more");
  CHECK(judged(smtp, "220 mail") == "good");
  CHECK(judged(smtp, "221") == "other first words");
  CHECK(judged(smtp, "22", true) == "closed amid its first line");
  CHECK(judged(smtp, "", true) == "closed without a word");
}

}  // namespace gladhand::first_words_test
