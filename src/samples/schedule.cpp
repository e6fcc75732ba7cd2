#include "samples/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace gladhand {

Schedule::Schedule(const ScheduleOptions& options, const std::vector<std::size_t>& modes)
    : options_(options) {
  options_.server_gap = std::min(options_.server_gap, options_.gap);
  for (const std::size_t count : modes) {
    hosts_.push_back({.modes = count});
    const auto place = static_cast<Moment::rep>(hosts_.size() - 1);
    if (count > 0) queue(hosts_.size() - 1, options_.rate ? Moment(0) : options_.spread * place);
  }
}

std::uint64_t Schedule::left(const Host& host) const {
  if (options_.samples == 0) return std::numeric_limits<std::uint64_t>::max();
  return host.modes * (std::uint64_t{options_.warmup} + options_.samples) - host.position;
}

void Schedule::queue(std::size_t host, Moment due) {
  if (left(hosts_[host]) > 0) queue_.push({due, orders_++, host});
}

// When the next dial to `host` is meant to begin.
Moment Schedule::intended(std::size_t host) const {
  const Moment by_rate(std::llround(static_cast<double>(begun_) * 1e6 / *options_.rate));
  Moment at = std::max(by_rate, hosts_[host].next_intended);
  for (const std::uint32_t server : hosts_[host].servers)
    at = std::max(at, servers_[server].next_intended);
  return at;
}

Moment Schedule::due(const Place& place) const {
  return options_.rate ? std::max(place.due, intended(place.host)) : place.due;
}

// When the dial that is next must have begun.
Moment Schedule::end() const {
  const bool late =
      options_.rate && !queue_.empty() && intended(queue_.top().host) < options_.duration;
  return options_.duration + (late ? options_.grace : Moment(0));
}

bool Schedule::over(Moment now) const {
  return options_.duration.count() > 0 && now >= end();
}

void Schedule::learn(std::size_t host, std::size_t server) {
  Host& of = hosts_[host];
  const auto number = static_cast<std::uint32_t>(server);
  if (std::ranges::count(of.servers, number) > 0) return;
  of.servers.push_back(number);
  if (servers_.size() <= server) servers_.resize(server + 1);
  if (of.position == 0) return;
  servers_[server].free = std::max(servers_[server].free, of.started + options_.server_gap);
  servers_[server].next_intended =
      std::max(servers_[server].next_intended, of.intended + options_.server_gap);
}

void Schedule::occupy(std::size_t server, Moment until) {
  servers_[server].free = std::max(servers_[server].free, until);
  for (const Host& host : hosts_)
    if (leads_to(host, server))
      for (const std::uint32_t other : host.servers)
        servers_[other].free = std::max(servers_[other].free, until);
}

Moment Schedule::free_from(std::size_t server) const {
  Moment at = servers_[server].free;
  for (std::size_t i = 0; i < hosts_.size(); ++i)
    if (leads_to(hosts_[i], server)) at = std::max(at, free(i));
  return at;
}

bool Schedule::leads_to(const Host& host, std::size_t server) {
  return std::ranges::find(host.servers, server) != host.servers.end();
}

Moment Schedule::free(std::size_t host) const {
  Moment at{};
  for (const std::uint32_t server : hosts_[host].servers) at = std::max(at, servers_[server].free);
  return at;
}

// A host whose server was dialled by another name waits behind those that wait for it already.
std::optional<Turn> Schedule::next(Moment now) {
  while (!queue_.empty() && running_ < options_.concurrency && !over(now)) {
    const Place place = queue_.top();
    if (due(place) > now) return std::nullopt;
    queue_.pop();
    const Moment at = free(place.host);
    if (at <= now) return begin(place, now);
    queue(place.host, at);
  }
  return std::nullopt;
}

Turn Schedule::begin(const Place& place, Moment now) {
  Host& host = hosts_[place.host];
  host.started = now;
  const Turn turn = take(
      place.host, options_.rate ? intended(place.host) : now, std::max(due(place), place_since_));
  // A timer is always a little late: that must not add up from dial to dial.
  const auto in = [&](Moment gap) { return now + gap - (options_.rate ? gap / 100 : Moment(0)); };
  const Moment next = in(options_.gap);
  host.intended = turn.intended;
  if (options_.rate) host.next_intended = turn.intended + options_.gap;
  for (const std::uint32_t server : host.servers)
    servers_[server] = {in(options_.server_gap), turn.intended + options_.server_gap};
  if (options_.rate) {
    queue(place.host, std::max(host.next_intended, next));
  } else if (options_.gap.count() == 0) {
    queue(place.host, now);
  }
  return turn;
}

Turn Schedule::take(std::size_t host, Moment intended, Moment due) {
  Host& from = hosts_[host];
  const std::uint64_t round = from.position / from.modes;
  const std::uint64_t place = from.position % from.modes;
  ++from.position;
  ++begun_;
  ++running_;
  const bool warmup = round < options_.warmup;
  return {.host = host,
          .mode = static_cast<std::size_t>((place + round) % from.modes),
          .number = static_cast<std::uint32_t>(warmup ? round : round - options_.warmup),
          .warmup = warmup,
          .intended = intended,
          .due = due};
}

std::optional<Moment> Schedule::wake() const {
  if (queue_.empty() || running_ >= options_.concurrency) return std::nullopt;
  const Moment at = due(queue_.top());
  return options_.duration.count() > 0 ? std::min(at, end()) : at;
}

void Schedule::ended(const Turn& turn, Moment now) {
  if (running_-- >= options_.concurrency) place_since_ = now;
  if (options_.rate || options_.gap.count() == 0) return;
  queue(turn.host, std::max(now, hosts_[turn.host].started + options_.gap));
}

bool Schedule::finished(Moment now) const {
  return running_ == 0 && (queue_.empty() || over(now));
}

std::uint64_t Schedule::overdue(Moment now) const {
  constexpr double imprecision = 1e-6;
  if (!options_.rate) return 0;
  const Moment until = options_.duration.count() > 0 ? std::min(now, options_.duration) : now;
  const double by_rate = static_cast<double>(until.count()) / 1e6 * *options_.rate;
  const auto meant = static_cast<std::uint64_t>(std::max(0.0, std::ceil(by_rate - imprecision)));
  std::uint64_t possible = 0;  // the hosts may have fewer dials left, or be kept apart
  for (const Host& host : hosts_) {
    if (host.modes == 0 || host.next_intended >= until) continue;
    const std::uint64_t apart =
        options_.gap.count() > 0
            ? static_cast<std::uint64_t>((until - host.next_intended - Moment(1)) / options_.gap) +
                  1
            : meant;
    possible += std::min(left(host), apart);
  }
  return std::min(meant - std::min(meant, begun_), possible);
}

std::uint64_t Schedule::total() const {
  if (options_.samples == 0) return 0;
  std::uint64_t sum = 0;
  for (const Host& host : hosts_)
    sum += host.modes * (std::uint64_t{options_.warmup} + options_.samples);
  return sum;
}

}  // namespace gladhand
