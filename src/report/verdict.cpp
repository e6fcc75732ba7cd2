#include "verdict.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "gladhand/duration.hpp"
#include "narrator.hpp"

namespace gladhand {

namespace {

// "a and b"; of a long list the beginning and how many more: the trace has them all.
std::string listed(const std::vector<std::string>& addresses) {
  constexpr std::size_t most = 8;
  std::string text;
  for (std::size_t i = 0; i < addresses.size() && i < most; ++i)
    text += (i == 0 ? "" : " and ") + addresses[i];
  if (addresses.size() > most) text += " and " + std::to_string(addresses.size() - most) + " more";
  return text;
}

// Causes in the order they came up, each with the addresses it holds for.
class Causes {
 public:
  void add(const std::string& cause, const std::string& address) {
    const auto found = std::ranges::find(causes_, cause, &Cause::first);
    if (found == causes_.end()) {
      causes_.push_back({cause, {address}});
    } else {
      found->second.push_back(address);
    }
  }

  std::string text() const {
    std::string result;
    for (const auto& [cause, addresses] : causes_)
      result += (result.empty() ? "" : ", ") + cause + ' ' + listed(addresses);
    return result;
  }

 private:
  using Cause = std::pair<std::string, std::vector<std::string>>;
  std::vector<Cause> causes_;
};

std::string cause_of(const std::error_code& cause) {
  const std::string words = to_words(cause);
  if (words == "refused") return "refused by";
  if (words == "no answer") return "no answer from";
  return words + " at";
}

// As they were started; those that were not, last.
std::vector<AttemptReport> in_order(std::vector<AttemptReport> attempts) {
  std::ranges::stable_sort(attempts, [](const AttemptReport& a, const AttemptReport& b) {
    return a.turn - 1 < b.turn - 1;  // 0 wraps around: not started
  });
  return attempts;
}

std::string attempts_text(const Finish& finish, Moment ended) {
  using State = AttemptReport::State;
  Causes failed;
  Causes silent;
  Causes untried;
  for (const AttemptReport& attempt : in_order(finish.attempts)) {
    const std::string address = to_string(attempt.endpoint);
    if (attempt.state == State::failed) failed.add(cause_of(attempt.cause), address);
    if (attempt.state == State::running)
      silent.add("no answer from", address + " in " + to_string(ended - attempt.started));
    if (attempt.state == State::waiting) untried.add("not tried:", address);
  }
  std::string text = failed.text();
  for (const std::string& more : {silent.text(), untried.text()})
    if (!more.empty()) text += (text.empty() ? "" : ", ") + more;
  return text;
}

// Both families' answers; one sentence where they agree or one says it all.
std::string questions_text(const Finish& finish, Moment ended) {
  std::vector<std::string> parts;
  bool name_exists = false;
  for (const QuestionReport& question : finish.questions)
    name_exists =
        name_exists || (question.answered && (question.status == AnswerStatus::no_address ||
                                              question.status == AnswerStatus::addresses));
  for (const QuestionReport& question : finish.questions) {
    if (question.answered && question.status == AnswerStatus::addresses) continue;
    std::string part = question.answered
                           ? to_words(question.status, question.family)
                           : "no answer to the " + std::string(question_type(question.family)) +
                                 " question in " + to_string(ended);
    // Some servers deny a name that has only the other kind of address [RFC 4074 §4.2].
    if (question.answered && question.status == AnswerStatus::no_such_name && name_exists)
      part = to_words(AnswerStatus::no_address, question.family);
    if (std::ranges::find(parts, part) == parts.end()) parts.push_back(part);
  }
  if (parts.empty()) return "no address of the family that was asked for";
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

std::string hint_for(const Finish& finish) {
  const auto any = [&finish](AnswerStatus status) {
    return std::ranges::any_of(finish.questions, [status](const QuestionReport& question) {
      return question.answered && question.status == status;
    });
  };
  if (any(AnswerStatus::no_answer))
    return "see the nameserver lines of /etc/resolv.conf, or name a server with --dns-server";
  return "";
}

ExitStatus status_of(Outcome outcome) {
  if (outcome == Outcome::no_address) return ExitStatus::no_address;
  if (outcome == Outcome::timed_out) return ExitStatus::timed_out;
  return ExitStatus::all_attempts_failed;
}

}  // namespace

Error verdict(const Finish& finish,
              const Target& target,
              std::string_view through,
              Moment ended,
              unsigned dials) {
  std::string text = attempts_text(finish, ended);
  // An ordinary "no such address" is no news once the other family's addresses are told.
  const bool troubled = std::ranges::any_of(finish.questions, [](const QuestionReport& question) {
    return !question.answered || question.status == AnswerStatus::no_answer ||
           question.status == AnswerStatus::server_failure ||
           question.status == AnswerStatus::bad_answer;
  });
  if (finish.attempts.empty() || troubled)
    text += (text.empty() ? "" : ", ") + questions_text(finish, ended);
  if (dials > 1) text += " (the last of " + std::to_string(dials) + " dials)";
  std::string whom = in_words(target.host, target.service);
  if (!through.empty()) whom += " through " + std::string(through);
  return Error(status_of(finish.outcome), "connect to " + whom + ": " + text, hint_for(finish));
}

}  // namespace gladhand
