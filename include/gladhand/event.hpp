// What happens in a dial. Facts come from the world (past tense), orders go to it (imperative),
// decisions say why. Stamped by the driver they are the log: the -v text, the trace, the
// waterfall and the benchmark's statistics are all views of one stream of Events.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <variant>
#include <vector>

#include "gladhand/candidate.hpp"
#include "gladhand/error.hpp"

namespace gladhand {

/// Time since the dial began.
using Moment = std::chrono::microseconds;

/// Names one attempt, from its order to its outcome. Counts from 0 in the order in which addresses
/// are discovered; a backup attempt takes the next free number.
using AttemptId = std::uint32_t;

/// How a question for one family's addresses ended.
enum class AnswerStatus : std::uint8_t {
  addresses,       ///< at least one address
  no_address,      ///< the name exists without this kind of address
  no_such_name,    ///< NXDOMAIN
  server_failure,  ///< every server answered SERVFAIL, REFUSED, NOTIMP or FORMERR
  no_answer,       ///< no server answered in time, or none could be reached
  bad_answer,      ///< an answer that could not be read
};

/// "addresses", "no_such_name", ...: its name in traces and reports.
std::string_view to_string(AnswerStatus status);

/// What name servers are asked for.
enum class RecordType : std::uint8_t { aaaa, a, srv, svcb };

/// "AAAA", "A", "SRV", "SVCB".
std::string_view to_string(RecordType type);

/// The records that hold a family's addresses.
RecordType record_type(Family family);

// --- facts ---------------------------------------------------------------------------------

/// The dial begins. `known` needs no question (a literal, the hosts file, --resolve).
struct DialStarted {
  std::vector<Family> questions;
  std::vector<Candidate> known;
  /// Asked for, too: of SRV the answer is awaited, and only where there are none the questions and
  /// addresses count [RFC 2782]; beside SVCB they are asked at once, and the last to be tried.
  std::optional<RecordType> service{};
};

/// A question was answered, or given up.
struct AnswerReceived {
  Family family{};
  AnswerStatus status{};
  std::vector<Candidate> candidates;
  std::string source{};  ///< who was asked, where not the DNS: "'libvirt'", "mDNS"
  CandidateGroup group = unassociated;
  std::string host{};  ///< whose addresses it is about, where a service record names it
};

/// A host that offers the service, as a record has it.
struct ServiceHost {
  std::string name;
  std::uint16_t port{};
  std::uint16_t priority{};
  std::uint16_t weight{};
  std::vector<Family> questions{};  ///< what is to be asked about it
  std::vector<Candidate> known{};   ///< its addresses that need no question, with its group
};

/// The question for service records was answered, or given up.
struct ServiceAnswered {
  RecordType type{};
  AnswerStatus status{};  ///< `addresses`: there are records
  std::string name{};     ///< the last that was asked for
  /// In the order in which they are to be tried: the position of each is its group.
  std::vector<ServiceHost> hosts{};
  bool unavailable = false;  ///< a record says that nobody offers the service
};

/// Addresses came in while the questions for them stay open.
struct AddressesFound {
  std::vector<Candidate> candidates;
};

struct Connected {
  AttemptId attempt{};
};

/// The transport stands, but the attempt goes on: the server has still to say what it is waited
/// for.
struct Established {
  AttemptId attempt{};
};

/// The system is asked to connect. In no trace: the order that led to it is.
struct ConnectBegun {
  AttemptId attempt{};
};

struct AttemptFailed {
  AttemptId attempt{};
  std::error_code cause;
};

/// What Prepare ordered is done: attempts may start.
struct Prepared {};

/// The clock has reached the race's deadline. In no trace: the decision it led to is.
struct TimePassed {};

// --- orders --------------------------------------------------------------------------------

struct SendQuery {
  Family family{};
  std::string name{};  ///< what is asked for: the race leaves it empty, the log has it
  CandidateGroup group = unassociated;
};

/// Ask for service records; tell ServiceAnswered then.
struct SendServiceQuery {
  RecordType type{};
  std::string name{};  ///< as SendQuery has it
};

/// Addresses are known and the first attempt is due: make ready for it, then tell Prepared. Ordered
/// once, and only where the race was asked to.
struct Prepare {
  std::vector<Endpoint> endpoints;  ///< known so far, best first
};

/// Why an attempt starts now and not earlier or later.
enum class StartReason : std::uint8_t {
  preferred_family_known,         ///< the preferred family has answered [HEv3 §4.2]
  nothing_to_wait_for,            ///< every question is answered
  resolution_delay_over,          ///< [HEv3 §4.2]
  connection_attempt_delay_over,  ///< [HEv3 §6]
  attempt_failed,                 ///< the one before failed: its successor starts at once
  address_arrived,                ///< its turn had come, only its address was missing
  prepared,                       ///< what had to be done before the first is done
  backup,                         ///< all have started, none has answered: a SYN may be lost
};

struct StartAttempt {
  AttemptId attempt{};
  Endpoint endpoint;
  StartReason reason{};
  std::optional<AttemptId> backup_of{};  ///< the running attempt at the same endpoint
};

enum class CancelReason : std::uint8_t {
  lost,         ///< another has connected
  timed_out,    ///< the time is over
  abandoned,    ///< the dial has ended with a failure that is no attempt's
  twin_failed,  ///< the other attempt at its endpoint was told that it cannot be
};

/// Give up an attempt: close its socket.
struct CancelAttempt {
  AttemptId attempt{};
  CancelReason reason{};
};

enum class Outcome : std::uint8_t {
  connected,
  no_address,  ///< no question brought an address
  all_attempts_failed,
  timed_out,  ///< the overall deadline came first
};

/// One attempt as it stood when the race ended.
struct AttemptReport {
  enum class State : std::uint8_t { waiting, running, failed, won, withdrawn };

