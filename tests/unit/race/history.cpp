// The rules of history in simulated time, named by the sentence each proves; and what a history
// looks like as a text.
#include "race/history.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>

#include "race/history_text.hpp"
#include "world.hpp"

using namespace world;

namespace {

const std::string six = "2001:db8::1";
const std::string six2 = "2001:db8::2";
const std::string six3 = "2001:db8::3";
const std::string six4 = "2001:db8::4";
const std::string four = "192.0.2.1";
const std::string four2 = "192.0.2.2";

constexpr auto now = 1'800'000'000s;

// Dials of one client from one network, each with what those before have taught.
class Client {
 public:
  // The starts of one dial of `world`, without the time of their end.
  Log dial(World world) {
    world.options.history = std::make_shared<const gladhand::History>(history);
    Simulation simulation(world);
    Log log = simulation.run();
    std::erase_if(log, [](const std::string& line) { return line.find("start") == line.npos; });
    const gladhand::Finish& finish = simulation.finish();
    std::optional<Moment> round_trip;
    if (finish.outcome == gladhand::Outcome::connected) {
      const auto it = world.peers.find(to_string(finish.attempts[finish.winner].endpoint));
      round_trip = it->second.after;
    }
    learn(history, simulation.race().lessons(), "db.example", round_trip, now);
    return log;
  }

  Log dial(const World& world, unsigned times) {
    Log log;
    for (unsigned i = 0; i < times; ++i) log = dial(world);
    return log;
  }

  gladhand::KnownEndpoint known(const std::string& address) const {
    const auto* found = history.find(*gladhand::parse_address(address, 22));
    REQUIRE(found != nullptr);
    return *found;
  }

  const gladhand::KnownFamily& family(Family which) const {
    return history.families[static_cast<std::size_t>(which)];
  }

  gladhand::History history;
};

const char* const site_first = "label ::/0 1\nprecedence fc00::/7 100\n";

const World dead_first{.known = {six, four}, .peers = {{four, {20ms}}}};
const World both_good{.known = {six, four}, .peers = {{six, {20ms}}, {four, {20ms}}}};
const Log six_then_four{"0 start 2001:db8::1", "250 start 192.0.2.1"};
const Log four_alone{"0 start 192.0.2.1"};

World to(const Addresses& addresses, std::map<std::string, Peer> peers) {
  return {.known = addresses, .peers = std::move(peers)};
}

}  // namespace

