// ServiceLookup: asks the DNS for the service records of a name, or of the next of the search list
// where it has none.
#pragma once

#include <asio/io_context.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dns/question.hpp"
#include "gladhand/event.hpp"
#include "names/service.hpp"
#include "names/service_binding.hpp"

namespace gladhand {

class ServiceLookup : public std::enable_shared_from_this<ServiceLookup> {
 public:
  struct Answer {
    AnswerStatus status{};
    std::string name{};  ///< the last that was asked for
    std::vector<ServiceRecord> services{};
    std::vector<ServiceBinding> bindings{};
    std::optional<std::string> alias{};  ///< the last that a binding has led to
  };

  /// `names`, one or more, are asked for in order, until one has records, or nobody can say; the
  /// aliases of bindings are followed then.
  /// `on_answer` is called once, possibly before ask() returns; it may not destroy this. `report`
  /// is told SendServiceQuery, AskedAgain and ServerAnswered.
  ServiceLookup(asio::io_context& loop,
                RecordType type,
                std::vector<std::string> names,
                Question::Settings settings,
                Draw draw,
                std::function<void(Answer)> on_answer,
                Question::Report report);

  /// Drops what is outstanding.
  ~ServiceLookup();

  ServiceLookup(const ServiceLookup&) = delete;
  ServiceLookup& operator=(const ServiceLookup&) = delete;

  void ask();

  /// Takes in what has arrived already.
  void take_in();

  /// Name servers that were asked for the last name and have said nothing at all.
  std::vector<std::string> silent_servers() const;

 private:
  void take(DnsAnswer answer);
  void ask_soon();

  asio::io_context& loop_;
  RecordType type_;
  std::vector<std::string> names_;
  std::size_t at_ = 0;
  unsigned aliases_ = 0;  // followed
  std::optional<std::string> alias_;
  Question::Settings settings_;
  Draw draw_;
  std::function<void(Answer)> on_answer_;
  Question::Report report_;
  std::shared_ptr<Question> question_;
};

}  // namespace gladhand
