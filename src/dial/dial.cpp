#include "dial/dial.hpp"

#include <algorithm>
#include <asio/error.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/duration.hpp"
#include "dial/local_target.hpp"
#include "dial/nat64_path.hpp"
#include "dial/service_path.hpp"
#include "dial/system_policy.hpp"
#include "dns/name_lookup.hpp"
#include "dns/target_environment.hpp"
#include "gladhand/error.hpp"
#include "sys/command.hpp"
#include "sys/round_trip.hpp"
#include "sys/socket_setup.hpp"

namespace gladhand {

namespace {

using Clock = std::chrono::steady_clock;

// A fact counts from when it came, not from when a loop with other dials got round to it.
struct Arrival {
  Moment at{};
  Fact fact;
};

// Children (attempts, the resolver) only put a fact into the inbox and ring the bell: what is known
// at once they tell before the function that began it has returned. All rules are in Race, all
// orders are carried out in one place, between two waits. What it is constructed with must outlive
// it.
class Driver {
 public:
  Driver(asio::io_context& loop,
         const Target& target,
         LocalAddress local,
         const DialOptions& options,
         Clock::time_point deadline,
         Recorder& recorder,
         const std::optional<ReportedTarget>& reported)
      : loop_(loop),
        target_(target),
        options_(options),
        recorder_(recorder),
        reported_(reported),
        bound_(bound(deadline)),
        local_(std::move(local)),
        network_(options_.network ? *options_.network
                                  : own_network_.emplace(options_.attempt.socket)),
        source_(find_source()),
        history_(read_history()),
        race_(race_options(), policy()),
        nat64_(loop, network_),
        services_(loop, network_, nat64_, options_.names) {}

  asio::awaitable<DialResult> run() {
    begin();
    for (;;) {
      take_turn();
      if (!inbox_.empty()) continue;
      if ((race_.finished() || failure_) && children_ == 0) break;
      co_await wait(failure_ ? std::nullopt : race_.deadline());
    }
    DialResult result = take_result();
    if (const auto* failure = std::get_if<DialFailure>(&result)) recorder_.end(*failure);
    co_return result;
  }

 private:
  HistoryKeeper::Reading read_history() const {
    if (!options_.history || target_.kind != Target::Kind::internet) return {};
    return options_.history->read(options_.attempt.socket);
  }

  NameSource find_source() {
    if (target_.kind == Target::Kind::internet) {
      NameSource found = find_name_source(target_, options_.names, network_);
      local_.failure = found.refusal;
      found.delays.resolution = options_.race.resolution_delay;
      return found;
    }
    NameSource source{local_.origin, {}, {}};
    if (local_.endpoint) source.known.push_back(*local_.endpoint);
    return source;
  }

  Moment bound(Clock::time_point deadline) const {
    const auto left = std::chrono::duration_cast<Moment>(deadline - recorder_.began());
    return std::clamp(left, Moment(1), options_.race.timeout);
  }

  RaceOptions race_options() const {
    RaceOptions race = options_.race;
    race.timeout = bound_;
    race.prepare = !options_.before.empty();
    // A second socket cannot have the same two ends, and who counts knocks does not expect more.
    const bool alone =
        options_.attempt.socket.local_port != 0 || !options_.attempt.knock.knocks.empty();
    race.backup_attempt = race.backup_attempt && !alone;
    race.preferred_family = source_.only_default_route;
    race.history = history_.history;
    return race;
  }

  std::optional<RecordType> service() const {
    if (source_.service_names.empty()) return std::nullopt;
    return options_.names.service->type;
  }

  // A list of one needs no policy, and reading gai.conf costs a file.
  PolicyTable policy() const {
    if (source_.questions.empty() && source_.known.size() < 2 && !service()) return {};
    return system_policy();
  }

  void begin() {
    if (recorder_) {
      const ReportedTarget reported_target = reported();
      report(Configured{reported_target.host,
                        reported_target.service,
                        reported_target.through,
                        options_.race.connection_attempt_delay,
                        options_.race.resolution_delay,
                        bound_,
                        options_.race.preferred_family_count,
                        race_.preferred_family(),
                        race_.options().backup_attempt,
                        source_.origin,
                        reported_target.why_direct});
      if (options_.history) report(history_.report);
    }
    if (options_.attempt.socket.protocol == Protocol::mptcp && !kernel_speaks(Protocol::mptcp)) {
      over_tcp_ = options_.attempt;
      over_tcp_->socket.protocol = Protocol::tcp;
      report(FellBackToTcp{});
    }
    DialStarted started{source_.questions, {}, service()};
    if (source_.lacks_ipv4) find_nat64(started);
    started.known = with_sources(source_.known);
    put(std::move(started));
  }

