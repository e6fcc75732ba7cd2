#include "dns/service_lookup.hpp"

#include <asio/post.hpp>
#include <utility>

#include "gladhand/target.hpp"

namespace gladhand {

ServiceLookup::ServiceLookup(asio::io_context& loop,
                             RecordType type,
                             std::vector<std::string> names,
                             Question::Settings settings,
                             Draw draw,
                             std::function<void(Answer)> on_answer,
                             Question::Report report)
    : loop_(loop),
      type_(type),
      names_(std::move(names)),
      settings_(std::move(settings)),
      draw_(std::move(draw)),
      on_answer_(std::move(on_answer)),
      report_(std::move(report)) {}

ServiceLookup::~ServiceLookup() {
  if (question_) question_->close();
}

void ServiceLookup::ask() {
  if (report_) report_(SendServiceQuery{type_, names_[at_]});
  question_ = std::make_shared<Question>(
      loop_,
      settings_,
      names_[at_],
      type_,
      0,
      [this](DnsAnswer answer) { take(std::move(answer)); },
      report_);
  question_->ask();
}

void ServiceLookup::take_in() {
  if (const auto question = question_) question->take_in();
}

std::vector<std::string> ServiceLookup::silent_servers() const {
  std::vector<std::string> silent;
  for (std::size_t i = 0; question_ && i < settings_.servers.size(); ++i)
    if (question_->met_silence_of(i)) silent.push_back(server_name(settings_.servers[i]));
  return silent;
}

// [RFC 9460 §3] an alias is followed, and is a host itself where nothing is told about it. One for
// "." says that nobody offers the service, which is advice that nobody need take: as no record.
void ServiceLookup::take(DnsAnswer answer) {
  const bool denied =
      answer.status == AnswerStatus::no_such_name || answer.status == AnswerStatus::no_address;
  if (denied && at_ + 1 < names_.size()) {
    ++at_;
    return ask_soon();
  }
  if (auto alias = alias_in(answer.bindings, draw_)) {
    answer.bindings.clear();
    if (is_name(*alias)) alias_ = *alias;
    if (is_name(*alias) && ++aliases_ < most_service_aliases) {
      names_ = {*std::move(alias)};
      at_ = 0;
      return ask_soon();
    }
  }
  on_answer_({answer.status,
              names_[at_],
              std::move(answer.services),
              std::move(answer.bindings),
              std::move(alias_)});
}

// Not now: the next question would take the place of the one that is calling.
void ServiceLookup::ask_soon() {
  asio::post(loop_, [self = weak_from_this()] {
    if (const auto lookup = self.lock()) lookup->ask();
  });
}

}  // namespace gladhand
