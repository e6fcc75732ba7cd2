// The Happy Eyeballs race [RFC 8305], [HEv3]: a pure machine that is told facts and gives orders.
// It opens no socket, reads no clock and writes no log; time is an argument.
//
// HEv3 is draft-ietf-happy-happyeyeballs-v3, read at revision -04 and its editors' copy of
// 2026-07-30.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <system_error>
#include <vector>

#include "gladhand/event.hpp"
#include "race/history.hpp"
#include "race/policy.hpp"

namespace gladhand {

/// Whether an attempt may begin while the one before is under way.
enum class AttemptOverlap : std::uint8_t {
  staggered,  ///< after the Connection Attempt Delay
  none,       ///< only once that has failed: what a proxy makes of one address is known then
};

/// The values of [HEv3 §9], with the overall bound that the draft leaves to its user.
struct RaceOptions {
  std::chrono::microseconds connection_attempt_delay = std::chrono::milliseconds(250);
  std::chrono::microseconds resolution_delay = std::chrono::milliseconds(50);
  std::chrono::microseconds timeout = std::chrono::seconds(30);
  unsigned preferred_family_count = 1;
  std::optional<Family> preferred_family{};  ///< unset: as the policy table has it
  AttemptOverlap overlap = AttemptOverlap::staggered;
  /// Attempts that are started at most, whoever has given the addresses: a name's owner must not
  /// have us knock at thousands of doors.
  unsigned most_attempts = 256;
  bool backup_attempt = true;  ///< start a second attempt at an endpoint that is silent
  bool prepare = false;        ///< order Prepare before the first attempt, and wait for Prepared
  /// No race but what a loop over getaddrinfo(3) does, to compare with: every answer is awaited,
  /// families are not interleaved, and the next attempt begins when the one before has failed or
  /// has taken this long.
  std::optional<std::chrono::microseconds> one_by_one{};
  /// What is known on this network; null: nothing is asked of it.
  std::shared_ptr<const History> history{};
  bool delay_follows_history = true;  ///< the Connection Attempt Delay does, where it can
};

/// The bounds of the Connection Attempt Delay: "MUST NOT" be under 10 ms [HEv3 §6], [HEv3 §9].
inline constexpr std::chrono::microseconds min_connection_attempt_delay =
    std::chrono::milliseconds(10);
inline constexpr std::chrono::microseconds max_connection_attempt_delay = std::chrono::seconds(2);

/// Whether an attempt that fails so has only met this process's own limits: of descriptors, of
/// memory.
bool is_own_shortage(const std::error_code& cause);

/// The politeness bound: how many backup attempts a dial makes at most, whatever the number of
/// addresses. With the families interleaved these are for the best of each.
inline constexpr unsigned max_backup_attempts = 2;

class Race {
 public:
  /// A Connection Attempt Delay outside its bounds is moved to the nearer one.
  explicit Race(const RaceOptions& options, PolicyTable policy = {});

  /// Tells one fact; `now` never goes back. Returns what to do, in order. After Finish only
  /// CancelAttempt may come, for an attempt that connected all the same.
  std::vector<Action> step(const Fact& fact, Moment now);

  /// When to tell TimePassed if nothing else happens; empty once finished. After it was told at
  /// its time, the deadline has moved or gone.
  std::optional<Moment> deadline() const;

  bool finished() const { return finished_; }

  /// How many addresses that are known have not been tried.
  std::size_t waiting() const;

  /// How many attempts RaceOptions::most_attempts leaves.
  unsigned attempts_left() const { return options_.most_attempts - turns_; }

  /// What the race has taught, once finished; nothing without a history.
  const std::vector<HistoryChange>& lessons() const { return lessons_; }

  /// Whether no question is open, the one for service records included.
  bool all_answered() const;

  const std::vector<QuestionReport>& questions() const { return questions_; }

  /// Those that hold: the Connection Attempt Delay within its bounds.
  const RaceOptions& options() const { return options_; }

  /// The family that is waited for: IPv6 unless gai.conf ranks IPv4 higher.
  Family preferred_family() const { return preferred_; }

 private:
  using State = AttemptReport::State;

  void on(const DialStarted& fact);
  void on(const AnswerReceived& fact);
  void on(const ServiceAnswered& fact);
  void on(const AddressesFound& fact);
  void on(const Prepared& fact);
  void on(const Connected& fact);
  void on(const Established& fact);
  void on(const AttemptFailed& fact);
  void on(const TimePassed& /*fact*/) {}  // go_on() looks at every timer after any fact

  void ask(const std::vector<Family>& families, CandidateGroup group);
  void begin(const DialStarted& fact);
  void add(const std::vector<Candidate>& candidates);
  void improve(Candidate& known, const Candidate& again);
  void withdraw_hints(const AnswerReceived& answer);
  void sort();
  Standing standing(std::size_t candidate) const;
  std::vector<std::size_t> interleaved(const std::vector<std::size_t>& sorted) const;
  void weigh();
  Moment delay_after(const Endpoint& endpoint) const;
  void go_on();
  void consider_starting();
  void put_off(AttemptReport& attempt);
  std::optional<Moment> room_at() const;
  void make_room();
  void give_up(AttemptId attempt);
  void give_up_overdue_attempt();
  void fire_due_timers();
  void prepare();
  void start_due_attempt();
  void start(AttemptId attempt, StartReason reason);
  void consider_backup();
  void start_backup_of(AttemptId silent);
  void cancel_twins_of(const AttemptReport& failed);
  void finish(Outcome outcome, AttemptId winner = 0);
  void cancel_timer(TimerKind timer);
  bool fire(TimerKind timer);
  void set_timer(TimerKind timer, Moment until);
  std::optional<Moment>& slot(TimerKind timer);

  bool asked(Family family) const;
  bool awaits_better() const;
  bool has_candidate_of(Family family, CandidateGroup group) const;
  bool has_only_last(CandidateGroup group) const;
  std::optional<AttemptId> next_waiting() const;
  bool staggers() const;
  std::optional<AttemptId> next_without_backup() const;
  bool any(State state) const;

  RaceOptions options_;
  PolicyTable policy_;
  Family preferred_;

  std::optional<RecordType> service_;    // asked for, and not answered yet
  std::optional<DialStarted> fallback_;  // what holds where there are no service records
  std::vector<QuestionReport> questions_;
  std::vector<Candidate> candidates_;    // by AttemptId
  std::vector<Standing> standings_;      // by AttemptId; empty without a history
  std::vector<AttemptReport> attempts_;  // by AttemptId
  std::vector<Moment> delays_;           // by AttemptId: what follows each attempt
  std::vector<std::size_t> order_;       // AttemptIds, best first, without backups

  Moment now_{};
  std::vector<Action> actions_;
  std::optional<Moment> resolution_delay_until_;
  std::optional<Moment> next_attempt_at_;  // set while a waiting candidate is not yet due
  std::optional<Moment> backup_at_;        // set while all have started and none has a backup yet
  Moment backup_due_{};                    // a Connection Attempt Delay after the last start
  unsigned backups_ = 0;                   // started
  Moment due_{};                           // when the next attempt may start, once racing
  StartReason reason_{};                   // why it may
  unsigned turns_ = 0;                     // attempts started
  enum class Preparation : std::uint8_t { none, due, running };
  Preparation preparation_;      // what stands between racing and the first attempt
  bool short_of_means_ = false;  // none can start until one that runs has ended
  bool racing_ = false;
  bool finished_ = false;
  std::vector<HistoryChange> lessons_;
};

}  // namespace gladhand