TEST_SUITE("history: what does not answer") {
  TEST_CASE("an address that kept silent where another won is last in the next dial") {
    Client client;
    CHECK(client.dial(dead_first) == six_then_four);
    CHECK(client.dial(dead_first) == four_alone);
  }

  TEST_CASE("where it alone is known, the other family's answer is waited for") {
    Client client;
    client.dial(dead_first);
    World world{.answers = {{AAAA, 10ms, {six}}, {A, 30ms, {four}}}, .peers = {{four, {20ms}}}};
    CHECK(client.dial(world) == Log{"30 start 192.0.2.1"});
    world.answers[1].at = 100ms;  // no longer than the Resolution Delay
    CHECK(client.dial(world) == Log{"60 start 2001:db8::1", "310 start 192.0.2.1"});
    world.answers[1] = {A, 20ms};
    world.peers = {{six, {20ms}}};
    CHECK(client.dial(world) == Log{"20 start 2001:db8::1"});
  }

  TEST_CASE("one that is refused is last, too") {
    Client client;
    const World world = to({six, four}, {{six, refuses}, {four, {20ms}}});
    CHECK(client.dial(world) == Log{"0 start 2001:db8::1", "0 start 192.0.2.1"});
    CHECK(client.dial(world) == four_alone);
  }

  TEST_CASE("one that answered before may lose one packet") {
    Client client;
    client.dial(both_good);
    client.dial(dead_first);
    CHECK(client.dial(dead_first).front() == "0 start 2001:db8::1");
    CHECK(client.dial(dead_first) == four_alone);
  }

  TEST_CASE("one that is last is tried in its turn once fifteen dials have passed it over") {
    Client client;
    client.dial(dead_first);
    for (int i = 0; i < 15; ++i) CHECK(client.dial(dead_first) == four_alone);
    CHECK(client.dial(dead_first) == six_then_four);
  }

  TEST_CASE("a probe that fails begins a new count") {
    Client client;
    client.dial(dead_first);
    client.dial(dead_first, 15);
    CHECK(client.dial(dead_first).front() == "0 start 2001:db8::1");
    CHECK(client.known(six).failures == 2);
    for (int i = 0; i < 15; ++i) CHECK(client.dial(dead_first) == four_alone);
    CHECK(client.dial(dead_first).front() == "0 start 2001:db8::1");
  }

  TEST_CASE("one success resets an address") {
    Client client;
    client.dial(dead_first);
    CHECK(client.dial(both_good, 16) == Log{"0 start 2001:db8::1"});
    CHECK(client.known(six).failures == 0);
    CHECK(client.dial(both_good) == Log{"0 start 2001:db8::1"});
  }

  TEST_CASE("a dial that nobody won teaches nothing") {
    Client client;
    client.dial(to({six, four}, {{six, refuses}, {four, refuses}}));
    client.dial(to({six, four}, {}));
    CHECK(client.history.endpoints.empty());
  }

  TEST_CASE("an attempt that a faster one overtook within its delay has not failed") {
    Client client;
    World world = to({six, six2, four}, {{six, refuses}, {four, {5ms}}});
    world.options.backup_attempt = false;
    client.dial(world);  // 2001:db8::1 fails, 192.0.2.1 starts at once and wins
    CHECK(client.history.find(*gladhand::parse_address(six2, 22)) == nullptr);
  }

  TEST_CASE("what is last comes behind all others, of whatever family") {
    Client client;
    const World world = to({six, four, four2}, {{four, {20ms}}, {four2, {30ms}}});
    client.dial(world);
    CHECK(client.dial(to({six, four, four2}, {{six, {600ms}}})) ==
          Log{"0 start 192.0.2.1", "100 start 192.0.2.2", "350 start 2001:db8::1"});
  }

  TEST_CASE("[RFC 2782] [HEv3 §5.3] what is last comes behind those of its host, not behind another's") {
    Client client;
    World world;
    world.service = Service{0ms, {{.known = {six, four}}, {.known = {four2}}}};
    world.peers = {{four2, {20ms}}};
    CHECK(client.dial(world) ==
          Log{"0 start 2001:db8::1", "250 start 192.0.2.1", "500 start 192.0.2.2"});
    world.peers = {{four, {20ms}}, {four2, {20ms}}};
    CHECK(client.dial(world) == Log{"0 start 2001:db8::1", "250 start 192.0.2.1"});
    CHECK(client.dial(world) == four_alone);
  }

  TEST_CASE("where all of a host's are last, only what may come before them is waited for") {
    Client client;
    World world;
    world.service = Service{0ms, {{.known = {six}}, {.answers = {{A, 20ms, {four2}}}}}};
    world.peers = {{four2, {20ms}}};
    client.dial(world);
    CHECK(client.dial(world) == Log{"0 start 2001:db8::1", "250 start 192.0.2.2"});
    world.service->hosts[0].answers = {{A, 30ms, {four}}};
    world.peers[four] = {20ms};
    CHECK(client.dial(world) == Log{"30 start 192.0.2.1"});
  }

  TEST_CASE("addresses of this machine and of its link are not remembered") {
    Client client;
    client.dial(to({"::1", "127.0.0.1"}, {{"127.0.0.1", {1ms}}}));
    client.dial(to({"169.254.0.1"}, {{"169.254.0.1", {1ms}}}));
    CHECK(client.history.endpoints.empty());
  }
}

