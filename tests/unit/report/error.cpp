// How gladhand ends: the statuses, the errors that carry them, text fit for a terminal, and the
// verdict on a race that was lost.
#include "gladhand/error.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <initializer_list>
#include <string>
#include <vector>

#include "report/narrator.hpp"
#include "report/verdict.hpp"

namespace gladhand::error_test {

TEST_CASE("the exit statuses are sysexits(3) numbers, and none reads as skipped or error") {
  const struct {
    ExitStatus status;
    int expected;
  } table[] = {
      {ExitStatus::handed_over, 0},
      {ExitStatus::usage, 64},
      {ExitStatus::no_address, 68},
      {ExitStatus::all_attempts_failed, 69},
      {ExitStatus::not_handed_over, 71},
      {ExitStatus::timed_out, 75},
  };
  for (const auto& [status, expected] : table) {
    CHECK(static_cast<int>(status) == expected);
    CHECK(static_cast<int>(status) != 77);
    CHECK(static_cast<int>(status) != 99);
  }
}

TEST_CASE("an error carries its message, its hint and its status") {
  const Error plain(ExitStatus::not_handed_over, "standard output is not a socket");
  CHECK(std::string(plain.what()) == "standard output is not a socket");
  CHECK(plain.hint().empty());
  CHECK(plain.status() == ExitStatus::not_handed_over);
  CHECK(Error(ExitStatus::timed_out, "late", "wait longer").hint() == "wait longer");
}

TEST_CASE("a usage error ends with status 64") {
  const UsageError error("the host is empty", "name one");
  CHECK(error.status() == ExitStatus::usage);
  CHECK(std::string(error.what()) == "the host is empty");
  CHECK(error.hint() == "name one");
  CHECK_THROWS_AS(throw UsageError("x"), Error);
}

TEST_CASE("printable ASCII is shown as it is, every other byte as \\xHH") {
  CHECK(printable("db.example") == "db.example");
  CHECK(printable("") == "");
  CHECK(printable(" ~!\"'") == " ~!\"'");
  CHECK(printable("a\nb") == "a\\x0ab");
  CHECK(printable("\x1b[31m") == "\\x1b[31m");
  CHECK(printable("\x7f\x80\xff") == "\\x7f\\x80\\xff");
  CHECK(printable("\xc3\xa4") == "\\xc3\\xa4");
  CHECK(printable(std::string_view("\0", 1)) == "\\x00");
}

TEST_CASE("no byte whatever reaches the terminal but printable ASCII") {
  for (int byte = 0; byte < 256; ++byte) {
    const char text[] = {static_cast<char>(byte)};
    for (const std::string& shown :
         {printable(std::string_view(text, 1)), in_quotes(std::string_view(text, 1))}) {
      CAPTURE(byte);
      CHECK_FALSE(shown.empty());
      CHECK(shown.find_first_not_of(" !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                    "[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~") == std::string::npos);
    }
  }
}

TEST_CASE("a text of 300 characters is shown whole") {
  const std::string text(300, 'a');
  CHECK(printable(text) == text);
  CHECK(in_quotes(text) == '\'' + text + '\'');
}

TEST_CASE("a longer text is cut after 300 characters, and says so") {
  const std::string shown(300, 'a');
  for (const std::size_t length : {301U, 302U, 100'000U}) {
    CAPTURE(length);
    const bool cut = printable(std::string(length, 'a')) == shown + "...";
    const bool cut_in_quotes = in_quotes(std::string(length, 'a')) == '\'' + shown + "...'";
    CHECK(cut);
    CHECK(cut_in_quotes);
  }
  CHECK(printable(std::string(100'000, '\n')).size() <= 310);
}

TEST_CASE("a word of the user's stands in single quotes, those inside shown as \\x27") {
  CHECK(in_quotes("db.example") == "'db.example'");
  CHECK(in_quotes("") == "''");
  CHECK(in_quotes("it's") == "'it\\x27s'");
  CHECK(in_quotes("'") == "'\\x27'");
  CHECK(in_quotes("a\nb") == "'a\\x0ab'");
}

// --- the verdict ---------------------------------------------------------------------------

namespace {

using namespace std::chrono_literals;
using State = AttemptReport::State;

constexpr Family AAAA = Family::ipv6;
constexpr Family A = Family::ipv4;

constexpr Moment ended = 30s;

AttemptReport attempt(const char* address, State state, Moment started = {}) {
  AttemptReport report{.endpoint = parse_address(address, 22).value()};
  report.state = state;
  report.started = started;
  return report;
}
AttemptReport failed(const char* address, int cause) {
  AttemptReport report = attempt(address, State::failed);
  report.cause = {cause, std::system_category()};
  return report;
}
QuestionReport answered(Family family, AnswerStatus status) {
  return {family, true, status};
}
QuestionReport unanswered(Family family) {
  return {family, false, {}};
}

const std::vector<QuestionReport> both_answered = {answered(AAAA, AnswerStatus::addresses),
                                                   answered(A, AnswerStatus::addresses)};

struct Lost {
  Outcome outcome;
  std::vector<QuestionReport> questions;
  std::vector<AttemptReport> attempts;
  const char* expected;  // behind "connect to 'db.example' port 22: "
};

void check_verdict(const Lost& lost, ExitStatus status, const std::string& hint = "") {
  const Target target{.host = "db.example", .service = "22", .port = 22, .name = "db.example"};
  const Error error =
      verdict({LostRace{{lost.outcome, 0, lost.questions, lost.attempts}, ""}}, target, ended);
  const std::string what = error.what();
  CHECK(what == "connect to 'db.example' port 22: " + std::string(lost.expected));
  CHECK(error.status() == status);
  CHECK(error.hint() == hint);
}

struct Statuses {
  AnswerStatus aaaa;
  AnswerStatus a;
  const char* expected;
};

void check_no_address(std::initializer_list<Statuses> table) {
  for (const auto& [aaaa, a, expected] : table)
    check_verdict({Outcome::no_address, {answered(AAAA, aaaa), answered(A, a)}, {}, expected},
                  ExitStatus::no_address);
}

}  // namespace

TEST_CASE("every attempt failed: each address is named with its cause, equal causes together") {
  const std::vector<Lost> table = {
      {Outcome::all_attempts_failed,
       both_answered,
       {failed("2001:db8::1", ECONNREFUSED), failed("192.0.2.7", ECONNREFUSED)},
       "refused by 2001:db8::1 and 192.0.2.7"},
      {Outcome::all_attempts_failed,
       both_answered,
       {failed("2001:db8::1", ENETUNREACH),
        failed("192.0.2.7", ECONNREFUSED),
        failed("2001:db8::2", EHOSTUNREACH),
        failed("192.0.2.8", ETIMEDOUT),
        failed("2001:db8::3", ENETUNREACH)},
       "network unreachable at 2001:db8::1 and 2001:db8::3, refused by 192.0.2.7, "
       "host unreachable at 2001:db8::2, no answer from 192.0.2.8"},
      {Outcome::all_attempts_failed,
       {answered(AAAA, AnswerStatus::no_address), answered(A, AnswerStatus::addresses)},
       {failed("192.0.2.7", EPERM)},
       "forbidden by this machine at 192.0.2.7"},
  };
  for (const Lost& lost : table) check_verdict(lost, ExitStatus::all_attempts_failed);
}

TEST_CASE("addresses are told in the order in which they were tried") {
  std::vector<AttemptReport> attempts = {failed("192.0.2.7", ECONNREFUSED),
                                         failed("2001:db8::1", ECONNREFUSED),
                                         failed("2001:db8::2", ENETUNREACH)};
  attempts[0].turn = 3;
  attempts[1].turn = 2;
  attempts[2].turn = 1;
  check_verdict({Outcome::all_attempts_failed,
                 both_answered,
                 attempts,
                 "network unreachable at 2001:db8::2, refused by 2001:db8::1 and 192.0.2.7"},
                ExitStatus::all_attempts_failed);
}

TEST_CASE("a question that got no answer is told beside the attempts: it took its time") {
  check_verdict({Outcome::all_attempts_failed,
                 {answered(AAAA, AnswerStatus::no_answer), answered(A, AnswerStatus::addresses)},
                 {failed("192.0.2.7", ECONNREFUSED)},
                 "refused by 192.0.2.7, no answer to the AAAA question"},
                ExitStatus::all_attempts_failed);
  check_verdict(
      {Outcome::all_attempts_failed,
       {answered(AAAA, AnswerStatus::server_failure), answered(A, AnswerStatus::addresses)},
       {failed("192.0.2.7", ECONNREFUSED)},
       "refused by 192.0.2.7, name servers report a failure"},
      ExitStatus::all_attempts_failed);
}

TEST_CASE("of a long list of refusals eight are named, and how many more there are") {
  std::vector<AttemptReport> attempts;
  for (int i = 1; i <= 11; ++i)
    attempts.push_back(failed(("192.0.2." + std::to_string(i)).c_str(), ECONNREFUSED));
  check_verdict({Outcome::all_attempts_failed,
                 both_answered,
                 attempts,
                 "refused by 192.0.2.1 and 192.0.2.2 and 192.0.2.3 and 192.0.2.4 and 192.0.2.5 and "
                 "192.0.2.6 and 192.0.2.7 and 192.0.2.8 and 3 more"},
                ExitStatus::all_attempts_failed);
}

TEST_CASE("a literal is refused by itself") {
  const Target target = parse_target("[2001:db8::1]", "ssh", "ssh 22/tcp");
  const Error error = verdict(
      {LostRace{{Outcome::all_attempts_failed, 0, {}, {failed("2001:db8::1", ECONNREFUSED)}}, ""}},
      target,
      ended);
  CHECK(std::string(error.what()) == "connect to '2001:db8::1' port ssh: refused by 2001:db8::1");
  CHECK(error.status() == ExitStatus::all_attempts_failed);
  CHECK(error.hint() == "");
}

TEST_CASE("addresses beyond the bound of a dial are counted, and the bound is told") {
  check_verdict({Outcome::all_attempts_failed,
                 both_answered,
                 {failed("2001:db8::1", ECONNREFUSED),
                  attempt("192.0.2.7", State::waiting),
                  failed("192.0.2.8", ECONNREFUSED),
                  attempt("192.0.2.9", State::waiting)},
                 "refused by 2001:db8::1 and 192.0.2.8, "
                 "2 more not tried (a dial tries 2 addresses at most)"},
                ExitStatus::all_attempts_failed);
}

TEST_CASE("time ran out: who was silent for how long, who was not tried, what was not answered") {
  const std::vector<Lost> table = {
      {Outcome::timed_out,
       both_answered,
       {failed("2001:db8::1", ECONNREFUSED), attempt("192.0.2.7", State::running, 20s)},
       "refused by 2001:db8::1, no answer from 192.0.2.7 in 10 s"},
      {Outcome::timed_out,
       both_answered,
       {attempt("2001:db8::1", State::running, 50ms),
        attempt("192.0.2.7", State::running, 29s),
        attempt("2001:db8::2", State::waiting),
        attempt("192.0.2.8", State::waiting)},
       "no answer from 2001:db8::1 in 30 s and 192.0.2.7 in 1 s, "
       "not tried: 2001:db8::2 and 192.0.2.8"},
      {Outcome::timed_out,
       {unanswered(AAAA), unanswered(A)},
       {},
       "no answer to the AAAA question in 30 s, no answer to the A question in 30 s"},
      {Outcome::timed_out,
       {unanswered(AAAA), answered(A, AnswerStatus::no_address)},
       {},
       "no answer to the AAAA question in 30 s, no IPv4 address"},
  };
  for (const Lost& lost : table) check_verdict(lost, ExitStatus::timed_out);
}

TEST_CASE("time ran out with one question open: the one that brought addresses is not told") {
  check_verdict({Outcome::timed_out,
                 {unanswered(AAAA), answered(A, AnswerStatus::addresses)},
                 {attempt("192.0.2.7", State::running, 20s)},
                 "no answer from 192.0.2.7 in 10 s, no answer to the AAAA question in 30 s"},
                ExitStatus::timed_out);
}

TEST_CASE("no address: what each question brought, once where they agree") {
  using enum AnswerStatus;
  check_no_address({
      {no_such_name, no_such_name, "name does not exist"},
      {no_address, no_address, "no IPv6 address, no IPv4 address"},
      {server_failure, server_failure, "name servers report a failure"},
      {bad_answer, bad_answer, "name servers send nonsense"},
      {server_failure, no_such_name, "name servers report a failure, name does not exist"},
  });
}

TEST_CASE("[RFC 4074 §4.2] a name that one question denies and the other knows does exist") {
  using enum AnswerStatus;
  for (const bool ipv6_denied : {true, false})
    check_verdict({Outcome::no_address,
                   {answered(AAAA, ipv6_denied ? no_such_name : no_address),
                    answered(A, ipv6_denied ? no_address : no_such_name)},
                   {},
                   "no IPv6 address, no IPv4 address"},
                  ExitStatus::no_address);
}

TEST_CASE("no name server answers: a hint says where they are named") {
  using enum AnswerStatus;
  const Lost silent{Outcome::no_address,
                    {answered(AAAA, no_answer), answered(A, no_answer)},
                    {},
                    "no name server answers"};
  check_verdict(silent,
                ExitStatus::no_address,
                "see the nameserver lines of /etc/resolv.conf, or name a server with --dns-server");
  const Target target{.host = "db.example", .service = "22", .port = 22, .name = "db.example"};
  const DialFailure failure{
      LostRace{{silent.outcome, 0, silent.questions, {}}, "", {}, {"192.0.2.53", "192.0.2.54"}}};
  const Error error = verdict(failure, target, ended, 1, NameServers::given);
  CHECK(error.hint() == "see whether the servers of --dns-server are up");
  CHECK(std::string(error.what()) ==
        "connect to 'db.example' port 22: no name server answers (asked: 192.0.2.53 and "
        "192.0.2.54)");
}

TEST_CASE("silence about one question only is told as such: a server does answer") {
  using enum AnswerStatus;
  check_no_address({
      {no_answer, no_address, "no answer to the AAAA question, no IPv4 address"},
      {no_answer, server_failure, "no answer to the AAAA question, name servers report a failure"},
      {no_such_name, no_answer, "name does not exist, no answer to the A question"},
  });
  check_verdict({Outcome::timed_out,
                 {answered(AAAA, no_answer), unanswered(A)},
                 {},
                 "no answer to the AAAA question, no answer to the A question in 30 s"},
                ExitStatus::timed_out);
}

TEST_CASE("a name that nobody knows: a hint says who was not asked") {
  using enum AnswerStatus;
  const auto hint = [](AnswerStatus status, const std::vector<std::string>& unasked) {
    const Target target{.host = "db", .service = "22", .port = 22, .name = "db"};
    const Finish finish{Outcome::no_address, 0, {answered(AAAA, status), answered(A, status)}, {}};
    return verdict({LostRace{finish, "", unasked}}, target, ended).hint();
  };
  CHECK(hint(no_such_name, {}) == "");
  CHECK(hint(no_such_name, {"mDNS"}) == "'mDNS' may know it, but nobody asked: see --resolver");
  CHECK(hint(server_failure, {"libvirt", "wi ns"}) ==
        "'libvirt' and 'wi ns' may know it, but nobody asked: see --resolver");
  CHECK(hint(no_answer, {"mDNS"}) ==
        "see the nameserver lines of /etc/resolv.conf, or name a server with --dns-server");
}

TEST_CASE("-4 and no address of that family") {
  check_verdict(
      {Outcome::no_address, {answered(A, AnswerStatus::no_address)}, {}, "no IPv4 address"},
      ExitStatus::no_address);
  check_verdict({Outcome::no_address, {}, {}, "no address of the family that was asked for"},
                ExitStatus::no_address);
}

TEST_CASE("a cause that has no words of ours is told in lower case, as every message is") {
  CHECK(to_words(std::error_code(ECONNRESET, std::system_category())) ==
        "connection reset by peer");
  check_verdict({Outcome::all_attempts_failed,
                 both_answered,
                 {failed("192.0.2.7", ECONNRESET)},
                 "connection reset by peer at 192.0.2.7"},
                ExitStatus::all_attempts_failed);
}

}  // namespace gladhand::error_test

TEST_CASE("the user and password of a URL are shown nowhere") {
  CHECK(gladhand::without_user("http://alice:s3cret@proxy:80") == "http://proxy:80");
  CHECK(gladhand::without_user("--proxy=socks5://a:b@c@proxy") == "--proxy=socks5://proxy");
  CHECK(gladhand::without_user("http://a:it's/all@one x://b:c@two") == "http://one x://two");
  CHECK(gladhand::without_user("http://proxy:80 and joe") == "http://proxy:80 and joe");
  CHECK(gladhand::without_user("joe@example://") == "joe@example://");
  CHECK(gladhand::without_user("") == "");
  CHECK(gladhand::printable("http://alice:s3cret@proxy") == "http://proxy");
  CHECK(gladhand::in_quotes("http://alice:s3'cret@proxy") == "'http://proxy'");
}