  ReportedTarget reported() const {
    return reported_.value_or(ReportedTarget{target_.host, target_.service, ""});
  }

  void take_turn() {
    try {
      take_in_answers();
      while (!inbox_.empty() && !failure_) {
        take_in_answers();
        const Arrival arrival = std::move(inbox_.front());
        inbox_.erase(inbox_.begin());
        now_ = std::max(now_, arrival.at);
        tell(arrival.fact);
      }
      now_ = recorder_.now();
      const auto deadline = race_.deadline();
      if (inbox_.empty() && !failure_ && deadline && *deadline <= now_) tell(TimePassed{});
    } catch (const std::exception& error) {  // no memory: the attempts still are to be waited for
      failure_ = Error(ExitStatus::not_handed_over, error.what());
    }
    if (failure_) abandon();
  }

  // What has arrived counts before what is decided next, even if the loop has not come to it.
  void take_in_answers() {
    if (race_.finished()) return;
    nat64_.take_in();
    if (ipv4_lookup_) ipv4_lookup_->take_in();
    if (lookup_) lookup_->take_in();
    services_.take_in();
  }

  // What must not fail has failed: nothing goes on, and the children are waited for.
  void abandon() {
    inbox_.clear();
    lookup_.reset();
    ipv4_lookup_.reset();
    nat64_.close();
    services_.close();
    before_.reset();
    for (const auto& attempt : attempts_)
      if (attempt) attempt->cancel();
  }

  asio::awaitable<void> wait(std::optional<Moment> deadline) {
    if (!wakeup_timer_) wakeup_timer_.emplace(loop_);
    wakeup_timer_->expires_at(deadline ? recorder_.began() + *deadline : Clock::time_point::max());
    std::error_code rung;
    co_await wakeup_timer_->async_wait(asio::redirect_error(asio::use_awaitable, rung));
  }

  void wake() {
    if (wakeup_timer_) wakeup_timer_->cancel();
  }

  void put(Fact fact) {
    inbox_.push_back({recorder_.now(), std::move(fact)});
    wake();
  }

  void tell(const Fact& fact) {
    if (recorder_) std::visit([this](const auto& it) { report_fact(it); }, fact);
    for (Action& action : race_.step(fact, now_)) {
      if (recorder_) std::visit([this](const auto& it) { report_order(it); }, action);
      std::visit([this](auto& it) { carry_out(it); }, action);
      if (failure_) return;
    }
  }

  template <typename T>
  void report(T&& body) {
    recorder_.record(Event{now_, std::forward<T>(body)});
  }
  template <typename T>
  void report_fact(const T& fact) {
    report(fact);
  }
  void report_fact(const TimePassed& /*fact*/) {}
  template <typename T>
  void report_order(const T& order) {
    report(order);
  }
  void report_order(const SendQuery& /*order*/) {}         // told with its name: see carry_out
  void report_order(const SendServiceQuery& /*order*/) {}  // told by who asks

  // --- orders ---

  void carry_out(const SendQuery& order) {
    if (order.group != unassociated) return ask_about_host(order);
    if (order.family == Family::ipv4 && ipv4_later_) {
      ipv4_ordered_ = true;
      if (!nat64_.is_learning()) settle_ipv4();
      return;
    }
    if (!lookup_)
      lookup_ = std::make_shared<NameLookup>(loop_,
                                             target_,
                                             source_,
                                             source_.questions,
                                             recorder_.began() + options_.race.timeout,
                                             listener());
    if (recorder_) report(SendQuery{order.family, lookup_->name()});
    lookup_->ask(order.family);
    if (order.family == source_.questions.back()) network_.learn_addresses();
  }

  NameLookup::Listener listener(CandidateGroup group = unassociated) {
    return {
        [this, group](const NameLookup::Answer& answer) {
          if (nat64_.is_learning() && answer.family == Family::ipv4) {
            held_answers_.emplace_back(group, answer);
          } else {
            put_answer(group, answer);
          }
        },
        [this, group](const std::vector<Endpoint>& found) {
          put(AddressesFound{with_sources(found, group)});
        },
        [this](Event::Body body) { report_now(std::move(body)); },
    };
  }

  void put_answer(CandidateGroup group, const NameLookup::Answer& answer) {
    put(AnswerReceived{answer.family,
                       answer.status,
                       with_sources(answer.addresses, group),
                       answer.source,
                       group,
                       group == unassociated ? "" : services_.host(group)});
  }

  void report_now(Event::Body body) {
    now_ = recorder_.now();
    report(std::move(body));
  }

  // --- NAT64 ---

