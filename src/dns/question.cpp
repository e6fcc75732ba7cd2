#include "dns/question.hpp"

#include <sys/random.h>

#include <cerrno>
#include <utility>

namespace gladhand {

namespace {

// Nobody who does not see our datagrams shall know what an answer must carry.
std::error_code draw(std::uint16_t& id) {
  if (::getrandom(&id, sizeof(id), 0) == sizeof(id)) return {};
  return {errno, std::system_category()};
}

}  // namespace

std::string server_name(const Endpoint& server) {
  constexpr std::uint16_t usual_port = 53;
  if (server.port() == usual_port) return to_string(server);
  const bool bracketed = server.family() == Family::ipv6;
  return (bracketed ? "[" : "") + to_string(server) + (bracketed ? "]:" : ":") +
         std::to_string(server.port());
}

// What has gone to one server and come from it.
struct Question::Asked {
  std::shared_ptr<Exchange> exchange;
  std::uint16_t id = 0;
  std::error_code no_id;  // without a number to guess nothing is asked
  Edns edns = Edns::no;
  bool over_tcp = false;
  unsigned sends = 0;
  Moment sent_at{};
  std::optional<Moment> round_trip{};
  Bytes bytes;
  DnsAnswer answer{};  // its last that had any records
};

Question::Question(asio::io_context& loop,
                   const Settings& settings,
                   std::string name,
                   RecordType type,
                   std::uint16_t port,
                   std::function<void(DnsAnswer)> on_answer,
                   Report report)
    : loop_(loop),
      settings_(settings),
      name_(std::move(name)),
      type_(type),
      port_(port),
      on_answer_(std::move(on_answer)),
      report_(std::move(report)),
      start_(std::chrono::steady_clock::now()),
      race_(settings.race, Moment(0)),
      asked_(settings.servers.size()),
      alarm_(loop) {}

void Question::ask() {
  if (!make_question(name_, type_, 0, Edns::no).empty()) return carry_out(race_.begin());
  ended_ = true;
  on_answer_({.status = AnswerStatus::no_such_name});
}

void Question::take_in() {
  for (const auto& asked : asked_)
    if (asked && !ended_) asked->exchange->take_in();
}

Moment Question::since_start() const {
  return std::chrono::duration_cast<Moment>(std::chrono::steady_clock::now() - start_);
}

// What cannot be sent is known at once, and leads to the next order.
void Question::carry_out(std::vector<ServerRace::Ask> orders) {
  for (std::size_t i = 0; i < orders.size() && !race_.verdict(); ++i) {
    const ServerRace::Ask order = orders[i];
    Asked& asked = prepare(order.server);
    if (order.reason == AskReason::truncated) asked.over_tcp = true;
    if (report_ && order.reason != AskReason::first)
      report_(AskedAgain{type_, server_name(asked.exchange->server()), order.reason, order.times});
    if (!send(asked)) continue;
    tell(order.server, AnswerStatus::no_answer);
    const auto more = race_.take(order.server, AnswerStatus::no_answer, since_start());
    orders.insert(orders.end(), more.begin(), more.end());
  }
  if (race_.verdict()) return end();
  set_alarm();
}

std::error_code Question::send(Asked& asked) {
  if (asked.no_id) return asked.no_id;
  if (asked.sends++ > 0 && !asked.over_tcp) asked.edns = Edns::no;
  if (asked.sends == 1) asked.sent_at = since_start();
  asked.bytes = make_question(name_, type_, asked.id, asked.edns);
  if (!asked.over_tcp) return asked.exchange->send(asked.bytes);
  asked.exchange->send_over_tcp(asked.bytes);
  return {};
}

Question::Asked& Question::prepare(ServerRace::ServerId server) {
  std::shared_ptr<Asked>& asked = asked_[server];
  if (asked) return *asked;
  asked = std::make_shared<Asked>();
  asked->no_id = draw(asked->id);
  asked->edns = settings_.edns;
  asked->over_tcp = settings_.use_tcp;
  // The exchange is closed before this question goes.
  asked->exchange = std::make_shared<Exchange>(
      loop_,
      settings_.servers[server],
      Exchange::Listener{[this, server](std::span<const std::uint8_t> message) {
                           if (!ended_) carry_out(read(server, message));
                         },
                         [this, server](std::error_code) {
                           if (ended_) return;
                           tell(server, AnswerStatus::no_answer);
                           carry_out(race_.take(server, AnswerStatus::no_answer, since_start()));
                         }});
  return *asked;
}

std::vector<ServerRace::Ask> Question::read(ServerRace::ServerId server,
                                            std::span<const std::uint8_t> message) {
  Asked& asked = *asked_[server];
  auto answer = read_answer(message, asked.bytes, port_);
  if (!answer) return {};
  if (!asked.round_trip) asked.round_trip = since_start() - asked.sent_at;
  const AnswerStatus status = answer->status;
  const bool truncated = answer->truncated;
  if (status == AnswerStatus::addresses) asked.answer = *std::move(answer);
  if (status == AnswerStatus::server_failure && asked.edns == Edns::yes) {
    asked.edns = Edns::no;
    if (!send(asked)) return {};
  }
  if (truncated && !asked.over_tcp && status != AnswerStatus::server_failure)
    return race_.truncated(server, status == AnswerStatus::addresses, since_start());
  tell(server, status);
  return race_.take(server, status, since_start());
}

std::optional<Moment> Question::round_trip_of(ServerRace::ServerId server) const {
  return asked_[server] ? asked_[server]->round_trip : std::nullopt;
}

void Question::tell(ServerRace::ServerId server, AnswerStatus status) {
  const bool leads_on = status == AnswerStatus::no_answer ||
                        status == AnswerStatus::server_failure ||
                        status == AnswerStatus::bad_answer;
  if (report_ && (race_.asked() > 1 || leads_on))
    report_(ServerAnswered{type_, server_name(settings_.servers[server]), status});
}

void Question::set_alarm() {
  const auto deadline = race_.deadline();
  if (!deadline) return;
  alarm_.expires_at(start_ + *deadline);
  alarm_.async_wait([self = weak_from_this()](std::error_code error) {
    const auto question = self.lock();
    if (error || !question || question->ended_) return;
    question->take_in();
    if (!question->ended_) question->carry_out(question->race_.pass_time(question->since_start()));
  });
}

void Question::end() {
  if (ended_) return;
  close();
  const ServerRace::Verdict verdict = *race_.verdict();
  DnsAnswer answer;
  if (verdict.status == AnswerStatus::addresses) answer = std::move(asked_[verdict.server]->answer);
  answer.status = verdict.status;
  on_answer_(std::move(answer));
}

void Question::close() {
  ended_ = true;
  alarm_.cancel();
  for (const auto& asked : asked_)
    if (asked) asked->exchange->close();
}

}  // namespace gladhand