TEST_SUITE("history: a broken family") {
  World silent_six(const std::string& host_six, const std::string& host_four) {
    return to({host_six, host_four}, {{host_four, {20ms}}});
  }

  Client with_broken_ipv6() {
    Client client;
    for (const std::string& it : {six, six2, six3}) client.dial(silent_six(it, four));
    return client;
  }

  TEST_CASE("once three of its addresses have failed, a new one goes last") {
    Client client = with_broken_ipv6();
    CHECK(client.dial(silent_six(six4, four2)) == Log{"0 start 192.0.2.2"});
  }

  TEST_CASE("one address that fails again and again does not condemn its family") {
    Client client;
    client.dial(dead_first, 70);
    CHECK(client.family(AAAA).failures == 1);
  }

  TEST_CASE("its answer is not waited for") {
    Client client = with_broken_ipv6();
    const World world{.answers = {{AAAA, 200ms, {six4}}, {A, 10ms, {four2}}},
                      .peers = {{four2, {20ms}}}};
    for (int i = 0; i < 15; ++i) CHECK(client.dial(world) == Log{"10 start 192.0.2.2"});
    // Nor has it to come to be counted: the sixteenth dial waits for it again.
    CHECK(client.dial(world) == Log{"60 start 192.0.2.2"});
  }

  TEST_CASE(
      "it is tried in its turn once fifteen dials have passed it over, and one success resets it") {
    Client client = with_broken_ipv6();
    const World good = to({six4, four2}, {{six4, {20ms}}, {four2, {20ms}}});
    for (int i = 0; i < 15; ++i) CHECK(client.dial(good) == Log{"0 start 192.0.2.2"});
    CHECK(client.dial(good) == Log{"0 start 2001:db8::4"});
    CHECK(client.family(AAAA).failures == 0);
    CHECK(client.dial(good) == Log{"0 start 2001:db8::4"});
  }

  TEST_CASE("a probe of the family that fails begins a new count") {
    Client client = with_broken_ipv6();
    client.dial(silent_six(six4, four2), 15);
    CHECK(client.dial(silent_six(six4, four2)).front() == "0 start 2001:db8::4");
    CHECK(client.family(AAAA).passed_over == 0);
    CHECK(client.dial(silent_six(six4, four2)) == Log{"0 start 192.0.2.2"});
  }

  TEST_CASE("a probe of an address is made, whatever is said of its family") {
    Client client = with_broken_ipv6();
    client.history.endpoints.front().passed_over = gladhand::dials_between_probes;
    CHECK(client.dial(silent_six(six, four)).front() == "0 start 2001:db8::1");
  }

  TEST_CASE("a host that has no other address is dialled all the same") {
    Client client = with_broken_ipv6();
    CHECK(client.dial(to({six4}, {{six4, {20ms}}})) == Log{"0 start 2001:db8::4"});
    CHECK(client.family(AAAA).failures == 0);
  }

  TEST_CASE("addresses of a site say nothing of their family, and nothing is said of them") {
    Client client;
    for (const char* it : {"fd00::1", "fd00::2", "fd00::3"}) {
      World world = to({it, "10.0.0.1"}, {{"10.0.0.1", {20ms}}});
      world.policy = gladhand::PolicyTable::from_gai_conf(site_first);
      CHECK(client.dial(world).size() == 2);
    }
    CHECK(client.family(AAAA).failures == 0);
    client = with_broken_ipv6();
    World site = to({"fd00::9", four}, {{"fd00::9", {20ms}}, {four, {20ms}}});
    site.policy = gladhand::PolicyTable::from_gai_conf(site_first);
    CHECK(client.dial(site) == Log{"0 start fd00::9"});
  }

  TEST_CASE("where both are broken, neither is") {
    gladhand::History history;
    history.families = {{{.failures = 9}, {.failures = 9}}};
    CHECK(!broken_family(history));
  }
}

