// Resolver: asks the DNS for the addresses of a name; AAAA and A are independent questions. It
// asks, and reports what came; it knows no race.
#pragma once

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "dns/question.hpp"
#include "dns/resolver_delays.hpp"
#include "gladhand/event.hpp"
#include "names/search_walk.hpp"
#include "names/system_files.hpp"

namespace gladhand {

/// How all questions of a dial ask the servers of `conf`, or this machine's where it has none.
Question::Settings question_settings(const ResolvConf& conf, const ResolverDelays& delays);

class Resolver : public std::enable_shared_from_this<Resolver> {
 public:
  using Answer = SearchWalk::Answer;

  /// Told NextName, AskedAgain and ServerAnswered, as they happen.
  using Report = Question::Report;

  /// Prepares to resolve `name` for `families`, endpoints with `port`. `on_answer` is called once
  /// for each family that was asked, possibly before ask() returns.
  Resolver(asio::io_context& loop,
           const std::string& name,
           std::uint16_t port,
           const std::vector<Family>& families,
           const ResolvConf& conf,
           const ResolverDelays& delays,
           std::function<void(const Answer&)> on_answer,
           Report report = {});

  /// Drops what is outstanding: nothing is reported any more. Not to be called from `on_answer`.
  ~Resolver();

  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  /// The name, of the search list perhaps, that is asked for.
  const std::string& name() const { return walk_.name(); }

  /// Those that were asked and have said nothing at all, in the order they were asked.
  std::vector<std::string> silent_servers() const;

  /// Sends the question for one of the families.
  void ask(Family family);

  /// Takes in the answers that have arrived already, without waiting for any.
  void take_in();

 private:
  void begin(Family family);
  void begin_next();
  void take(std::size_t position, Answer answer);
  void go_on(const std::string& before, const std::vector<Answer>& final);
  void learn_delays();
  void ask_for_next_name(const std::string& passed_over);

  asio::io_context& loop_;
  std::uint16_t port_;
  std::vector<Family> families_;
  std::function<void(const Answer&)> on_answer_;
  Report report_;
  SearchWalk walk_;
  Question::Settings settings_;
  bool one_by_one_;
  std::vector<Family> waiting_;  // one by one: not asked yet
  std::vector<std::shared_ptr<Question>> questions_;
  asio::steady_timer denial_timer_;
  asio::steady_timer turn_timer_;  // one by one: the next does not wait for ever
};

}  // namespace gladhand
