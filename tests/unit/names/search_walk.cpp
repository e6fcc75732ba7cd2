// The walk through a search list, both families together.
#include "names/search_walk.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

namespace gladhand::search_walk_test {

namespace {

using enum AnswerStatus;

constexpr AnswerStatus negatives[] = {
    no_address, no_such_name, server_failure, no_answer, bad_answer};
constexpr Family AAAA = Family::ipv6;
constexpr Family A = Family::ipv4;

std::string in_words(AnswerStatus status) {
  switch (status) {
    case addresses: return "addresses";
    case no_address: return "no_address";
    case no_such_name: return "no_such_name";
    case server_failure: return "server_failure";
    case no_answer: return "no_answer";
    case bad_answer: return "bad_answer";
  }
  return "?";
}

// A walk, and what it says to each answer: "AAAA addresses 2001:db8::1, A no_address", or
// "next: db.b.example", or nothing at all.
class Walk {
 public:
  explicit Walk(std::vector<std::string> names, std::vector<Family> families = {AAAA, A})
      : walk_(std::move(names), std::move(families)) {
    CHECK_FALSE(walk_.asks_again());
  }

  std::string take(Family family, AnswerStatus status) {
    return take(walk_.position(), family, status);
  }

  std::string take(std::size_t position, Family family, AnswerStatus status) {
    SearchWalk::Answer answer{family, status, {}};
    if (status == addresses)
      answer.addresses = {parse_address(family == AAAA ? "2001:db8::1" : "192.0.2.1", 22).value()};
    return in_words(walk_.take(position, std::move(answer)));
  }

  // The Resolution Delay after a lone denial is over.
  std::string wait() {
    CHECK(walk_.holds_denial());
    const std::string text = in_words(walk_.end_denial());
    CHECK_FALSE(walk_.holds_denial());
    return text;
  }

  bool holds_denial() const { return walk_.holds_denial(); }
  std::string name() const { return walk_.name(); }

 private:
  std::string in_words(const std::vector<SearchWalk::Answer>& answers) const {
    std::string text;
    for (const SearchWalk::Answer& final : answers) {
      text += (text.empty() ? "" : ", ") + std::string(question_type(final.family)) + ' ' +
              search_walk_test::in_words(final.status);
      for (const Endpoint& address : final.addresses) text += ' ' + to_string(address);
      CHECK(final.addresses.empty() == (final.status != addresses));
    }
    if (walk_.asks_again()) text += "next: " + walk_.name();
    return text;
  }

