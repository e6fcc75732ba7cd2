// The order of candidates: the ten rules of [RFC 6724 §6], then the families interleaved.
#include "gladhand/order.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <sstream>
#include <string>
#include <vector>

namespace gladhand::order_test {

namespace {

constexpr std::string_view undefined = "-";  // no source: no route

Candidate candidate(std::string_view destination,
                    std::string_view source,
                    int prefix_length = 64) {
  Candidate result{parse_address(destination, 22).value(), std::nullopt};
  if (source != undefined)
    result.source = Source{.address = parse_address(source, 0).value(),
                           .prefix_length = prefix_length};
  return result;
}

Candidate deprecated(Candidate from) {
  from.source.value().deprecated = true;
  return from;
}
Candidate home(Candidate from) {
  from.source.value().home = true;
  return from;
}
Candidate encapsulated(Candidate from) {
  from.source.value().encapsulated = true;
  return from;
}

std::string in_order(const std::vector<Candidate>& list, const std::vector<std::size_t>& order) {
  std::string text;
  for (const std::size_t i : order)
    text += (text.empty() ? "" : " ") + to_string(list.at(i).endpoint);
  return text;
}

std::string sorted(const std::vector<Candidate>& list, const PolicyTable& policy = {}) {
  return in_order(list, sort_destinations(list, policy));
}

// `better` comes first whichever is named first, and `rule` is why.
void check_ranked(const Candidate& better,
                  const Candidate& worse,
                  Rule rule,
                  const PolicyTable& policy = {}) {
  CAPTURE(to_string(better.endpoint));
  CAPTURE(to_string(worse.endpoint));
  const std::string expected = to_string(better.endpoint) + ' ' + to_string(worse.endpoint);
  CHECK(sorted({better, worse}, policy) == expected);
  CHECK(sorted({worse, better}, policy) == expected);
  CHECK(deciding_rule(better, worse, policy) == rule);
  CHECK(deciding_rule(worse, better, policy) == rule);
}

// No rule ranks them: the order given stays.
void check_unranked(const Candidate& a, const Candidate& b, const PolicyTable& policy = {}) {
  CHECK(sorted({a, b}, policy) == to_string(a.endpoint) + ' ' + to_string(b.endpoint));
  CHECK(sorted({b, a}, policy) == to_string(b.endpoint) + ' ' + to_string(a.endpoint));
  CHECK(deciding_rule(a, b, policy) == Rule::unchanged_order);
  CHECK(deciding_rule(b, a, policy) == Rule::unchanged_order);
}

}  // namespace

TEST_CASE("[RFC 6724 §6 rule 1] a destination without a source comes last") {
  check_ranked(candidate("192.0.2.1", "192.0.2.9"),
               candidate("2001:db8::1", undefined),
               Rule::avoid_unusable);
  check_ranked(deprecated(candidate("3ffe::1", "fe80::9")),
               candidate("::1", undefined),
               Rule::avoid_unusable);
}

TEST_CASE("[RFC 6724 §6 rule 1] destinations without a source stay in the order given") {
  check_unranked(candidate("2001:db8::1", undefined), candidate("2001:db8::2", undefined));
  CHECK(sorted({candidate("2001:db8::1", undefined),
                candidate("192.0.2.1", "192.0.2.9"),
                candidate("2001:db8::2", undefined)}) == "192.0.2.1 2001:db8::1 2001:db8::2");
}

TEST_CASE("[RFC 6724 §6 rule 2] a source of the destination's own scope is preferred") {
  check_ranked(candidate("192.0.2.1", "192.0.2.9"),
               candidate("2001:db8::1", "fe80::9"),
               Rule::matching_scope);
  check_ranked(deprecated(candidate("2001:db8::1", "2001:db8::9")),
               candidate("fe80::1", "2001:db8::9"),
               Rule::matching_scope);
}

TEST_CASE("[RFC 6724 §6 rule 3] a deprecated source is avoided") {
  check_ranked(candidate("192.0.2.1", "192.0.2.9"),
               deprecated(home(candidate("2001:db8::1", "2001:db8::9"))),
               Rule::avoid_deprecated);
}

TEST_CASE("[RFC 6724 §6 rule 4] a home address is preferred") {
  check_ranked(home(candidate("2001:db8::1", "2002:c000:209::9")),
               candidate("2001:db8:1::1", "2001:db8:1::9"),
               Rule::home_address);
}

TEST_CASE("[RFC 6724 §6 rule 5] a source with the destination's own label is preferred") {
  check_ranked(candidate("2002:c000:201::1", "2002:c000:209::9"),
               candidate("2001:db8::1", "2002:c000:209::9"),
               Rule::matching_label);
  check_ranked(candidate("fd00::1", "fd00::9"),
               candidate("2001:db8::1", "fd00::9"),
               Rule::matching_label);
}

TEST_CASE("[RFC 6724 §6 rule 6] a higher precedence is preferred") {
  // Every pair of neighbours in this list, by the default table [RFC 6724 §2.1].
  const std::vector<Candidate> list = {
      candidate("::1", "::1", 128),
      encapsulated(candidate("2001:db8::1", "2001:db8::9")),
      candidate("192.0.2.1", "192.0.2.9"),
      candidate("2002:c000:201::1", "2002:c000:209::9"),
      candidate("2001:0:c000:201::1", "2001:0:c000:201::9"),
      candidate("fd00::1", "fd00::9"),
      candidate("3ffe::1", "3ffe::9"),
  };
  for (std::size_t i = 0; i + 1 < list.size(); ++i)
    check_ranked(list[i], list[i + 1], Rule::higher_precedence);
}

TEST_CASE("[RFC 6724 §6 rule 7] native transport is preferred to a tunnel") {
  check_ranked(candidate("2001:db8:1::1", "2001:db8:1::9"),
               encapsulated(candidate("2001:db8::1", "2001:db8::9")),
               Rule::native_transport);
  check_ranked(candidate("2001:db8:1::1", "2001:db8:1::9"),
               encapsulated(candidate("fe80::1", "fe80::9")),
               Rule::native_transport);
}

TEST_CASE("[RFC 6724 §6 rule 8] a smaller scope is preferred") {
  check_ranked(candidate("fe80::1", "fe80::9"),
               candidate("2001:db8::1", "2001:db8::1"),
               Rule::smaller_scope);
  check_ranked(candidate("169.254.0.1", "169.254.0.9"),
               candidate("192.0.2.1", "192.0.2.9"),
               Rule::smaller_scope);
}

TEST_CASE("[RFC 6724 §6 rule 9] more bits in common with the source are preferred") {
  check_ranked(candidate("2001:db8::1", "2001:db8::9"),
               candidate("2001:db8:8000::1", "2001:db8::9"),
               Rule::longest_prefix);
  CHECK(sorted({candidate("2001:db8:8000::1", "2001:db8::9"),
                candidate("2001:db8:1::1", "2001:db8::9"),
                candidate("2001:db8::1", "2001:db8::9"),
                candidate("2001:db8:100::1", "2001:db8::9")}) ==
        "2001:db8::1 2001:db8:1::1 2001:db8:100::1 2001:db8:8000::1");
}

TEST_CASE("[RFC 6724 §6 rule 9] bits are counted up to the end of the source's prefix only") {
  // 127 and 65 bits in common, of which a /64 leaves 64.
  const auto near = [](int length) { return candidate("2001:db8::8", "2001:db8::9", length); };
  const auto far = [](int length) {
    return candidate("2001:db8::4000:0:0:1", "2001:db8::9", length);
  };
  check_unranked(near(64), far(64));
  check_unranked(near(65), far(65));
  check_ranked(near(66), far(66), Rule::longest_prefix);
  check_ranked(near(128), far(128), Rule::longest_prefix);
  check_ranked(candidate("2001:db8:1::1", "2001:db8:1::9", 64),
               candidate("2001:db8::1", "2001:db8::9", 48),
               Rule::longest_prefix);
}

TEST_CASE("[RFC 6724 §6 rule 9] IPv4 keeps the order of its answer") {
  check_unranked(candidate("192.0.2.1", "192.0.2.9", 24),
                 candidate("198.51.100.1", "192.0.2.9", 24));
  CHECK(sorted({candidate("198.51.100.1", "192.0.2.9", 24),
                candidate("192.0.2.1", "192.0.2.9", 24),
                candidate("198.51.100.2", "192.0.2.9", 24)}) ==
        "198.51.100.1 192.0.2.1 198.51.100.2");
}

TEST_CASE("[RFC 6724 §6 rule 9] an IPv4 and an IPv6 address are not compared by it") {
  const auto policy = PolicyTable::from_gai_conf("precedence ::/0 40\n");
  check_unranked(candidate("192.0.2.1", "192.0.2.9", 32),
                 candidate("2001:db8:8000::1", "2001:db8::9"),
                 policy);
}

TEST_CASE("[RFC 6724 §6 rule 10] otherwise the order is unchanged") {
  check_unranked(candidate("2001:db8::1", "2001:db8::9"), candidate("2001:db8::2", "2001:db8::9"));
  std::vector<Candidate> list;
  for (int i = 1; i <= 100; ++i)
    list.push_back(candidate("192.0.2." + std::to_string(i * 37 % 101), "192.0.2.200"));
  std::vector<std::size_t> as_given(list.size());
  std::iota(as_given.begin(), as_given.end(), 0U);
  CHECK(sort_destinations(list, {}) == as_given);
}

TEST_CASE("an earlier rule decides before a later one") {
  // Each candidate loses to the one before it by its rule, and would win by every later one.
  const std::vector<Candidate> list = {
      encapsulated(deprecated(candidate("3ffe::1", "2001:db8::9"))),          // usable
      home(candidate("::1", undefined)),
  };
  CHECK(sorted({list[1], list[0]}) == "3ffe::1 ::1");
}

TEST_CASE("nothing to sort, or one, is sorted") {
  CHECK(sort_destinations({}, {}).empty());
  CHECK(sorted({candidate("2001:db8::1", undefined)}) == "2001:db8::1");
}
}  // namespace gladhand::order_test
