#include "report/verdict.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/duration.hpp"
#include "race/race.hpp"
#include "report/narrator.hpp"

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
  return words + (is_own_shortage(cause) ? " here, for" : " at");
}

// As they were started; those that were not, last.
std::vector<AttemptReport> in_order(std::vector<AttemptReport> attempts) {
  std::ranges::stable_sort(attempts, [](const AttemptReport& a, const AttemptReport& b) {
    return a.turn - 1 < b.turn - 1;  // 0 wraps around: not started
  });
  return attempts;
}

// A path as the user has it: it may be too long for a socket's address.
std::string address_text(const Endpoint& endpoint, const Target& target) {
  return target.path.empty() ? to_string(endpoint) : printable(target.path);
}

std::string beyond_bound(const std::vector<AttemptReport>& attempts) {
  const auto untried =
      std::ranges::count(attempts, AttemptReport::State::waiting, &AttemptReport::state);
  if (untried == 0) return "";
  const auto tried = static_cast<std::ptrdiff_t>(attempts.size()) - untried;
  return std::to_string(untried) + " more not tried (a dial tries " + std::to_string(tried) +
         " addresses at most)";
}

std::string attempts_text(const Finish& finish, const Target& target, Moment ended) {
  using State = AttemptReport::State;
  Causes failed;
  Causes silent;
  Causes untried;
  for (const AttemptReport& attempt : in_order(finish.attempts)) {
    if (attempt.backup_of) continue;  // of an endpoint that is told of
    const std::string address = address_text(attempt.endpoint, target);
    if (attempt.state == State::failed) failed.add(cause_of(attempt.cause), address);
    if (attempt.state == State::running)
      silent.add(attempt.established ? "no first words from" : "no answer from",
                 address + " in " + to_string(ended - attempt.started));
    if (attempt.state == State::waiting) untried.add("not tried:", address);
  }
  std::string text = failed.text();
  // Where time is left, it was the bound that ended it.
  const bool bounded = finish.outcome == Outcome::all_attempts_failed;
  const std::string rest = bounded ? beyond_bound(finish.attempts) : untried.text();
  for (const std::string& more : {silent.text(), rest})
    if (!more.empty()) text += (text.empty() ? "" : ", ") + more;
  return text;
}

bool ended_as(const QuestionReport& question, AnswerStatus status) {
  return question.answered && question.status == status;
}

bool nobody_answered(const Finish& finish) {
  return !finish.questions.empty() &&
         std::ranges::all_of(finish.questions, [](const QuestionReport& question) {
           return ended_as(question, AnswerStatus::no_answer);
         });
}

std::string question_text(const QuestionReport& question, const Finish& finish, Moment ended) {
  std::string silence =
      "no answer to the " + std::string(question_type(question.family)) + " question";
  if (!question.answered) return silence + " in " + to_string(ended);
  // Some server has answered something: what is silent is not all of them.
  if (question.status == AnswerStatus::no_answer && !nobody_answered(finish)) return silence;
  // Some servers deny a name that has only the other kind of address [RFC 4074 §4.2].
  const bool name_exists = std::ranges::any_of(finish.questions, [](const QuestionReport& other) {
    return ended_as(other, AnswerStatus::no_address) || ended_as(other, AnswerStatus::addresses);
  });
  if (question.status == AnswerStatus::no_such_name && name_exists)
    return to_words(AnswerStatus::no_address, question.family);
  return to_words(question.status, question.family);
}

// Both families' answers; one sentence where they agree or one says it all.
std::string questions_text(const Finish& finish, Moment ended) {
  std::vector<std::string> parts;
  for (const QuestionReport& question : finish.questions) {
    if (ended_as(question, AnswerStatus::addresses)) continue;
    const std::string part = question_text(question, finish, ended);
    if (std::ranges::find(parts, part) == parts.end()) parts.push_back(part);
  }
  if (parts.empty()) return "no address of the family that was asked for";
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

// Who is to blame, where somebody is: the servers that said nothing to a question.
std::string asked_in_vain(const LostRace& race) {
  const bool unanswered =
      race.finish.open_service_question ||
      std::ranges::any_of(race.finish.questions, [](const QuestionReport& question) {
        return !question.answered || question.status == AnswerStatus::no_answer;
      });
  return unanswered && !race.silent_servers.empty()
             ? " (asked: " + listed(race.silent_servers) + ')'
             : "";
}

std::string hint_for(const Finish& finish,
                     NameServers servers,
                     const std::vector<std::string>& unasked) {
  if (nobody_answered(finish))
    return servers == NameServers::given
               ? "see whether the servers of --dns-server are up"
               : "see the nameserver lines of /etc/resolv.conf, or name a server with --dns-server";
  if (finish.outcome != Outcome::no_address || unasked.empty()) return "";
  std::vector<std::string> modules;
  modules.reserve(unasked.size());
  for (const std::string& module : unasked) modules.push_back(in_quotes(module));
  return listed(modules) + " may know it, but nobody asked: see --resolver";
}

}  // namespace

Error verdict(const DialFailure& failure,
              const Target& target,
              Moment ended,
              unsigned dials,
              NameServers servers) {
  if (const auto* error = std::get_if<Error>(&failure.cause)) return *error;
  const auto& race = std::get<LostRace>(failure.cause);
  const Finish& finish = race.finish;
  const std::string& through = race.through;
  std::string text = attempts_text(finish, target, ended);
  // An ordinary "no such address" is no news once the other family's addresses are told.
  const bool troubled = std::ranges::any_of(finish.questions, [](const QuestionReport& question) {
    return !question.answered || question.status == AnswerStatus::no_answer ||
           question.status == AnswerStatus::server_failure ||
           question.status == AnswerStatus::bad_answer;
  });
  if (finish.open_service_question) {
    text += "no answer to the " + std::string(to_string(*finish.open_service_question)) +
            " question in " + to_string(ended) + asked_in_vain(race);
  } else if (finish.attempts.empty() || troubled) {
    text += (text.empty() ? "" : ", ") + questions_text(finish, ended) + asked_in_vain(race);
  }
  if (dials > 1) text += " (the last of " + std::to_string(dials) + " dials)";
  std::string whom = in_words(target.host, target.service);
  if (!through.empty()) whom += " through " + through;
  return Error(exit_status(failure),
               "connect to " + whom + ": " + text,
               hint_for(finish, servers, race.unasked));
}

}  // namespace gladhand
