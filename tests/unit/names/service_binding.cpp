// SVCB records: what is well-formed, what is usable, and in which order.
#include "names/service_binding.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>

namespace gladhand::service_binding_test {

namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes operator+(Bytes left, const Bytes& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

Bytes number(unsigned value) {
  return {static_cast<std::uint8_t>(value >> 8U), static_cast<std::uint8_t>(value)};
}

Bytes param(unsigned key, const Bytes& value) {
  return number(key) + number(static_cast<unsigned>(value.size())) + value;
}

const Bytes a_example = {1, 'a', 7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 0};
const Bytes root = {0};
const Bytes v4 = {192, 0, 2, 1};
const Bytes v6 = {0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};

// "1 a.example port 2222 hints 192.0.2.1", or "malformed"; "unusable" behind it.
std::string reading(const Bytes& data) {
  const auto it = read_service_binding(data);
  if (!it) return "malformed";
  std::string text = std::to_string(it->priority) + ' ' + (it->host.empty() ? "." : it->host);
  if (it->port) text += " port " + std::to_string(*it->port);
  for (const Endpoint& hint : it->hints) text += ' ' + to_string(hint);
  return text + (it->is_usable ? "" : " unusable");
}

std::string reading(unsigned priority, const Bytes& host, const Bytes& params = {}) {
  return reading(number(priority) + host + params);
}

unsigned none(unsigned /*most*/) {
  return 0;
}

std::string order(const std::vector<ServiceBinding>& records, const Draw& draw = none) {
  std::string text;
  for (const ServiceRecord& it : order_bindings(records, 22, draw))
    text += it.host + ':' + std::to_string(it.port) + ' ';
  return text;
}

}  // namespace

TEST_CASE("[RFC 9460 §2.2] priority, host, parameters") {
  CHECK(reading(1, a_example) == "1 a.example");
  CHECK(reading(16, root) == "16 .");
  CHECK(reading(1, a_example, param(3, number(2222)) + param(4, v4) + param(6, v6)) ==
        "1 a.example port 2222 192.0.2.1 2001:db8::1");
  CHECK(reading(1, a_example, param(1, {2, 'h', '2'}) + param(5, {}) + param(65280, {1})) ==
        "1 a.example");
}

TEST_CASE("[RFC 9460 §2.2] what is malformed") {
  for (const Bytes& data : {Bytes{},
                            Bytes{0},
                            number(1),
                            number(1) + Bytes{1, 'a'},
                            number(1) + Bytes{64},
                            number(1) + Bytes{0xc0, 12}})
    CHECK(reading(data) == "malformed");
  for (const Bytes& params : {Bytes{0},
                              number(3),
                              number(3) + number(2),
                              number(3) + number(3) + number(22),
                              param(3, {22}),
                              param(3, {0, 22, 0}),
                              param(4, {}),
                              param(4, {192, 0, 2}),
                              param(6, v4),
                              param(4, v4) + param(3, number(22)),
                              param(3, number(22)) + param(3, number(22))})
    CHECK(reading(1, a_example, params) == "malformed");
  Bytes long_name;
  for (int i = 0; i < 5; ++i) long_name = long_name + Bytes{63} + Bytes(63, 'a');
  CHECK(reading(1, long_name + root) == "malformed");
}

TEST_CASE("[RFC 9460 §8] mandatory keys") {
  const Bytes port = param(3, number(22));
  CHECK(reading(1, a_example, param(0, number(3)) + port) == "1 a.example port 22");
  CHECK(reading(1, a_example, param(0, number(1)) + param(1, {2, 'h', '2'})) ==
        "1 a.example unusable");
  CHECK(reading(1, a_example, param(0, number(3) + number(9)) + port + param(9, {})) ==
        "1 a.example port 22 unusable");
  for (const Bytes& keys : {Bytes{}, Bytes{3}, number(0), number(4), number(3) + number(3)})
    CHECK(reading(1, a_example, param(0, keys) + port) == "malformed");
}

TEST_CASE("[RFC 9460 §2.4.2] the parameters of an alias do not count") {
  CHECK(reading(0, a_example, Bytes{1, 2, 3}) == "0 a.example");
  CHECK(reading(0, root) == "0 .");
}

TEST_CASE("a name that is no host's is not used") {
  CHECK(reading(1, {3, 'a', '.', 'b', 0}) == "1 a.b");
  CHECK(reading(1, {3, 'a', ' ', 'b', 0}) == "1 a b unusable");
  CHECK(reading(1, {2, 'a', '\\', 0}) == "1 a\\ unusable");
  CHECK(reading(1, {2, 'a', 0, 0}).ends_with("unusable"));
}

TEST_CASE("the first hints are enough") {
  Bytes many;
  for (int i = 0; i < 100; ++i) many = many + v4;
  const auto binding = read_service_binding(number(1) + a_example + param(4, many));
  CHECK(binding->hints.size() == most_hints);
}

TEST_CASE("[RFC 9460 §2.4.1] an alias is drawn, and nothing beside it counts") {
  const std::vector<ServiceBinding> records = {{1, "a"}, {0, "b"}, {0, "c"}};
  CHECK(alias_in(records, none) == "b");
  CHECK(alias_in(records, [](unsigned most) { return most; }) == "c");
  CHECK(alias_in({{1, "a"}}, none) == std::nullopt);
  CHECK(alias_in({{0, ""}}, none) == "");
}

TEST_CASE("[RFC 9460 §2.4.1] the smaller priority first, equal ones shuffled") {
  CHECK(order({{3, "c", 2222}, {1, "a"}, {2, "b"}}) == "a:22 b:22 c:2222 ");
  const std::vector<ServiceBinding> equals = {{1, "a"}, {1, "b"}, {2, "c"}};
  CHECK(order(equals, [](unsigned most) { return most; }) == "a:22 b:22 c:22 ");
  CHECK(order(equals, none) == "b:22 a:22 c:22 ");
}

TEST_CASE("what cannot be used is left out, and so is what is too much") {
  ServiceBinding unusable{1, "a"};
  unusable.is_usable = false;
  CHECK(order({unusable, {0, "b"}, {1, ""}, {1, "c", std::uint16_t{0}}, {1, "d"}}) == "d:22 ");
  const std::vector<ServiceBinding> many(1000, ServiceBinding{1, "a"});
  CHECK(order_bindings(many, 22, none).size() == most_service_hosts);
}

TEST_CASE("[RFC 9460 §2.3] the port stands before the service, ssh's own need not") {
  CHECK(binding_names(2222, {"db.example"}) == std::vector<std::string>{"_2222._ssh.db.example"});
  CHECK(
      binding_names(22, {"db.example", "db"}) ==
      std::vector<std::string>{"_22._ssh.db.example", "_ssh.db.example", "_22._ssh.db", "_ssh.db"});
}

TEST_CASE("no bytes do harm") {
  const Bytes whole = number(1) + a_example + param(0, number(3)) + param(3, number(22)) +
                      param(4, v4) + param(6, v6);
  std::mt19937 random(9460);
  for (int i = 0; i < 50000; ++i) {
    Bytes mutated = whole;
    for (auto changes = 1 + random() % 3; changes > 0; --changes)
      mutated[random() % mutated.size()] = static_cast<std::uint8_t>(random());
    mutated.resize(random() % 3 == 0 ? random() % mutated.size() : mutated.size());
    const auto binding = read_service_binding(mutated);
    if (binding) CHECK(binding->hints.size() <= 2 * most_hints);
  }
}

}  // namespace gladhand::service_binding_test
