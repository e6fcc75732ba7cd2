#include "strategy/ssh_call.hpp"

#include <doctest/doctest.h>

namespace gladhand::ssh_call_test {

using Words = std::vector<std::string>;

SshCall read(const Words& words) {
  return read_ssh_call(words);
}

TEST_CASE("the destination is the first word that is no option, or an option's value") {
  CHECK(read({"db"}).destination == "db");
  CHECK(read({"-v", "-i", "key", "me@db", "ls", "-l"}).destination == "me@db");
  CHECK(read({"-tt", "--", "db", "ls"}).destination == "db");
  CHECK(read({"-W", "[db]:22", "ssh://gate:2222"}).destination == "ssh://gate:2222");
  CHECK(read({}).destination.empty());
  CHECK(read({"--"}).destination.empty());
  CHECK(read({"-p"}).destination.empty());
}

TEST_CASE("what decides the configuration stays, in all ways of writing it") {
  CHECK(read({"-4", "-F", "config", "-oPort=22", "-o", "User me", "db"}).options ==
        Words{"-4", "-F", "config", "-o", "Port=22", "-o", "User me"});
  CHECK(read({"-v6p22", "-bADDR", "-lme", "-PTAG", "-B", "eth0", "db"}).options ==
        Words{"-6", "-p", "22", "-b", "ADDR", "-l", "me", "-P", "TAG", "-B", "eth0"});
}

TEST_CASE("other options do not, nor do their values") {
  CHECK(read({"-vAXtL", "4:a:4", "-J", "-6", "-E", "-4", "-fN", "db"}).options.empty());
}

TEST_CASE("options may stand behind the destination, but not behind a command or --") {
  CHECK(read({"db", "-4", "ls", "-6"}).options == Words{"-4"});
  CHECK(read({"db", "-6", "-p", "22"}).options == Words{"-6", "-p", "22"});
  CHECK(read({"-4", "--", "db", "-6"}).options == Words{"-4"});
}

}  // namespace gladhand::ssh_call_test
