#include "gladhand/event.hpp"

namespace gladhand {

std::string_view to_string(AnswerStatus status) {
  switch (status) {
    case AnswerStatus::addresses: return "addresses";
    case AnswerStatus::no_address: return "no_address";
    case AnswerStatus::no_such_name: return "no_such_name";
    case AnswerStatus::server_failure: return "server_failure";
    case AnswerStatus::no_answer: return "no_answer";
    case AnswerStatus::bad_answer: return "bad_answer";
  }
  return {};
}

std::string_view to_string(RecordType type) {
  switch (type) {
    case RecordType::aaaa: return "AAAA";
    case RecordType::a: return "A";
    case RecordType::srv: return "SRV";
    case RecordType::svcb: return "SVCB";
  }
  return {};
}

RecordType record_type(Family family) {
  return family == Family::ipv6 ? RecordType::aaaa : RecordType::a;
}

ExitStatus exit_status(const DialFailure& failure) {
  if (const auto* error = std::get_if<Error>(&failure.cause)) return error->status();
  switch (std::get<LostRace>(failure.cause).finish.outcome) {
    case Outcome::no_address: return ExitStatus::no_address;
    case Outcome::timed_out: return ExitStatus::timed_out;
    default: return ExitStatus::all_attempts_failed;
  }
}

}  // namespace gladhand
