// Resolver: c-ares on the Asio loop. Its sockets are watched by Asio, there is no thread; AAAA and
// A are independent questions. It asks, and reports what came; it knows no race.
//
// c-ares is handed everything explicitly (servers, timeouts, one absolute name a query): its own
// reading of resolv.conf differs between 1.18 and 1.34, see resolver.cpp.
#pragma once

#include <ares.h>

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "gladhand/event.hpp"
#include "names/search_walk.hpp"
#include "names/system_files.hpp"

namespace gladhand {

class Resolver {
 public:
  using Answer = SearchWalk::Answer;

  /// Told NextName and AskedAgain, as they happen.
  using Report = std::function<void(Event::Body)>;

  /// Prepares to resolve `name` for `families`, endpoints with `port`. `on_answer` is called once
  /// for each family that was asked, possibly before ask() returns. Throws Error when c-ares
  /// cannot be set up.
  Resolver(asio::io_context& loop,
           const std::string& name,
           std::uint16_t port,
           const std::vector<Family>& families,
           const ResolvConf& conf,
           std::function<void(const Answer&)> on_answer,
           Report report = {});

  /// Drops what is outstanding: nothing is reported any more. Not to be called from `on_answer`.
  ~Resolver();

  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  /// The name, of the search list perhaps, that is asked for.
  const std::string& name() const { return walk_.name(); }

  /// Sends the question for one of the families.
  void ask(Family family);

 private:
  struct Watch;
  struct Query;

  struct Closer {
    void operator()(ares_channel channel) const { ares_destroy(channel); }
  };

  void set_servers(const std::vector<std::string>& servers);
  void received(Query& query, int status, const ares_addrinfo* result);
  void take(std::size_t position, Answer answer);
  void ask_again(Family family);
  void ask_for_next_name(const std::string& passed_over);
  void socket_changed(int fd, bool readable, bool writable);
  void watch(const std::shared_ptr<Watch>& watch);
  void take_in_errors();
  void process(int readable_fd, int writable_fd);
  void set_alarm();
  void rethrow();

  asio::io_context& loop_;
  std::uint16_t port_;
  std::vector<Family> families_;
  std::function<void(const Answer&)> on_answer_;
  Report report_;
  SearchWalk walk_;
  ResolvConf conf_;
  std::size_t asks_left_;                         // after an answer that cannot be read
  std::vector<std::unique_ptr<Resolver>> again_;  // what such questions are asked again with
  std::unique_ptr<std::remove_pointer_t<ares_channel>, Closer> channel_;
  std::exception_ptr failure_;  // thrown inside a callback of c-ares, which is C
  asio::steady_timer alarm_;
  std::map<int, std::shared_ptr<Watch>> watches_;
  bool heard_ = false;               // a server has sent something
  std::shared_ptr<Resolver*> self_;  // handlers that outlive the resolver find it gone
};

}  // namespace gladhand