  SearchWalk walk_;
};

}  // namespace

TEST_CASE("a list of one name: every answer is final at once") {
  for (const AnswerStatus status : negatives) {
    Walk walk({"db.example"});
    CHECK(walk.name() == "db.example");
    CHECK(walk.take(AAAA, status) == "AAAA " + in_words(status));
    CHECK(walk.take(A, addresses) == "A addresses 192.0.2.1");
    CHECK(walk.name() == "db.example");
  }
}

TEST_CASE("NXDOMAIN for AAAA does not stop A") {
  Walk one({"db"});
  CHECK(one.take(AAAA, no_such_name) == "AAAA no_such_name");
  CHECK(one.take(A, addresses) == "A addresses 192.0.2.1");

  Walk two({"db.a.example", "db"});
  CHECK(two.take(AAAA, no_such_name) == "");
  CHECK(two.take(A, addresses) == "AAAA no_such_name, A addresses 192.0.2.1");
  CHECK(two.name() == "db.a.example");
}

TEST_CASE("a positive answer is final at once, and no other name is asked in either family") {
  for (const auto& [first, second] : {std::pair(AAAA, A), std::pair(A, AAAA)}) {
    for (const AnswerStatus status :
         {no_address, no_such_name, server_failure, no_answer, bad_answer, addresses}) {
      Walk walk({"db.a.example", "db.b.example", "db"});
      const std::string positive = walk.take(first, addresses);
      CHECK(positive == (first == AAAA ? "AAAA addresses 2001:db8::1" : "A addresses 192.0.2.1"));
      const std::string other = walk.take(second, status);
      CHECK(other.starts_with(std::string(question_type(second)) + ' ' + in_words(status)));
      CHECK(other.find("next") == std::string::npos);
      CHECK(walk.name() == "db.a.example");
    }
  }
}

TEST_CASE("a negative answer is held until the other family's is known") {
  for (const AnswerStatus status : negatives) {
    if (status == no_such_name) continue;
    Walk walk({"db.a.example", "db"});
    CHECK(walk.take(A, status) == "");
    CHECK(walk.name() == "db.a.example");
    CHECK(walk.take(AAAA, addresses) == "A " + in_words(status) + ", AAAA addresses 2001:db8::1");
  }
}

TEST_CASE("[RFC 8020 §2] NXDOMAIN for A is for the whole name: AAAA is not waited for for long") {
  Walk walk({"db.a.example", "db.b.example", "db"});
  CHECK(walk.take(A, no_such_name) == "");
  CHECK(walk.wait() == "next: db.b.example");
  CHECK(walk.take(A, no_such_name) == "");
  CHECK(walk.wait() == "next: db");
  CHECK(walk.take(A, no_such_name) == "");
  CHECK(walk.wait() == "A no_such_name, AAAA no_such_name");

  Walk found({"db.a.example", "db.b.example", "db"});
  found.take(A, no_such_name);
  CHECK(found.wait() == "next: db.b.example");
  CHECK(found.take(A, addresses) == "A addresses 192.0.2.1");
}

TEST_CASE("an address within the Resolution Delay outweighs NXDOMAIN for A") {
  for (const std::vector<std::string>& names :
       {std::vector<std::string>{"db"}, {"db.a.example", "db"}}) {
    Walk walk(names);
    CHECK(walk.take(A, no_such_name) == "");
    CHECK(walk.take(AAAA, addresses) == "A no_such_name, AAAA addresses 2001:db8::1");
    CHECK_FALSE(walk.holds_denial());
    CHECK(walk.name() == names.front());
  }
}

TEST_CASE("a name without addresses is a name: the walk ends there") {
  for (const AnswerStatus other : {no_address, server_failure, no_answer, bad_answer}) {
    Walk walk({"db.a.example", "db"});
    CHECK(walk.take(AAAA, no_address) == "");
    CHECK(walk.take(A, other) == "AAAA no_address, A " + in_words(other));
    CHECK(walk.name() == "db.a.example");
  }
  for (const Family family : {AAAA, A}) {
    Walk walk({"db.a.example", "db"}, {family});
    CHECK(walk.take(family, no_address) == std::string(question_type(family)) + " no_address");
  }
}

TEST_CASE("what filters AAAA says no_address of every name: A's denial outweighs it") {
  Walk walk({"db.a.example", "db"});
  CHECK(walk.take(A, no_such_name) == "");
  CHECK(walk.take(AAAA, no_address) == "next: db");
}

TEST_CASE("an answer to a name that was passed over is dropped, whatever it says") {
  for (const AnswerStatus status : {addresses, no_address, no_such_name, no_answer}) {
    Walk walk({"db.a.example", "db"});
    CHECK(walk.take(0, A, no_such_name) == "");
    CHECK(walk.wait() == "next: db");
    CHECK(walk.take(0, AAAA, status) == "");
    CHECK(walk.name() == "db");
    CHECK(walk.take(1, A, addresses) == "A addresses 192.0.2.1");
    CHECK(walk.take(0, AAAA, status) == "");
    CHECK(walk.take(1, AAAA, addresses) == "AAAA addresses 2001:db8::1");
  }
}

TEST_CASE("an answer after the final one is dropped") {
  Walk walk({"db"});
  walk.take(A, no_such_name);
  CHECK(walk.wait() == "A no_such_name, AAAA no_such_name");
  CHECK(walk.take(AAAA, addresses) == "");
  CHECK(walk.take(A, addresses) == "");
}

TEST_CASE("[RFC 4074 §4.2] NXDOMAIN for A takes no address back that AAAA has brought") {
  Walk walk({"db.a.example", "db"});
  CHECK(walk.take(AAAA, addresses) == "AAAA addresses 2001:db8::1");
  CHECK(walk.take(A, no_such_name) == "A no_such_name");
  CHECK(walk.name() == "db.a.example");
}

TEST_CASE("both families end on the same name") {
  Walk walk({"db.a.example", "db.b.example", "db"});
  CHECK(walk.take(AAAA, no_such_name) == "");
  CHECK(walk.take(A, no_such_name) == "next: db.b.example");
  CHECK(walk.take(A, no_address) == "");
  CHECK(walk.name() == "db.b.example");
  CHECK(walk.take(AAAA, addresses) == "A no_address, AAAA addresses 2001:db8::1");
  CHECK(walk.name() == "db.b.example");
}

TEST_CASE("asks_again is true until the next answer only") {
  SearchWalk walk({"db.a.example", "db"}, {AAAA, A});
  walk.take(walk.position(), {AAAA, no_such_name, {}});
  CHECK_FALSE(walk.asks_again());
  walk.take(walk.position(), {A, no_such_name, {}});
  CHECK(walk.asks_again());
  CHECK(walk.name() == "db");
  walk.take(walk.position(), {A, no_such_name, {}});
  CHECK_FALSE(walk.asks_again());
  walk.end_denial();
  CHECK_FALSE(walk.asks_again());
}

TEST_CASE("after the last name the most telling status of all names is told, by family") {
  const struct {
    AnswerStatus first;
    AnswerStatus last;
    AnswerStatus expected;
  } table[] = {
      {no_such_name, no_such_name, no_such_name},
      {no_address, no_such_name, no_address},
      {no_such_name, no_address, no_address},
      {server_failure, no_such_name, server_failure},
      {no_such_name, server_failure, server_failure},
      {bad_answer, no_such_name, bad_answer},
      {no_address, server_failure, no_address},
      {no_address, no_answer, no_address},
      {server_failure, no_answer, no_answer},
  };
  for (const auto& row : table) {
    CAPTURE(in_words(row.first));
    CAPTURE(in_words(row.last));
    Walk walk({"db.a.example", "db"});
    walk.take(AAAA, row.first);
    CHECK(walk.take(A, no_such_name) == "next: db");
    CHECK(walk.take(AAAA, row.last) == "AAAA " + in_words(row.expected));
    CHECK(walk.take(A, no_such_name) == "A no_such_name");
  }
}

TEST_CASE("a positive answer is told as such, whatever a name before it said") {
  Walk walk({"db.a.example", "db"});
  walk.take(AAAA, bad_answer);
  walk.take(A, server_failure);
  CHECK(walk.take(A, addresses) == "A addresses 192.0.2.1");
  CHECK(walk.take(AAAA, no_such_name) == "AAAA bad_answer");
}

TEST_CASE("a server that is silent to both families stops the walk") {
  Walk walk({"db.a.example", "db.b.example", "db"});
  CHECK(walk.take(AAAA, no_answer) == "");
  CHECK(walk.take(A, no_answer) == "AAAA no_answer, A no_answer");
  CHECK(walk.name() == "db.a.example");

  Walk later({"db.a.example", "db.b.example", "db"});
  later.take(AAAA, no_such_name);
  CHECK(later.take(A, no_such_name) == "next: db.b.example");
  later.take(A, no_answer);
  CHECK(later.take(AAAA, no_answer) == "A no_answer, AAAA no_answer");
}

TEST_CASE("a server that is silent to one family only does not stop the walk") {
  Walk walk({"db.a.example", "db"});
  walk.take(AAAA, no_answer);
  CHECK(walk.take(A, no_such_name) == "next: db");
  CHECK(walk.take(A, addresses) == "A addresses 192.0.2.1");
  CHECK(walk.take(AAAA, addresses) == "AAAA addresses 2001:db8::1");
}

TEST_CASE("one family walks alone") {
  Walk walk({"db.a.example", "db.b.example", "db"}, {A});
  CHECK(walk.take(A, no_such_name) == "next: db.b.example");
  CHECK(walk.take(A, server_failure) == "next: db");
  CHECK(walk.take(A, no_such_name) == "A server_failure");

  Walk found({"db.a.example", "db.b.example", "db"}, {AAAA});
  CHECK(found.take(AAAA, server_failure) == "next: db.b.example");
  CHECK(found.take(AAAA, addresses) == "AAAA addresses 2001:db8::1");
  CHECK(found.name() == "db.b.example");

  Walk silent({"db.a.example", "db"}, {A});
  CHECK(silent.take(A, no_answer) == "A no_answer");
}

TEST_CASE("any answers to any list end it: one final answer a family, and as many names as asked") {
  constexpr AnswerStatus all[] = {
      addresses, no_address, no_such_name, server_failure, no_answer, bad_answer};
  for (int choice = 0; choice < 2 * 6 * 6 * 6 * 6; ++choice) {
    SearchWalk walk({"db.a.example", "db"}, {AAAA, A});
    int rest = choice / 2;
    const Family first = choice % 2 == 0 ? AAAA : A;
    const Family second = choice % 2 == 0 ? A : AAAA;
    int finals[] = {0, 0};
    int asked = 1;
    for (int name = 0; name < asked; ++name) {
      const std::size_t position = walk.position();
      for (const Family family : {first, second}) {
        SearchWalk::Answer answer{family, all[rest % 6], {}};
        rest /= 6;
        for (const SearchWalk::Answer& final : walk.take(position, std::move(answer)))
          ++finals[static_cast<std::size_t>(final.family)];
        if (walk.asks_again()) ++asked;
      }
    }
    CAPTURE(choice);
    CHECK(asked <= 2);
    CHECK(finals[0] == 1);
    CHECK(finals[1] == 1);
  }
}

}  // namespace gladhand::search_walk_test