TEST_SUITE("history: order") {
  World two_of_ipv4(Moment first, Moment second) {
    return to({four, four2}, {{four, {first}}, {four2, {second}}});
  }

  TEST_CASE("[HEv3 §5.3] the shorter round trip goes first, where rules 1 to 8 have no say") {
    Client client;
    client.dial(to({four}, {{four, {40ms}}}));
    client.dial(to({four2}, {{four2, {10ms}}}));
    CHECK(client.dial(two_of_ipv4(40ms, 10ms)) == Log{"0 start 192.0.2.2"});
    // Rule 6 has: IPv6 before IPv4, however far it is.
    client.dial(to({six}, {{six, {90ms}}}));
    CHECK(client.dial(to({four2, six}, {{four2, {10ms}}, {six, {90ms}}})) ==
          Log{"0 start 2001:db8::1"});
  }

  TEST_CASE("[HEv3 §5.3] one that was used goes before one that was not") {
    Client client;
    client.dial(to({four2}, {{four2, {10ms}}}));
    CHECK(client.dial(two_of_ipv4(10ms, 10ms)) == Log{"0 start 192.0.2.2"});
  }

  TEST_CASE("[HEv3 §5.3] so it does where its round trip could not be measured") {
    Client client;
    client.history.endpoints = {
        {.endpoint = *gladhand::parse_address(four2, 22), .won = 1, .used = now}};
    CHECK(client.dial(two_of_ipv4(20ms, 20ms)) == Log{"0 start 192.0.2.2"});
  }

  TEST_CASE("what does not answer is last where addresses are tried one by one, too") {
    Client client;
    client.dial(dead_first);
    World world = dead_first;
    world.options.one_by_one = 500ms;
    CHECK(client.dial(world) == four_alone);
  }

  TEST_CASE("addresses with about one round trip keep the order of the answer") {
    Client client;
    client.dial(to({four}, {{four, {21ms}}}));
    client.dial(to({four2}, {{four2, {20ms}}}));
    CHECK(client.dial(two_of_ipv4(21ms, 20ms)) == Log{"0 start 192.0.2.1"});
  }

  TEST_CASE(
      "[HEv3 §5.3] every sixteenth dial ignores the order of history, so that clients converge") {
    Client client;
    client.dial(to({four2}, {{four2, {10ms}}}));
    for (int i = 0; i < 14; ++i)
      CHECK(client.dial(two_of_ipv4(1ms, 10ms)) == Log{"0 start 192.0.2.2"});
    CHECK(client.dial(two_of_ipv4(1ms, 10ms)) == Log{"0 start 192.0.2.1"});
    client.dial(two_of_ipv4(1ms, 10ms), 5);
    CHECK(client.dial(two_of_ipv4(1ms, 10ms)) == Log{"0 start 192.0.2.1"});
  }
}

TEST_SUITE("history: the Connection Attempt Delay") {
  const World silent = to({four, four2}, {});

  Log after_round_trip(Moment round_trip, const World& world) {
    Client client;
    client.dial(to({four}, {{four, {round_trip}}}));
    return client.dial(world);
  }

  TEST_CASE("[RFC 8305 §5] follows the time after which a SYN would be sent again") {
    // [RFC 6298 §2.2] after one measurement: three times the round trip.
    CHECK(after_round_trip(50ms, silent) == Log{"0 start 192.0.2.1", "150 start 192.0.2.2"});
    CHECK(after_round_trip(200ms, silent) == Log{"0 start 192.0.2.1", "600 start 192.0.2.2"});
  }

  TEST_CASE("[RFC 8305 §8] is 100 ms at least and 2 s at most") {
    CHECK(after_round_trip(1ms, silent) == Log{"0 start 192.0.2.1", "100 start 192.0.2.2"});
    CHECK(after_round_trip(900ms, silent) == Log{"0 start 192.0.2.1", "2000 start 192.0.2.2"});
  }

  TEST_CASE("is the usual one where no round trip is known, or where the user has said how long") {
    Client client;
    CHECK(client.dial(silent) == Log{"0 start 192.0.2.1", "250 start 192.0.2.2"});
    World told = silent;
    told.options.delay_follows_history = false;
    CHECK(after_round_trip(50ms, told) == Log{"0 start 192.0.2.1", "250 start 192.0.2.2"});
  }

  TEST_CASE("is that of a backup attempt, too") {
    World alone = to({four}, {});
    alone.options.backup_attempt = true;
    CHECK(after_round_trip(50ms, alone) == Log{"0 start 192.0.2.1", "150 start 192.0.2.1 again"});
  }

  TEST_CASE("[RFC 6298 §2.3] measurements are smoothed") {
    Client client;
    client.dial(to({four}, {{four, {80ms}}}));
    client.dial(to({four}, {{four, {160ms}}}));
    CHECK(client.known(four).round_trip == 90ms);
    CHECK(client.known(four).variation == 50ms);
  }
}

