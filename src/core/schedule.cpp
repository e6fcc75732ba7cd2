#include "gladhand/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace gladhand {

Schedule::Schedule(const ScheduleOptions& options, const std::vector<std::size_t>& modes)
    : options_(options) {
  for (const std::size_t count : modes) {
    hosts_.push_back({.modes = count});
    if (count > 0)
      queue(hosts_.size() - 1, options_.spread * static_cast<Moment::rep>(hosts_.size() - 1));
  }
}

bool Schedule::has_more(const Host& host) const {
  if (options_.samples == 0) return true;
  return host.position < host.modes * (std::uint64_t{options_.warmup} + options_.samples);
}

// In an open loop the queue gives only the hosts' order; the rate says when.
void Schedule::queue(std::size_t host, Moment due) {
  if (has_more(hosts_[host])) queue_.push({options_.rate ? Moment{} : due, orders_++, host});
}

Moment Schedule::due(const Place& place) const {
  if (!options_.rate) return place.due;
  return Moment(std::llround(static_cast<double>(begun_) * 1e6 / *options_.rate));
}

std::optional<Turn> Schedule::next(Moment now) {
  if (queue_.empty() || running_ >= options_.concurrency || over(now)) return std::nullopt;
  const Place place = queue_.top();
  const Moment when = due(place);
  if (when > now) return std::nullopt;
  queue_.pop();
  Host& host = hosts_[place.host];
  host.started = now;
  const Turn turn = take(place.host, options_.rate ? when : now);
  // Without a gap any number may be on their way to one host, in an open loop they are anyway.
  if (options_.rate || options_.gap.count() == 0) queue(place.host, now);
  return turn;
}

Turn Schedule::take(std::size_t host, Moment intended) {
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
          .intended = intended};
}

std::optional<Moment> Schedule::wake() const {
  if (queue_.empty() || running_ >= options_.concurrency) return std::nullopt;
  const Moment at = due(queue_.top());
  return options_.duration.count() > 0 ? std::min(at, options_.duration) : at;
}

void Schedule::ended(const Turn& turn, Moment now) {
  --running_;
  if (options_.rate || options_.gap.count() == 0) return;
  queue(turn.host, std::max(now, hosts_[turn.host].started + options_.gap));
}

bool Schedule::finished(Moment now) const {
  return running_ == 0 && (queue_.empty() || over(now));
}

std::uint64_t Schedule::total() const {
  if (options_.samples == 0) return 0;
  std::uint64_t sum = 0;
  for (const Host& host : hosts_)
    sum += host.modes * (std::uint64_t{options_.warmup} + options_.samples);
  return sum;
}

}  // namespace gladhand