  Endpoint endpoint;
  State state = State::waiting;
  unsigned turn = 0;  ///< 1 for the attempt that started first; 0 while waiting
  Moment started{};
  std::error_code cause{};  ///< set when failed
  std::optional<AttemptId> backup_of{};
  bool established = false;  ///< its transport was
};

/// One question as it stood when the race ended.
struct QuestionReport {
  Family family{};
  bool answered = false;
  AnswerStatus status{};
  CandidateGroup group = unassociated;
};

/// The race is over. Every cause is kept: a person wants to know what each address said.
struct Finish {
  Outcome outcome{};
  AttemptId winner{};  ///< when connected
  std::vector<QuestionReport> questions;
  std::vector<AttemptReport> attempts;  ///< by AttemptId
  std::optional<RecordType> open_service_question{};
};

// --- decisions -----------------------------------------------------------------------------

/// An endpoint that was in the list already: tried once only.
struct DuplicateRemoved {
  Endpoint endpoint;
};

/// A hint that the answer about its host does not bear out: not to be tried [HEv3 §7].
struct HintWithdrawn {
  AttemptId attempt{};
  Endpoint endpoint;
};

/// The complete list, best first, attempted ones included [HEv3 §5], [HEv3 §7].
struct CandidatesSorted {
  struct Place {
    AttemptId attempt{};
    Endpoint endpoint;
    Rule rule{};  ///< what ranked it before the next of its sorted list
  };
  std::vector<Place> places;
};

/// What history makes of an address.
enum class HistoryVerdict : std::uint8_t {
  none,            ///< nothing is known
  known,           ///< at most its place among its like, and its delay, follow
  probe,           ///< it would go last, and is tried in its turn this once
  address_failed,  ///< it has not answered on this network: it goes last
  family_failed,   ///< none of its family has: the same
};

/// What the history of this network says of the candidates, where it says anything.
struct HistoryWeighed {
  struct Weight {
    Endpoint endpoint;
    HistoryVerdict verdict{};
    unsigned failures{};                                    ///< in a row
    std::optional<std::chrono::microseconds> round_trip{};  ///< smoothed
    std::chrono::microseconds delay{};                      ///< after which the next attempt is due
  };
  std::vector<Weight> weights;
};

enum class TimerKind : std::uint8_t { resolution_delay, next_attempt, backup_attempt };

struct TimerSet {
  TimerKind timer{};
  Moment until{};
};

struct TimerFired {
  TimerKind timer{};
};

struct TimerCanceled {
  TimerKind timer{};
};

/// What Race::step returns, to be carried out and logged in this order.
using Action = std::variant<SendQuery,
                            SendServiceQuery,
                            Prepare,
                            StartAttempt,
                            CancelAttempt,
                            Finish,
                            DuplicateRemoved,
                            HintWithdrawn,
                            CandidatesSorted,
                            HistoryWeighed,
                            TimerSet,
                            TimerFired,
                            TimerCanceled>;

using Fact = std::variant<DialStarted,
                          AnswerReceived,
                          ServiceAnswered,
                          AddressesFound,
                          Prepared,
                          Connected,
                          Established,
                          AttemptFailed,
                          TimePassed>;

// --- around the race -----------------------------------------------------------------------

/// What was asked for. The first event of a dial.
struct Configured {
  std::string host;
  std::string service;
  std::string through;  ///< the first proxy, which the race is for; empty: it is for the host
  std::chrono::microseconds connection_attempt_delay{};
  std::chrono::microseconds resolution_delay{};
  std::chrono::microseconds timeout{};
  unsigned preferred_family_count{};
  Family preferred_family{};
  bool backup_attempt{};
  std::string_view origin;   ///< where known addresses come from: "literal", "hosts", ...
  std::string why_direct{};  ///< why no proxy is on the way although one was asked for
};

/// --history: what is known on this network, or why nothing is.
struct HistoryRead {
  std::string network;      ///< its name in the store
  std::size_t endpoints{};  ///< known there
  std::string why_not{};    ///< empty: it is used
};

/// What a dial has found out of an address.
struct HistoryChange {
  enum class What : std::uint8_t {
    won,
    failed,              ///< or kept silent where a later attempt won
    passed_over,         ///< put last, and not tried
    family_passed_over,  ///< this has won while the other family, broken here, was not tried
  };
  What what{};
  Endpoint endpoint;
};

/// What was found out is remembered, or why not.
struct HistoryWritten {
  std::vector<HistoryChange> changes;
  std::string why_not{};  ///< empty: it is
};

/// A name of the search list has led to no address: all questions are asked for the next one.
struct NextName {
  std::string name;
  std::string passed_over;  ///< the one before
};

/// Why a name server is asked now.
enum class AskReason : std::uint8_t {
  first,           ///< a question begins
  no_answer,       ///< whom it went to before keeps silent
  unreachable,     ///< ... cannot be reached
  server_failure,  ///< ... has failed
  bad_answer,      ///< ... sent what cannot be read
  truncated,       ///< its own answer did not fit a datagram: over TCP
};

/// A question goes to a server, and has gone to it or another one before.
struct AskedAgain {
  RecordType type{};
  std::string server;
  AskReason reason{};
  unsigned times{};  ///< how often this server has been asked by then
};

/// One of several servers that were asked has answered, or cannot be reached: no_answer.
struct ServerAnswered {
  RecordType type{};
  std::string server;
  AnswerStatus status{};
};

/// Others than the DNS were asked for the name: all who were, in order. The last one has it, or
/// nobody does.
struct NamesAsked {
  struct Source {
    std::string name;  ///< "'files'", "DNS", "mDNS", "'libvirt'"
    AnswerStatus status{};
    std::vector<Endpoint> addresses{};  ///< the first that came
    std::string failure{};              ///< why it gave no answer
  };
  std::vector<Source> sources;
};

/// The network has no IPv4: it is asked whether it reaches IPv4 by a NAT64 [RFC 7050].
struct Pref64Asked {
  std::string name;
};

/// It was answered, or given up. Without a prefix there is no NAT64.
struct Pref64Learned {
  AnswerStatus status{};
  std::vector<std::string> prefixes{};  ///< "64:ff9b::/96"
};

/// The kernel has no MPTCP: TCP is spoken in its place.
struct FellBackToTcp {};

/// A connection stands, and a proxy or a multiplexer behind it is asked for the next hop.
struct HandshakeStarted {
  std::string peer;      ///< who is asked: "socks5://192.0.2.1:1080"
  std::string asks_for;  ///< what for: "'db.example' port 22"
};

struct HandshakeFinished {
  std::string peer;
  std::string failure;  ///< empty when the way is open
};

/// Nothing has connected in the time that --on-slow names: its command is started.
struct FoundSlow {
  std::string failure;  ///< empty when it could be
};

/// Of several ways to the target the next is tried: a dial of its own.
struct RouteTried {
  std::string route;  ///< as the user has it
  unsigned number{};  ///< counted from 1
  unsigned of{};      ///< how many there are
};

/// The dial before has failed; another begins after a pause.
struct RetryScheduled {
  unsigned dial{};  ///< the coming one, counted from 1
  Moment pause{};
};

/// The winner's descriptor is with the receiver.
struct HandedOver {
  Endpoint peer;
  std::optional<std::chrono::microseconds> delayed_ack{};  ///< at most; empty: not told
};

/// The winner stays here: its bytes are carried to and from the client.
struct RelayStarted {
  Endpoint peer;
  std::optional<std::chrono::microseconds> delayed_ack{};  ///< at most; empty: not told
};

/// Both directions of the relay have ended. Comes after the dial's last event.
struct RelayEnded {
  std::uint64_t sent{};      ///< bytes to the peer
  std::uint64_t received{};  ///< bytes from the peer
};

/// A race without a winner, or a name that could not be resolved for a proxy.
struct LostRace {
  Finish finish;
  std::string through;                 ///< the proxy that it was about; empty: the target itself
  std::vector<std::string> unasked{};  ///< modules of nsswitch.conf that may know the name
  std::vector<std::string> silent_servers{};  ///< name servers that were asked and said nothing
};

/// Why a dial has brought no connection: one cause, with all that is to be told of it.
struct DialFailure {
  std::variant<LostRace, Error> cause;
  bool is_final = false;  ///< not to be dialled again: a password is wrong, this machine refuses
};

/// What a program that ends with this failure ends with.
ExitStatus exit_status(const DialFailure& failure);

/// The last event of a dial, on every path: it states the end, and nothing else does.
struct DialEnded {
  std::optional<DialFailure> failure{};  ///< empty: there is a connection
};

struct Event {
  using Body = std::variant<Configured,
                            DialStarted,
                            AnswerReceived,
                            ServiceAnswered,
                            AddressesFound,
                            Prepared,
                            Connected,
                            Established,
                            ConnectBegun,
                            AttemptFailed,
                            SendQuery,
                            SendServiceQuery,
                            Prepare,
                            StartAttempt,
                            CancelAttempt,
                            Finish,
                            DuplicateRemoved,
                            HintWithdrawn,
                            CandidatesSorted,
                            HistoryWeighed,
                            TimerSet,
                            TimerFired,
                            TimerCanceled,
                            HistoryRead,
                            HistoryWritten,
                            NextName,
                            AskedAgain,
                            NamesAsked,
                            ServerAnswered,
                            Pref64Asked,
                            Pref64Learned,
                            FellBackToTcp,
                            HandshakeStarted,
                            HandshakeFinished,
                            FoundSlow,
                            RouteTried,
                            RetryScheduled,
                            HandedOver,
                            RelayStarted,
                            RelayEnded,
                            DialEnded>;
  Moment at{};
  Body body;
};

/// Sees every event, in order. An empty sink costs nothing.
using EventSink = std::function<void(const Event&)>;

}  // namespace gladhand
