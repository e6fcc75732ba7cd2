// Question: one type of records of one name, asked of the name servers until one answers.
#pragma once

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dns/exchange.hpp"
#include "gladhand/event.hpp"
#include "names/server_race.hpp"

namespace gladhand {

/// A server as messages name it: its address, and its port unless that is the usual one.
std::string server_name(const Endpoint& server);

class Question : public std::enable_shared_from_this<Question> {
 public:
  /// How the servers are asked, the same for all the questions of a dial.
  struct Settings {
    std::vector<Endpoint> servers;
    ServerRace::Options race;
    Edns edns = Edns::no;  ///< withdrawn from a server that does not answer it
    bool use_tcp = false;
  };

  /// Told AskedAgain and ServerAnswered, as they happen.
  using Report = std::function<void(Event::Body)>;

  /// `on_answer` is called once, with addresses for `port`, possibly before ask() returns. It may
  /// not destroy the question.
  Question(asio::io_context& loop,
           const Settings& settings,
           std::string name,
           RecordType type,
           std::uint16_t port,
           std::function<void(DnsAnswer)> on_answer,
           Report report);

  Question(const Question&) = delete;
  Question& operator=(const Question&) = delete;

  void ask();

  /// Takes in what has arrived already.
  void take_in();

  /// Drops what is outstanding: on_answer is not called any more.
  void close();

  /// Whether the server was asked and has said nothing.
  bool met_silence_of(ServerRace::ServerId server) const {
    return server < race_.asked() && race_.silent(server);
  }

  /// How long the server took to answer, from when it was asked first; empty where it has not.
  std::optional<Moment> round_trip_of(ServerRace::ServerId server) const;

  bool answered() const { return ended_; }

 private:
  struct Asked;

  Moment since_start() const;
  void carry_out(std::vector<ServerRace::Ask> orders);
  std::error_code send(Asked& asked);
  std::vector<ServerRace::Ask> read(ServerRace::ServerId server,
                                    std::span<const std::uint8_t> message);
  Asked& prepare(ServerRace::ServerId server);
  void tell(ServerRace::ServerId server, AnswerStatus status);
  void set_alarm();
  void end();

  asio::io_context& loop_;
  const Settings& settings_;
  std::string name_;
  RecordType type_;
  std::uint16_t port_;
  std::function<void(DnsAnswer)> on_answer_;
  Report report_;
  std::chrono::steady_clock::time_point start_;
  ServerRace race_;
  std::vector<std::shared_ptr<Asked>> asked_;  // by ServerId
  asio::steady_timer alarm_;
  bool ended_ = false;
};

}  // namespace gladhand
