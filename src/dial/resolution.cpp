#include "dial/resolution.hpp"

#include <algorithm>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <utility>

#include "dns/network.hpp"
#include "race/order.hpp"
#include "sys/file.hpp"

namespace gladhand {

Resolution::Resolution(asio::io_context& loop,
                       Target target,
                       const NameOptions& names,
                       const RaceOptions& race,
                       Report report)
    : loop_(loop),
      target_(std::move(target)),
      names_(names),
      race_(race),
      report_(std::move(report)),
      policy_(PolicyTable::from_gai_conf(read_file("/etc/gai.conf"))),
      wakeup_timer_(loop) {}

asio::awaitable<std::optional<Endpoint>> Resolution::next(Clock::time_point deadline) {
  if (!std::exchange(begun_, true)) begin();
  for (;;) {
    const auto best = best_untried();
    const bool anything_tried = std::ranges::find(tried_, true) != tried_.end();
    const Clock::time_point now = Clock::now();
    Clock::time_point until = deadline;
    if (best && !anything_tried && waits_for_preferred())
      until = std::min(deadline, *first_known_ + race_.resolution_delay);
    if (best && (until == deadline || now >= until)) {
      tried_[*best] = true;
      co_return candidates_[*best].endpoint;
    }
    if ((!best && all_answered()) || now >= deadline) co_return std::nullopt;
    wakeup_timer_.expires_at(until);
    std::error_code rung;
    co_await wakeup_timer_.async_wait(asio::redirect_error(asio::use_awaitable, rung));
  }
}

void Resolution::begin() {
  const SocketSettings nothing;
  Network network(nothing);
  const NameSource source = find_name_source(target_, names_, network);
  add(source.known);
  if (source.questions.empty()) return;
  if (source.conf.no_aaaa) std::erase(names_.families, Family::ipv6);
  resolver_.emplace(
      loop_,
      target_.name,
      target_.port,
      names_.families,
      source.conf,
      [this](const Resolver::Answer& answer) { received(answer); },
      report_);
  for (const Family family : names_.families) questions_.push_back({.family = family});
  for (const Family family : names_.families) {
    if (report_) report_(SendQuery{family, resolver_->name()});
    resolver_->ask(family);
  }
}

void Resolution::received(const Resolver::Answer& answer) {
  QuestionReport& question = *std::ranges::find(questions_, answer.family, &QuestionReport::family);
  question.answered = true;
  question.status = answer.status;
  if (report_) {
    AnswerReceived fact{answer.family, answer.status, {}};
    for (const Endpoint& endpoint : answer.addresses) fact.candidates.push_back({endpoint, {}});
    report_(std::move(fact));
  }
  add(answer.addresses);
  wakeup_timer_.cancel();
}

void Resolution::add(const std::vector<Endpoint>& endpoints) {
  for (const Endpoint& endpoint : endpoints) {
    if (std::ranges::find(candidates_, endpoint, &Candidate::endpoint) != candidates_.end())
      continue;
    candidates_.push_back({endpoint, {}});
    tried_.push_back(false);
    if (!first_known_) first_known_ = Clock::now();
  }
}

std::size_t Resolution::left() const {
  const auto untried = static_cast<std::size_t>(std::ranges::count(tried_, false));
  return untried + (all_answered() ? 0 : 1);
}

std::optional<std::size_t> Resolution::best_untried() const {
  const std::vector<std::size_t> sorted = sort_destinations(candidates_, policy_);
  for (const std::size_t i : interleave(sorted, candidates_, race_.preferred_family_count))
    if (!tried_[i]) return i;
  return std::nullopt;
}

// [HEv3 §4.2] what is known first is not tried first while the preferred family may still come.
bool Resolution::waits_for_preferred() const {
  const Family preferred = policy_.preferred_family();
  return std::ranges::any_of(questions_, [preferred](const QuestionReport& question) {
    return question.family == preferred && !question.answered;
  });
}

bool Resolution::all_answered() const {
  return std::ranges::all_of(questions_, &QuestionReport::answered);
}

}  // namespace gladhand