  // [HEv3 §8.1] the prefixes are asked for beside the addresses. IPv4 is a question of the race's
  // that waits for them: what a NAT64 is needed for, and [HEv3 §4.1] A itself.
  void find_nat64(DialStarted& started) {
    nat64_.find(
        options_.names.nat64,
        source_,
        [this] { learned_nat64(); },
        [this](Event::Body body) { report_now(std::move(body)); });
    if (!nat64_.has_prefixes())
      std::erase_if(source_.known, [this](const Endpoint& it) {
        const bool waits = nat64_.needs(it);
        if (waits) held_known_.push_back(it);
        return waits;
      });
    const bool is_asked =
        std::ranges::find(started.questions, Family::ipv4) != started.questions.end();
    ipv4_later_ = !is_asked && (source_.known.empty() || !held_known_.empty());
    if (ipv4_later_) started.questions.push_back(Family::ipv4);
  }

  void learned_nat64() {
    for (const auto& [group, held] : std::exchange(held_answers_, {})) put_answer(group, held);
    if (ipv4_ordered_) settle_ipv4();
    wake();
  }

  void settle_ipv4() {
    if (!held_known_.empty())
      return put(AnswerReceived{Family::ipv4,
                                AnswerStatus::addresses,
                                with_sources(held_known_),
                                std::string(pref64_name)});
    if (!nat64_.has_prefixes())
      return put(AnswerReceived{Family::ipv4, AnswerStatus::addresses, {}});
    NameSource source = source_;
    source.name = lookup_->name() + '.';  // the one that the search list has led to
    ipv4_lookup_ = std::make_shared<NameLookup>(loop_,
                                                target_,
                                                source,
                                                std::vector<Family>{Family::ipv4},
                                                recorder_.began() + options_.race.timeout,
                                                listener());
    report_now(SendQuery{Family::ipv4, ipv4_lookup_->name()});
    ipv4_lookup_->ask(Family::ipv4);
  }

  // --- service records ---

  void carry_out(const SendServiceQuery& order) {
    services_.ask(
        order.type,
        source_,
        target_.port,
        bound_ / 2,  // where nobody answers, time must be left for the name itself
        options_.race.resolution_delay,
        [this](ServiceAnswered fact) { put(std::move(fact)); },
        [this](Event::Body body) { report_now(std::move(body)); });
    network_.learn_addresses();
  }

  void ask_about_host(const SendQuery& order) {
    NameLookup& lookup = services_.lookup(
        order.group, recorder_.began() + options_.race.timeout, listener(order.group));
    if (recorder_) report(SendQuery{order.family, lookup.name(), order.group});
    lookup.ask(order.family);
  }

  void carry_out(const Prepare& order) {
    std::string addresses;
    for (const Endpoint& endpoint : order.endpoints)
      addresses += (addresses.empty() ? "" : " ") + to_string(endpoint);
    Environment environment = target_environment(target_);
    environment.emplace_back("GLADHAND_ADDRESSES", addresses);
    auto started = Command::start(loop_, options_.before, environment);
    if (!started) {
      failure_ = started.error();
      return;
    }
    before_ = std::move(*started);
    before_running_ = true;
    before_->async_wait([this](int status) {
      before_running_ = false;
      if (status != 0)
        failure_ = Error(
            ExitStatus::not_handed_over,
            "--before " + in_quotes(options_.before.front()) + ' ' + describe_wait_status(status));
      put(Prepared{});
    });
  }

  void carry_out(const StartAttempt& order) {
    if (attempts_.size() <= order.attempt) attempts_.resize(order.attempt + 1);
    attempts_[order.attempt] = std::make_unique<Attempt>(
        loop_,
        order.endpoint,
        over_tcp_ ? *over_tcp_ : options_.attempt,
        [this, id = order.attempt](std::error_code error) {
          --children_;
          if (!error) {
            put(Connected{id});
          } else if (!race_.finished() && error != asio::error::operation_aborted) {
            put(AttemptFailed{id, error});
          } else {
            wake();
          }
        },
        [this, id = order.attempt] { put(Established{id}); });
    ++children_;
    if (recorder_) recorder_.record(ConnectBegun{order.attempt});
    if (const auto refused = attempts_[order.attempt]->begin()) {
      --children_;
      report(AttemptFailed{order.attempt, refused->cause});
      failure_ = refused->error();
    }
  }

  void carry_out(const CancelAttempt& order) { attempts_[order.attempt]->cancel(); }