TEST_SUITE("history: memory") {
  TEST_CASE("is bounded: what was used longest ago goes first, and all of it after thirty days") {
    gladhand::History history;
    std::vector<gladhand::HistoryChange> changes(1);
    for (unsigned i = 0; i < 200; ++i) {
      changes[0] = {gladhand::HistoryChange::What::won,
                    *gladhand::parse_address("192.0.2." + std::to_string(i), 22)};
      learn(history, changes, "", 1ms, now + std::chrono::seconds(i));
    }
    CHECK(history.endpoints.size() == gladhand::most_known_endpoints);
    CHECK(history.find(*gladhand::parse_address("192.0.2.199", 22)) != nullptr);
    CHECK(history.find(*gladhand::parse_address("192.0.2.1", 22)) == nullptr);
    learn(history, changes, "", 1ms, now + std::chrono::hours(24 * 31));
    CHECK(history.endpoints.size() == 1);
  }

  gladhand::HistoryFile example() {
    Client client;
    client.dial(dead_first, 2);
    return {.network = "eth0, gateway 192.0.2.254", .written = now, .history = client.history};
  }

  TEST_CASE("as a text says what it was") {
    const gladhand::HistoryFile file = example();
    const auto read = gladhand::read_history_text(history_text(file));
    REQUIRE(read);
    CHECK(read->network == file.network);
    CHECK(read->written == file.written);
    CHECK(read->history.endpoints.size() == 2);
    CHECK(history_text(*read) == history_text(file));
  }

  TEST_CASE("as a text that was read before keeps the lines that are still right, and no other") {
    const std::string before = history_text(example());
    auto read = gladhand::read_history_text(before).or_throw();
    CHECK(history_text(read, before) == before);
    const std::vector<gladhand::HistoryChange> changes = {
        {gladhand::HistoryChange::What::won, *gladhand::parse_address(six, 22)},
        {gladhand::HistoryChange::What::won, *gladhand::parse_address("192.0.2.77", 22)}};
    learn(read.history, changes, "new.example", 7ms, now + 1s);
    const std::string after = history_text(read, before);
    CHECK(after == history_text(read));
    CHECK(after != before);
    CHECK(gladhand::read_history_text(after)->history.endpoints.size() == 3);
    // One that is forgotten takes its own line with it.
    read.history.endpoints.erase(read.history.endpoints.begin());
    CHECK(history_text(read, before) == history_text(read));
  }

  TEST_CASE("that is damaged, wherever, is none") {
    const std::string text = history_text(example());
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (i > 0) CHECK(!gladhand::read_history_text(text.substr(0, i)));
      std::string other = text;
      other[i] = static_cast<char>(other[i] ^ 1);
      CHECK(!gladhand::read_history_text(other));
    }
    CHECK(!gladhand::read_history_text(text + "x"));
    CHECK(gladhand::read_history_text(""));
  }

  TEST_CASE("of another version is none, and known as such") {
    std::string text = history_text(example());
    CHECK(!gladhand::is_of_another_version(text));
    text.replace(text.find(" 1 "), 3, " 2 ");
    CHECK(gladhand::is_of_another_version(text));
    CHECK(!gladhand::read_history_text(text));
  }
}
