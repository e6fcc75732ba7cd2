// NameLookup: asks for a name whoever may know it, one after another, until one does. Name servers
// are the rule; what else a plan has in it is asked when they have failed.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dns/found.hpp"
#include "dns/name_source.hpp"
#include "dns/resolver.hpp"
#include "sys/command.hpp"

namespace gladhand {

class NameLookup {
 public:
  using Clock = std::chrono::steady_clock;

  struct Answer {
    Family family{};
    AnswerStatus status{};
    std::vector<Endpoint> addresses{};
    std::string source{};  ///< who had them; empty: name servers
  };

  struct Listener {
    std::function<void(const Answer&)> on_answer;  ///< once for each family that was asked
    /// Addresses that come before their family's answer does.
    std::function<void(const std::vector<Endpoint>&)> on_addresses;
    Resolver::Report report;  ///< told NextName, AskedAgain, NamesAsked and later SendQuery
  };

  /// Prepares to look for `target`, a name, as `source` has it, in `families`. What is not a name
  /// server has until `deadline`. The listener may be called before ask() returns, and is not once
  /// this is gone.
  NameLookup(asio::io_context& loop,
             const Target& target,
             const NameSource& source,
             const std::vector<Family>& families,
             Clock::time_point deadline,
             Listener listener);

  /// Drops what is outstanding and ends programs that run. Not to be called from the listener.
  ~NameLookup();

  NameLookup(const NameLookup&) = delete;
  NameLookup& operator=(const NameLookup&) = delete;

  /// What is asked for, a name of the search list perhaps.
  const std::string& name() const;

  /// Asks for one of the families.
  void ask(Family family);

  /// Takes in the answers of name servers that have arrived already, without waiting for any.
  void take_in();

  /// Name servers that were asked and have said nothing at all.
  std::vector<std::string> silent_servers() const;

  /// Why there is no address, where the answers do not say it.
  const std::optional<std::string>& failure() const { return failure_; }

  /// Modules of nsswitch.conf that the system's resolver asks and that were not asked here.
  const std::vector<std::string>& unasked() const { return unasked_; }

 private:
  struct Held {
    Family family{};
    Found found;
  };

  std::shared_ptr<CommandGroup> programs();
  void make_resolver();
  void begin_step();
  void look_into_files();
  void ask_name_servers();
  void ask_user_command();
  void user_command_ended(std::size_t step, const Found& found);
  void take_early(const Endpoint& address);
  asio::awaitable<Found> question_for(const NameStep& step, Family family);
  void spawn(std::optional<Family> family, asio::awaitable<Found> question);
  void answered(std::size_t step, Family family, Found found);
  void choose(const std::vector<Endpoint>& addresses);
  void release();
  void end_step();
  void tell_account();

  asio::io_context& loop_;
  Target target_;
  std::string name_;
  ResolvConf conf_;
  ResolverDelays delays_;
  std::vector<std::string> command_;
  std::vector<NameStep> steps_;
  std::vector<Family> families_;
  Clock::time_point deadline_;
  Listener listener_;
  std::size_t asked_ = 0;              // families that ask() was called for
  std::size_t at_ = 0;                 // the step
  std::size_t count_ = 0;              // answers to it
  Found first_;                        // of them, but for its addresses
  std::vector<Held> held_;             // those that are not passed on yet
  std::vector<Held> told_by_servers_;  // what name servers said, once others are asked
  bool chosen_ = false;                // this step has an address
  std::vector<NamesAsked::Source> account_;
  std::optional<std::string> failure_;
  std::vector<std::string> unasked_;
  std::shared_ptr<Resolver> resolver_;
  std::vector<std::shared_ptr<asio::cancellation_signal>> questions_;
  std::shared_ptr<CommandGroup> programs_;
  std::shared_ptr<NameLookup*> self_;  // handlers that outlive this find it gone
};

}  // namespace gladhand
