#include "dns/resolver.hpp"

#include <sys/random.h>

#include <algorithm>
#include <asio/post.hpp>
#include <charconv>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

namespace gladhand {

namespace {

constexpr std::uint16_t dns_port = 53;

// resolv.conf(5)'s own, where it is silent.
constexpr std::chrono::seconds default_timeout{5};
constexpr unsigned default_attempts = 2;

// "192.0.2.1", "192.0.2.1:5300", "2001:db8::1", "[2001:db8::1]:5300".
std::optional<Endpoint> read_server(std::string_view text) {
  if (const auto endpoint = parse_address(text, dns_port)) return endpoint;
  const std::size_t colon = text.rfind(':');
  if (colon == text.npos) return std::nullopt;
  std::uint16_t port = 0;
  if (std::from_chars(text.data() + colon + 1, text.data() + text.size(), port).ec != std::errc())
    return std::nullopt;
  std::string_view address = text.substr(0, colon);
  if (address.starts_with('[') && address.ends_with(']'))
    address = address.substr(1, address.size() - 2);
  return parse_address(address, port);
}

std::vector<Endpoint> servers_of(const ResolvConf& conf) {
  std::vector<Endpoint> servers;
  for (const std::string& text : conf.servers)
    if (const auto server = read_server(text)) servers.push_back(*server);
  // resolv.conf(5): the server on the local machine
  if (servers.empty()) servers.push_back(*parse_address("127.0.0.1", dns_port));
  unsigned random = 0;
  if (conf.rotate && ::getrandom(&random, sizeof(random), 0) == sizeof(random)) {
    const auto first = static_cast<std::ptrdiff_t>(random % servers.size());
    std::rotate(servers.begin(), servers.begin() + first, servers.end());
  }
  return servers;
}

}  // namespace

Question::Settings question_settings(const ResolvConf& conf, const ResolverDelays& delays) {
  Question::Settings settings;
  settings.servers = servers_of(conf);
  settings.race.servers = settings.servers.size();
  settings.race.attempt_delay = delays.attempt;
  settings.race.resolution_delay = delays.resolution;
  settings.race.timeout =
      conf.timeout.value_or(default_timeout) * conf.attempts.value_or(default_attempts);
  if (conf.attempts) settings.race.sends = settings.race.failures = *conf.attempts;
  settings.edns = conf.edns0 ? Edns::yes : Edns::no;
  settings.use_tcp = conf.use_tcp;
  return settings;
}

Resolver::Resolver(asio::io_context& loop,
                   const std::string& name,
                   std::uint16_t port,
                   const std::vector<Family>& families,
                   const ResolvConf& conf,
                   const ResolverDelays& delays,
                   std::function<void(const Answer&)> on_answer,
                   Report report)
    : loop_(loop),
      port_(port),
      families_(families),
      on_answer_(std::move(on_answer)),
      report_(std::move(report)),
      walk_(search_names(name, conf), families),
      settings_(question_settings(conf, delays)),
      one_by_one_(conf.one_by_one),
      denial_timer_(loop),
      turn_timer_(loop) {}

Resolver::~Resolver() {
  for (const auto& question : questions_) question->close();
}

void Resolver::ask(Family family) {
  const bool busy = std::ranges::any_of(questions_, [](const auto& it) { return !it->answered(); });
  if (!one_by_one_ || (!busy && waiting_.empty())) return begin(family);
  waiting_.push_back(family);
}

void Resolver::begin(Family family) {
  questions_.push_back(std::make_shared<Question>(
      loop_,
      settings_,
      walk_.name(),
      record_type(family),
      port_,
      [this, family, position = walk_.position()](DnsAnswer answer) {
        if (!waiting_.empty()) begin_next();
        take(position, {family, answer.status, std::move(answer.addresses)});
      },
      report_));
  if (one_by_one_) {
    // A firewall that loses the second of two answers has long forgotten the first question.
    turn_timer_.expires_after(std::chrono::seconds(1));
    turn_timer_.async_wait([self = weak_from_this()](std::error_code error) {
      const auto resolver = self.lock();
      if (!error && resolver && !resolver->waiting_.empty()) resolver->begin_next();
    });
  }
  questions_.back()->ask();
}

// Not from within the answer to the one before: its socket is still open there.
void Resolver::begin_next() {
  asio::post(loop_, [self = weak_from_this(), position = walk_.position()] {
    const auto resolver = self.lock();
    if (!resolver || resolver->waiting_.empty() || position != resolver->walk_.position()) return;
    const Family family = resolver->waiting_.front();
    resolver->waiting_.erase(resolver->waiting_.begin());
    resolver->begin(family);
  });
}

void Resolver::take_in() {
  const auto questions = questions_;
  for (const auto& question : questions) question->take_in();
}

std::vector<std::string> Resolver::silent_servers() const {
  std::vector<std::string> silent;
  for (std::size_t i = 0; i < settings_.servers.size(); ++i)
    if (std::ranges::all_of(questions_, [i](const auto& it) { return it->met_silence_of(i); }))
      silent.push_back(server_name(settings_.servers[i]));
  return silent;
}

void Resolver::take(std::size_t position, Answer answer) {
  const std::string before = walk_.name();
  go_on(before, walk_.take(position, std::move(answer)));
}

void Resolver::go_on(const std::string& before, const std::vector<Answer>& final) {
  for (const Answer& answer : final) on_answer_(answer);
  const auto guarded = [self = weak_from_this()](auto then) {
    return [self, then](auto... error) {
      const auto resolver = self.lock();
      if (resolver && !(false || ... || static_cast<bool>(error))) then(*resolver);
    };
  };
  if (walk_.asks_again()) {
    denial_timer_.cancel();
    asio::post(loop_, guarded([before](Resolver& it) { it.ask_for_next_name(before); }));
  } else if (walk_.holds_denial()) {
    denial_timer_.expires_after(settings_.race.resolution_delay);
    denial_timer_.async_wait(guarded([before](Resolver& it) {
      it.take_in();
      it.go_on(before, it.walk_.end_denial());
    }));
  }
}

// A server that is silent for one name is for the next: that costs one delay, not one a name. One
// that is slow, as over a satellite, is not taken for silent.
void Resolver::learn_delays() {
  auto& known = settings_.race.known_delays;
  known.resize(settings_.servers.size());
  for (std::size_t i = 0; i < known.size(); ++i) {
    if (std::ranges::all_of(questions_, [i](const auto& it) { return it->met_silence_of(i); }))
      known[i] = Moment(0);
    for (const auto& question : questions_)
      if (const auto time = question->round_trip_of(i))
        known[i] = std::max(settings_.race.attempt_delay, *time + *time / 4);
  }
}

void Resolver::ask_for_next_name(const std::string& passed_over) {
  if (report_) report_(NextName{walk_.name(), passed_over});
  learn_delays();
  for (const auto& question : questions_) question->close();
  questions_.clear();
  waiting_.clear();
  for (const Family family : families_) ask(family);
}

}  // namespace gladhand