  void carry_out(Finish& finish) {
    finish_ = std::move(finish);
    // Its end takes time that the receiver would wait for: where nothing is outstanding, it is put
    // off.
    const bool idle = std::ranges::all_of(finish_.questions, &QuestionReport::answered);
    nat64_.close();
    ipv4_lookup_.reset();
    if (services_.is_asked()) silent_servers_ = services_.silent_servers();
    services_.close();
    if (!lookup_) return;
    lookup_failure_ = lookup_->failure();
    unasked_ = lookup_->unasked();
    silent_servers_ = lookup_->silent_servers();
    if (!idle) lookup_.reset();
  }

  template <typename Decision>
  void carry_out(const Decision& /*decision*/) {}

  // --- helpers ---

  // A single known address is not sorted, so its source does not matter.
  std::vector<Candidate> with_sources(const std::vector<Endpoint>& endpoints,
                                      CandidateGroup group = unassociated) {
    const bool alone =
        source_.questions.empty() && endpoints.size() < 2 && !service() && !nat64_.has_prefixes();
    std::vector<Candidate> candidates;
    candidates.reserve(endpoints.size());
    for (const Endpoint& endpoint : endpoints) {
      if (alone) {
        candidates.push_back({endpoint, {}, group});
      } else {
        nat64_.add_candidates(endpoint, group, candidates);
      }
    }
    return candidates;
  }

  DialResult take_result() {
    if (before_running_)
      failure_ = Error(ExitStatus::timed_out,
                       "--before " + in_quotes(options_.before.front()) + " has not ended in " +
                           to_string(options_.race.timeout));
    if (failure_) return DialFailure{*failure_, true};
    if (local_.failure) return DialFailure{*local_.failure};
    if (services_.withdrawn())
      return DialFailure{Error(ExitStatus::no_address,
                               "connect to " + in_words(target_.host, target_.service) +
                                   ": nobody offers the service, as " +
                                   in_quotes(*services_.withdrawn()) + " says")};
    if (finish_.outcome == Outcome::no_address && lookup_failure_)
      return DialFailure{
          Error(ExitStatus::no_address,
                "connect to " + in_words(target_.host, target_.service) + ": " + *lookup_failure_)};
    if (finish_.outcome != Outcome::connected)
      return DialFailure{LostRace{
          std::move(finish_), reported().through, std::move(unasked_), std::move(silent_servers_)}};
    UniqueFd socket = attempts_[finish_.winner]->release();
    if (history_.history)
      options_.history->learn(history_, target_.host, race_.lessons(), round_trip(socket.get()));
    return DialConnection{
        std::move(socket), finish_.attempts[finish_.winner].endpoint, std::move(lookup_)};
  }

  asio::io_context& loop_;
  const Target& target_;
  const DialOptions& options_;
  std::optional<AttemptOptions> over_tcp_;  // where MPTCP was asked for, and the kernel has none
  Recorder& recorder_;
  const std::optional<ReportedTarget>& reported_;
  const Moment bound_;  // of the race
  LocalAddress local_;
  std::optional<Network> own_network_;
  Network& network_;
  NameSource source_;
  HistoryKeeper::Reading history_;
  Race race_;
  std::optional<asio::steady_timer> wakeup_timer_;  // none before the first wait: no epoll either
  std::unique_ptr<Command> before_;
  bool before_running_ = false;
  std::optional<Error> failure_;
  std::shared_ptr<NameLookup> lookup_;
  Nat64Path nat64_;
  bool ipv4_later_ = false;           // the race's question for IPv4 waits for the prefixes
  bool ipv4_ordered_ = false;         // ... and has been ordered
  std::vector<Endpoint> held_known_;  // known IPv4 addresses that do
  std::vector<std::pair<CandidateGroup, NameLookup::Answer>> held_answers_;  // of A
  std::shared_ptr<NameLookup> ipv4_lookup_;
  ServicePath services_;
  std::optional<std::string> lookup_failure_;
  std::vector<std::string> unasked_;
  std::vector<std::string> silent_servers_;
  std::vector<std::unique_ptr<Attempt>> attempts_;  // by AttemptId
  std::vector<Arrival> inbox_;                      // a few
  int children_ = 0;                                // attempts that have not ended
  Moment now_{};
  Finish finish_;
};

}  // namespace

asio::awaitable<DialResult> dial(asio::io_context& loop,
                                 Target target,
                                 std::shared_ptr<const DialOptions> options,
                                 Clock::time_point deadline,
                                 Recorder& recorder,
                                 std::optional<ReportedTarget> reported) {
  recorder.begin();
  deadline = std::min(deadline, recorder.began() + options->race.timeout);
  LocalAddress local;
  if (target.kind != Target::Kind::internet) local = co_await find_local_address(target, deadline);
  Driver driver(loop, target, std::move(local), *options, deadline, recorder, reported);
  co_return co_await driver.run();
}

}  // namespace gladhand
