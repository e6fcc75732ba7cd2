// Service records: their order, and what is asked for.
#include "names/service.hpp"

#include <doctest/doctest.h>

#include <map>
#include <random>
#include <string>

#include "gladhand/error.hpp"

namespace gladhand::service_test {

namespace {

std::string order(const std::vector<ServiceRecord>& records, std::vector<unsigned> drawn = {}) {
  std::size_t at = 0;
  const Draw draw = [&](unsigned most) {
    const unsigned number = at < drawn.size() ? drawn[at++] : 0;
    CHECK(number <= most);
    return number;
  };
  std::string text;
  for (const ServiceRecord& it : order_srv(records, draw)) text += it.host + ' ';
  return text;
}

}  // namespace

TEST_CASE("[RFC 2782] the smaller priority goes first") {
  CHECK(order({{20, 9, 22, "c"}, {10, 0, 22, "b"}, {0, 0, 22, "a"}}) == "a b c ");
  const std::vector<ServiceRecord> heavier_last = {{10, 1, 22, "a"}, {20, 100, 22, "b"}};
  CHECK(order_srv(heavier_last, [](unsigned most) { return most; }).front().host == "a");
}

TEST_CASE("[RFC 2782] those of equal priority are drawn by their running sum of weights") {
  const std::vector<ServiceRecord> records = {{0, 10, 22, "a"}, {0, 30, 22, "b"}, {0, 60, 22, "c"}};
  CHECK(order(records, {0}) == "a b c ");
  CHECK(order(records, {10, 0}) == "a b c ");
  CHECK(order(records, {11, 0}) == "b a c ");
  CHECK(order(records, {40, 70}) == "b c a ");
  CHECK(order(records, {41, 11}) == "c b a ");
  CHECK(order(records, {100, 40}) == "c b a ");
}

TEST_CASE("[RFC 2782] one without a weight stands before those with one: only 0 draws it") {
  const std::vector<ServiceRecord> records = {{0, 1, 22, "heavy"}, {0, 0, 22, "light"}};
  CHECK(order(records, {0}) == "light heavy ");
  CHECK(order(records, {1}) == "heavy light ");
  CHECK(order({{0, 0, 22, "a"}, {0, 0, 22, "b"}}) == "a b ");
}

TEST_CASE("[RFC 2782] the first is drawn in proportion to its weight") {
  std::mt19937 random(2782);
  const Draw draw = [&random](unsigned most) {
    return std::uniform_int_distribution<unsigned>(0, most)(random);
  };
  std::map<std::string, int> first;
  for (int i = 0; i < 10000; ++i)
    ++first[order_srv({{0, 100, 22, "a"}, {0, 300, 22, "b"}}, draw).front().host];
  CHECK(first["b"] > 7300);
  CHECK(first["b"] < 7700);
}

TEST_CASE("what cannot be connected to is left out, and so is what is too much") {
  CHECK(order({{0, 0, 0, "no-port"}, {0, 0, 22, ""}, {0, 0, 22, "a b"}, {0, 0, 22, "a"}}) == "a ");
  std::vector<ServiceRecord> many(1000, ServiceRecord{0, 65535, 22, "a"});
  CHECK(order_srv(many, [](unsigned most) { return most; }).size() == most_service_hosts);
}

TEST_CASE("[RFC 2782] a single \".\" says that nobody offers the service") {
  CHECK(is_withdrawn({{0, 0, 0, ""}}));
  CHECK_FALSE(is_withdrawn({}));
  CHECK_FALSE(is_withdrawn({{0, 0, 22, "a"}}));
  CHECK_FALSE(is_withdrawn({{0, 0, 0, ""}, {0, 0, 22, "a"}}));
}

TEST_CASE("services are labels that begin with '_'") {
  for (const char* good : {"_ssh._tcp", "_x", "_a._b._c"}) CHECK_NOTHROW(check_service(good));
  for (const char* bad : {"",
                          "ssh",
                          "ssh._tcp",
                          "_ssh.tcp",
                          "_",
                          "_ssh._",
                          "_ssh._tcp.",
                          "_a b",
                          "._tcp",
                          "_ssh.._tcp"})
    CHECK_THROWS_AS(check_service(bad), UsageError);
}

TEST_CASE("a service is asked for at every name of the search list that has room for it") {
  CHECK(service_names("_ssh._tcp", {"db.example", "db"}) ==
        std::vector<std::string>{"_ssh._tcp.db.example", "_ssh._tcp.db"});
  std::string longest(63, 'a');
  for (int i = 0; i < 3; ++i) longest += '.' + std::string(61, 'a');
  CHECK(service_names("_ssh._tcp", {longest, "db"}) == std::vector<std::string>{"_ssh._tcp.db"});
}

}  // namespace gladhand::service_test
