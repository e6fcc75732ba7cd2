// The order of candidates: the ten rules of [RFC 6724 §6], then the families interleaved.
#include "race/order.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <string>
#include <vector>

namespace gladhand::order_test {

namespace {

constexpr std::string_view none = "-";  // no source: no route

Candidate to(std::string_view destination, std::string_view source, int prefix_length = 64) {
  Candidate result{parse_address(destination, 22).value(), std::nullopt};
  if (source != none) result.source = Source{parse_address(source, 0).value(), prefix_length};
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

std::vector<std::size_t> as_given(std::size_t size) {
  std::vector<std::size_t> order(size);
  std::iota(order.begin(), order.end(), 0U);
  return order;
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

// `better` comes first whichever is named first, and `rule` is why. Where it can, a test gives
// the worse one the advantage by the next rule, to show as well which of the two goes first.
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

TEST_CASE("[HEv3 §5.2] groups go before all rules, each with its families interleaved") {
  std::vector<Candidate> list = {to("2001:db8::1", "2001:db8::f"),
                                 to("192.0.2.1", "192.0.2.9"),
                                 to("192.0.2.2", none),
                                 to("2001:db8::2", "2001:db8::f")};
  list[2].group = 0;
  list[1].group = list[3].group = 1;
  CHECK(sorted(list) == "192.0.2.2 2001:db8::2 192.0.2.1 2001:db8::1");
  CHECK(deciding_rule(list[2], list[3], {}) == Rule::service_order);
  list[0].group = 1;
  const auto order = interleave(sort_destinations(list, {}), list, 1);
  CHECK(in_order(list, order) == "192.0.2.2 2001:db8::1 192.0.2.1 2001:db8::2");
}

TEST_CASE("[HEv3 §8.2] an address that a NAT64 translates is sorted as the IPv4 one") {
  Candidate translated = to("64:ff9b::808:808", "2001:db8::f");
  translated.stands_for = in_addr{htonl(0x08080808)};
  const Candidate native = to("2001:db9::1", "2001:db8::f");
  check_ranked(native, translated, Rule::matching_label);
  const std::vector<Candidate> list = {
      to("2001:db9::1", "2001:db8::f"), to("2001:db9::2", "2001:db8::f"), translated};
  CHECK(in_order(list, interleave(sort_destinations(list, {}), list, 1)) ==
        "2001:db9::1 64:ff9b::808:808 2001:db9::2");
}

TEST_CASE("[RFC 6724 §6 rule 1] a destination without a source comes last") {
  check_ranked(to("192.0.2.1", "192.0.2.9"), to("2001:db8::1", none), Rule::avoid_unusable);
  check_ranked(deprecated(to("3ffe::1", "fe80::9")), to("::1", none), Rule::avoid_unusable);
}

TEST_CASE("[RFC 6724 §6 rule 1] destinations without a source stay in the order given") {
  check_unranked(to("2001:db8::1", none), to("2001:db8::2", none));
  CHECK(sorted({to("2001:db8::1", none), to("192.0.2.1", "192.0.2.9"), to("2001:db8::2", none)}) ==
        "192.0.2.1 2001:db8::1 2001:db8::2");
}

TEST_CASE("[RFC 6724 §6] destinations without a source are told apart by what is known of them") {
  check_ranked(to("2001:db8::1", none), to("192.0.2.1", none), Rule::higher_precedence);
  check_ranked(to("fd00::1", none), to("fec0::1", none), Rule::higher_precedence);
}

TEST_CASE("[RFC 6724 §6 rule 2] a source of the destination's own scope is preferred") {
  check_ranked(to("192.0.2.1", "192.0.2.9"), to("2001:db8::1", "fe80::9"), Rule::matching_scope);
  check_ranked(deprecated(to("2001:db8::1", "2001:db8::9")),
               to("fe80::1", "2001:db8::9"),
               Rule::matching_scope);
}

TEST_CASE("[RFC 6724 §6 rule 3] a deprecated source is avoided") {
  check_ranked(to("192.0.2.1", "192.0.2.9"),
               deprecated(home(to("2001:db8::1", "2001:db8::9"))),
               Rule::avoid_deprecated);
}

TEST_CASE("[RFC 6724 §6 rule 4] a home address is preferred") {
  check_ranked(home(to("2001:db8::1", "2002:c000:209::9")),
               to("2001:db8:1::1", "2001:db8:1::9"),
               Rule::home_address);
}

TEST_CASE("[RFC 6724 §6 rule 5] a source with the destination's own label is preferred") {
  check_ranked(to("2002:c000:201::1", "2002:c000:209::9"),
               to("2001:db8::1", "2002:c000:209::9"),
               Rule::matching_label);
  check_ranked(to("fd00::1", "fd00::9"), to("2001:db8::1", "fd00::9"), Rule::matching_label);
}

TEST_CASE("[RFC 6724 §6 rule 6] a higher precedence is preferred") {
  // Every pair of neighbours in this list, by the default table [RFC 6724 §2.1].
  const std::vector<Candidate> list = {
      to("::1", "::1", 128),
      encapsulated(to("2001:db8::1", "2001:db8::9")),
      to("192.0.2.1", "192.0.2.9"),
      to("2002:c000:201::1", "2002:c000:209::9"),
      to("2001:0:c000:201::1", "2001:0:c000:201::9"),
      to("fd00::1", "fd00::9"),
      to("3ffe::1", "3ffe::9"),
  };
  for (std::size_t i = 0; i + 1 < list.size(); ++i)
    check_ranked(list[i], list[i + 1], Rule::higher_precedence);
}

TEST_CASE("[RFC 6724 §6 rule 7] native transport is preferred to a tunnel") {
  check_ranked(to("2001:db8:1::1", "2001:db8:1::9"),
               encapsulated(to("2001:db8::1", "2001:db8::9")),
               Rule::native_transport);
  check_ranked(to("2001:db8:1::1", "2001:db8:1::9"),
               encapsulated(to("fe80::1", "fe80::9")),
               Rule::native_transport);
}

TEST_CASE("[RFC 6724 §6 rule 8] a smaller scope is preferred") {
  check_ranked(
      to("fe80::1", "fe80::9"), to("2001:db8::1", "2001:db8::1", 128), Rule::smaller_scope);
  check_ranked(to("169.254.0.1", "169.254.0.9"), to("192.0.2.1", "192.0.2.9"), Rule::smaller_scope);
}

TEST_CASE("[RFC 6724 §6 rule 9] more bits in common with the source are preferred") {
  check_ranked(to("2001:db8::1", "2001:db8::9"),
               to("2001:db8:8000::1", "2001:db8::9"),
               Rule::longest_prefix);
  CHECK(sorted({to("2001:db8:8000::1", "2001:db8::9"),
                to("2001:db8:1::1", "2001:db8::9"),
                to("2001:db8::1", "2001:db8::9"),
                to("2001:db8:100::1", "2001:db8::9")}) ==
        "2001:db8::1 2001:db8:1::1 2001:db8:100::1 2001:db8:8000::1");
}

TEST_CASE("[RFC 6724 §6 rule 9] bits are counted up to the end of the source's prefix only") {
  // 127 and 65 bits in common, of which a /64 leaves 64.
  const auto near = [](int length) { return to("2001:db8::8", "2001:db8::9", length); };
  const auto far = [](int length) { return to("2001:db8::4000:0:0:1", "2001:db8::9", length); };
  check_unranked(near(64), far(64));
  check_unranked(near(65), far(65));
  check_ranked(near(66), far(66), Rule::longest_prefix);
  check_ranked(near(128), far(128), Rule::longest_prefix);
  check_ranked(to("2001:db8:1::1", "2001:db8:1::9", 64),
               to("2001:db8::1", "2001:db8::9", 48),
               Rule::longest_prefix);
}

TEST_CASE("[RFC 6724 §6 rule 9] IPv4 keeps the order of its answer beyond the link") {
  check_unranked(to("203.0.113.1", "192.0.2.9", 24), to("198.51.100.1", "192.0.2.9", 24));
  check_unranked(to("192.0.3.1", "192.0.2.9", 24), to("198.51.100.1", "192.0.2.9", 24));
  CHECK(sorted({to("198.51.100.1", "192.0.2.9", 24),
                to("192.0.3.1", "192.0.2.9", 24),
                to("198.51.100.2", "192.0.2.9", 24)}) == "198.51.100.1 192.0.3.1 198.51.100.2");
}

TEST_CASE("[RFC 6724 §6 rule 9] IPv4 on the link goes first, in the order of its answer") {
  check_ranked(
      to("192.0.2.1", "192.0.2.9", 24), to("198.51.100.1", "192.0.2.9", 24), Rule::longest_prefix);
  check_unranked(to("192.0.2.8", "192.0.2.9", 24), to("192.0.2.200", "192.0.2.9", 24));
  CHECK(sorted({to("198.51.100.1", "192.0.2.9", 24),
                to("192.0.2.200", "192.0.2.9", 24),
                to("192.0.2.8", "192.0.2.9", 24)}) == "192.0.2.200 192.0.2.8 198.51.100.1");
  // Nobody knows the subnet of a source that no interface has.
  check_unranked(to("192.0.2.1", "192.0.2.9", 128), to("198.51.100.1", "192.0.2.9", 128));
}

TEST_CASE("[RFC 6724 §6 rule 9] an IPv4 and an IPv6 address are not compared by it") {
  const auto policy = PolicyTable::from_gai_conf("precedence ::/0 40\n");
  check_unranked(to("192.0.2.1", "192.0.2.9", 32), to("2001:db8:8000::1", "2001:db8::9"), policy);
}

TEST_CASE("[RFC 6724 §6 rule 10] otherwise the order is unchanged") {
  check_unranked(to("2001:db8::1", "2001:db8::9"), to("2001:db8::2", "2001:db8::9"));
  for (const char* prefix : {"192.0.2.", "2001:db8::"}) {
    std::vector<Candidate> list;
    for (int i = 1; i <= 100; ++i)
      list.push_back(to(prefix + std::to_string(i * 37 % 101), prefix + std::string("200")));
    CHECK(sort_destinations(list, {}) == as_given(list.size()));
  }
}

TEST_CASE("nothing to sort, or one, is sorted") {
  CHECK(sort_destinations({}, {}).empty());
  CHECK(sorted({to("2001:db8::1", none)}) == "2001:db8::1");
}

TEST_CASE("[RFC 6724 §10.2] the worked examples come out as they are worked") {
  check_ranked(to("2001:db8:1::1", "2001:db8:1::2"),
               to("198.51.100.121", "169.254.13.78"),
               Rule::matching_scope);
  check_ranked(
      to("198.51.100.121", "198.51.100.117"), to("2001:db8:1::1", "fe80::1"), Rule::matching_scope);
  check_ranked(
      to("2001:db8:1::1", "2001:db8:1::2"), to("10.1.2.3", "10.1.2.4"), Rule::higher_precedence);
  check_ranked(to("fe80::1", "fe80::2"), to("2001:db8:1::1", "2001:db8:1::2"), Rule::smaller_scope);
  check_ranked(
      home(to("2001:db8:1::1", "2001:db8:3::1")), to("fe80::1", "fe80::2"), Rule::home_address);
  check_ranked(to("2001:db8:1::1", "2001:db8:1::2"),
               deprecated(to("fe80::1", "fe80::2")),
               Rule::avoid_deprecated);
  check_ranked(to("2001:db8:1::1", "2001:db8:1::2"),
               to("2001:db8:3ffe::1", "2001:db8:3f44::2"),
               Rule::longest_prefix);
  check_ranked(to("2002:c633:6401::1", "2002:c633:6401::2"),
               to("2001:db8:1::1", "2002:c633:6401::2"),
               Rule::matching_label);
  check_ranked(to("2001:db8:1::1", "2001:db8:1::2"),
               to("2002:c633:6401::1", "2002:c633:6401::2"),
               Rule::higher_precedence);
}

TEST_CASE("[RFC 6724 §10.3] a higher precedence for ::ffff:0:0/96 puts IPv4 first") {
  const auto policy = PolicyTable::from_gai_conf("precedence ::ffff:0:0/96 100\n");
  check_ranked(to("10.1.2.3", "10.1.2.4"),
               to("2001:db8:1::1", "2001:db8:1::2"),
               Rule::higher_precedence,
               policy);
  check_ranked(to("2001:db8:1::1", "2001:db8:1::2"),
               to("198.51.100.121", "169.254.13.78"),
               Rule::matching_scope,
               policy);
}

TEST_CASE("every rule has its words, no two the same") {
  std::vector<std::string> all;
  for (int number = 1; number <= 10; ++number)
    all.emplace_back(to_string(static_cast<Rule>(number)));
  CHECK(std::ranges::count(all, "") == 0);
  CHECK(all[5] == "higher precedence");
  std::ranges::sort(all);
  CHECK(std::ranges::adjacent_find(all) == all.end());
}

namespace {

// Drawn from few values, so that two often agree up to a late rule.
Candidate draw(std::mt19937& random) {
  const auto any_of = [&random](const std::vector<const char*>& values) {
    return values[random() % values.size()];
  };
  const bool ipv6 = random() % 2 == 0;
  const char* destination =
      ipv6 ? any_of({"2001:db8::1", "2001:db8:8000::1", "2001:db8:1::1", "fe80::1", "fd00::1"})
           : any_of({"192.0.2.1", "198.51.100.1", "169.254.0.1"});
  const char* source = ipv6 ? any_of({"2001:db8::9", "2001:db8:1::9", "fe80::9", "fd00::9"})
                            : any_of({"192.0.2.9", "169.254.0.9"});
  if (random() % 8 == 0) return to(destination, none);
  Candidate result = to(destination, source, random() % 2 == 0 ? 64 : 40);
  result.source->deprecated = random() % 8 == 0;
  result.source->home = random() % 8 == 0;
  result.source->encapsulated = random() % 4 == 0;
  return result;
}

// Checks one sorted list: whatever a rule ranks, it ranks as for the two alone; what none ranks
// inside a family is in the order given.
void check_consistent(const std::vector<Candidate>& list, const PolicyTable& policy) {
  const std::vector<std::size_t> order = sort_destinations(list, policy);
  REQUIRE(std::ranges::is_permutation(order, as_given(list.size())));
  for (auto first = order.begin(); first != order.end(); ++first) {
    for (auto second = first + 1; second != order.end(); ++second) {
      const Candidate& a = list[*first];
      const Candidate& b = list[*second];
      if (deciding_rule(a, b, policy) != Rule::unchanged_order) {
        const std::vector<Candidate> reversed = {b, a};
        CHECK(sort_destinations(reversed, policy).front() == 1);
      } else if (a.endpoint.family() == b.endpoint.family()) {
        CHECK(*first < *second);
      }
    }
  }
}

}  // namespace

TEST_CASE("[RFC 6724 §6] the rules agree on one order for any list, whatever order it comes in") {
  std::mt19937 random(6724);
  // By the second table an IPv4 and an IPv6 address can tie in rules 1 to 8: there a pairwise
  // comparison with rule 9 for IPv6 only would run in circles.
  for (const PolicyTable& policy : {PolicyTable(),
                                    PolicyTable::from_gai_conf("precedence ::/0 40\n"),
                                    PolicyTable::from_gai_conf("precedence ::ffff:0:0/96 100\n")}) {
    for (int round = 0; round < 100; ++round) {
      std::vector<Candidate> list;
      for (int size = 1 + round % 9; size > 0; --size) list.push_back(draw(random));
      for (int again = 0; again < 3; ++again) {
        check_consistent(list, policy);
        std::ranges::shuffle(list, random);
      }
    }
  }
}

namespace {

// Takes families such as "446", names each address by its place in its family, and interleaves:
// "4a 6a 4b".
std::string interleaved(const std::string& families, unsigned preferred_family_count) {
  std::vector<Candidate> list;
  std::vector<std::string> names;
  char next4 = 'a';
  char next6 = 'a';
  for (const char family : families) {
    char& next = family == '6' ? next6 : next4;
    const std::string digit(1, static_cast<char>('1' + next - 'a'));
    list.push_back(to((family == '6' ? "2001:db8::" : "192.0.2.") + digit, none));
    names.push_back(family + std::string(1, next++));
  }
  std::string text;
  for (const std::size_t i : interleave(as_given(list.size()), list, preferred_family_count))
    text += (text.empty() ? "" : " ") + names.at(i);
  return text;
}

}  // namespace

TEST_CASE("[HEv3 §5.3] families alternate after the preferred ones, each in its own order") {
  const struct {
    const char* families;  // sorted
    unsigned preferred_family_count;
    const char* expected;
  } table[] = {
      {"6644", 1, "6a 4a 6b 4b"},
      {"4466", 1, "4a 6a 4b 6b"},
      {"4646", 1, "4a 6a 4b 6b"},
      {"44466", 1, "4a 6a 4b 6b 4c"},
      {"66644", 1, "6a 4a 6b 4b 6c"},
      {"64444", 1, "6a 4a 4b 4c 4d"},
      {"66664", 1, "6a 4a 6b 6c 6d"},
      {"66644", 2, "6a 6b 4a 6c 4b"},
      {"46464", 2, "4a 4b 6a 4c 6b"},
      {"66644", 3, "6a 6b 6c 4a 4b"},
      {"66644", 1000, "6a 6b 6c 4a 4b"},
      {"64", 1000, "6a 4a"},
      {"6644", 0, "6a 4a 6b 4b"},
      {"666", 1, "6a 6b 6c"},
      {"666", 2, "6a 6b 6c"},
      {"444", 1, "4a 4b 4c"},
      {"444", 0, "4a 4b 4c"},
      {"6", 1, "6a"},
      {"4", 5, "4a"},
      {"", 0, ""},
      {"", 1, ""},
      {"", 1000, ""},
  };
  for (const auto& row : table) {
    CAPTURE(std::string(row.families));
    CAPTURE(row.preferred_family_count);
    CHECK(interleaved(row.families, row.preferred_family_count) == row.expected);
  }
}

TEST_CASE("[RFC 8305 §4] an answer of both families begins with IPv6 and alternates") {
  const std::vector<Candidate> list = {to("192.0.2.1", "192.0.2.9"),
                                       to("192.0.2.2", "192.0.2.9"),
                                       to("2001:db8::1", "2001:db8::9"),
                                       to("2001:db8::2", "2001:db8::9")};
  CHECK(in_order(list, interleave(sort_destinations(list, {}), list, 1)) ==
        "2001:db8::1 192.0.2.1 2001:db8::2 192.0.2.2");
}

TEST_CASE("an endpoint of another kind is interleaved as IPv4 is") {
  const std::vector<Candidate> list = {
      to("2001:db8::1", none), to("2001:db8::2", none), Candidate{}, to("192.0.2.1", none)};
  CHECK(interleave(as_given(4), list, 1) == std::vector<std::size_t>{0, 2, 1, 3});
}

}  // namespace gladhand::order_test
