#include "connect/proxy_chain.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/duration.hpp"
#include "base/letters.hpp"
#include "connect/run_handshake.hpp"
#include "connect/tls_relay.hpp"
#include "dial/hear.hpp"
#include "dial/resolution.hpp"
#include "proxy/handshake.hpp"
#include "proxy/http_fields.hpp"

namespace gladhand {

namespace {

using Clock = std::chrono::steady_clock;
using Blame = Handshake::Blame;

// What came before a handshake was not this proxy's time; nor is anybody helped by "299 ms" where
// the user has said 300.
std::string as_given(Clock::duration spent, Moment given) {
  if (spent > given * 9 / 10) return to_string(given);
  return to_string(std::chrono::round<std::chrono::milliseconds>(spent));
}

// Nobody else must be able to guess it.
std::string random_word() {
  std::random_device random;
  std::string word;
  for (int i = 0; i < 16; ++i) word += "0123456789abcdef"[random() % 16];
  return word;
}

// It has no question for the user: who has one tells it.
bool is_socks4(ProxyScheme scheme) {
  return scheme == ProxyScheme::socks4 || scheme == ProxyScheme::socks4a;
}

std::string in_words(const Destination& destination) {
  const std::string host =
      destination.address ? to_string(*destination.address) : in_quotes(destination.name);
  return host + " port " + std::to_string(destination.port);
}

// What the record has of a target that is dialled itself, though a proxy was asked for.
std::optional<ReportedTarget> told_direct(const Route& route, const Target& target) {
  std::string why = route.why_direct(target);
  if (why.empty()) return std::nullopt;
  return ReportedTarget{target.host, target.service, "", std::move(why)};
}

// One proxy or multiplexer, and what it is asked for.
struct Hop {
  std::string peer;                          // what messages call it
  std::optional<Proxy> proxy;                // empty: a multiplexer
  std::optional<Target> next;                // what the proxy is to reach
  std::string next_peer{};                   // where that is a proxy, too
  std::unique_ptr<Resolution> addresses{};   // of `next`, where they are resolved here
  std::optional<Destination> destination{};  // the one that is asked for
  std::optional<Credentials> credentials{};
  std::string challenge{};  // of the proxy's, for the next connection
  EnvironmentLogin environment = EnvironmentLogin::for_another;
  std::string refusals{};  // of the destinations before, with a comma behind each
};

class ProxyChain {
 public:
  ProxyChain(asio::io_context& loop,
             Target target,
             const ConnectOptions& options,
             Clock::time_point deadline,
             Recorder& recorder)
      : loop_(loop),
        target_(std::move(target)),
        options_(options),
        recorder_(recorder),
        first_(target_),
        deadline_(deadline) {
    plan();
    if (!hops_.empty()) until_ = std::exchange(options_.attempt.until, std::nullopt);
  }

  asio::awaitable<DialResult> open() {
    for (;;) {
      // A handshake's own time is no dial's.
      const Clock::time_point dial_deadline =
          options_.handshake_timeout ? Clock::now() + options_.race.timeout : deadline_;
      DialResult result = co_await dial(loop_,
                                        first_,
                                        std::make_shared<const DialOptions>(options_.of_dial()),
                                        dial_deadline,
                                        recorder_,
                                        reported_);
      options_.before.clear();  // it has run
      auto* connection = std::get_if<DialConnection>(&result);
      if (connection == nullptr) co_return result;
      if (options_.handshake_timeout) deadline_ = Clock::now() + *options_.handshake_timeout;
      const Walk walk = co_await pass_hops_and_hear(connection->socket);
      if (walk == Walk::arrived) co_return result;
      result = std::move(failure_);
      recorder_.end(std::get<DialFailure>(result));
      if (walk == Walk::failed) co_return result;
    }
  }

 private:
  enum class Walk { arrived, again, failed };

  void plan() {
    const std::span<const Proxy> proxies = options_.route.proxies_for(target_);
    const auto owner = options_.route.owner_of_unnamed_password(proxies);
    for (std::size_t i = 0; i < proxies.size(); ++i) {
      Hop hop{to_string(proxies[i]), proxies[i], target_};
      if (i + 1 < proxies.size()) {
        hop.next = target_of(proxies[i + 1]);
        hop.next_peer = to_string(proxies[i + 1]);
      }
      if (owner == i) hop.environment = EnvironmentLogin::for_it;
      if (proxies[i].user && is_socks4(proxies[i].scheme)) {
        hop.credentials = Credentials{*proxies[i].user, ""};
        options_.route.credentials->mark_as_told();
      }
      hops_.push_back(std::move(hop));
    }
    if (proxies.empty()) {
      reported_ = told_direct(options_.route, target_);
    } else {
      first_ = target_of(proxies.front());
      reported_ =
          ReportedTarget{target_.host, target_.service, options_.route.way_to(proxies.front())};
    }
    if (target_.kind == Target::Kind::vsock_mux || !options_.route.tcpmux.empty())
      hops_.push_back({gladhand::in_words(target_.host, target_.service), {}, {}});
  }

  asio::awaitable<Walk> pass_hops_and_hear(UniqueFd& socket) {
    Walk walk = co_await pass_hops(socket);
    if (walk == Walk::arrived && until_) walk = co_await hear_target(socket.get());
    co_return walk;
  }

  // The target's own first words: a proxy may say that it has connected, and then bring nothing.
  asio::awaitable<Walk> hear_target(int fd) {
    const std::string target = gladhand::in_words(target_.host, target_.service);
    report(HandshakeStarted{target, "its first words"});
    Hop& last = hops_.back();
    const Clock::time_point began = Clock::now();
    const Clock::time_point until = patience_with(last);
    const std::error_code heard = co_await wait_for_first_words(fd, *until_, until);
    if (!heard) {
      report(HandshakeFinished{target, ""});
      co_return Walk::arrived;
    }
    const bool late = heard == std::errc::timed_out && until == deadline_;
    const Moment given = until == deadline_
                             ? options_.handshake_timeout.value_or(options_.race.timeout)
                             : std::chrono::duration_cast<Moment>(until - began);
    const std::string why = why_unheard(heard, given);
    report(HandshakeFinished{target, why});
    if (last.addresses && !late) co_return co_await ask_for_next(last, why, "");
    const std::string by = hops_.front().proxy ? " through " + hops_.front().peer : "";
    failure_ = {
        Error(late ? ExitStatus::timed_out : ExitStatus::proxy_failed,
              "connect to " + target + by + ": " + last.refusals + for_destination(last) + why)};
    co_return Walk::failed;
  }

  // Behind a proxy that is spoken to over TLS `socket` is another.
  asio::awaitable<Walk> pass_hops(UniqueFd& socket) {
    for (Hop& hop : hops_) {
      if (hop.proxy && hop.proxy->scheme == ProxyScheme::https) {
        const Walk walk = co_await begin_tls(socket, hop);
        if (walk != Walk::arrived) co_return walk;
      }
      const Walk walk = co_await pass(socket.get(), hop);
      if (walk != Walk::arrived) co_return walk;
    }
    co_return Walk::arrived;
  }

  asio::awaitable<Walk> begin_tls(UniqueFd& socket, const Hop& hop) {
    report(HandshakeStarted{hop.peer, "TLS"});
    const Clock::time_point began = Clock::now();
    auto decrypted = start_tls(*hop.proxy, options_.route.authorities, socket.get());
    if (!decrypted) co_return fail_for_good(decrypted.error());
    socket = std::move(*decrypted);
    const std::unique_ptr<Handshake> handshake = hear_of_tls();
    const auto conversation = co_await run_handshake(socket.get(), *handshake, deadline_);
    if (!conversation) co_return fail_for_good(conversation.error());
    if (*conversation == HandshakeRun::timed_out)
      co_return fail_late(hop, began, "no TLS handshake");
    report(HandshakeFinished{hop.peer, handshake->failure()});
    if (handshake->state() == Handshake::State::done) co_return Walk::arrived;
    co_return fail(hop, handshake->failure(), handshake->hint());
  }

  asio::awaitable<Walk> pass(int fd, Hop& hop) {
    if (hop.proxy && !hop.destination) {
      hop.destination = co_await next_destination(hop);
      if (!hop.destination) co_return fail_without_address(hop);
    }
    if (is_told_at_once(hop))
      hop.credentials = options_.route.credentials->known(*hop.proxy, hop.environment);
    const std::unique_ptr<Handshake> handshake = begin(hop);
    if (hop.credentials || tells_fields(hop)) options_.route.credentials->mark_as_told();
    if (options_.route.credentials->told()) handshake->withhold_words();
    report(HandshakeStarted{hop.peer, asked_for(hop)});
    const Clock::time_point began = Clock::now();
    Clock::time_point until = patience_with(hop);
    for (;;) {
      const auto conversation = co_await run_handshake(fd, *handshake, until);
      if (!conversation) co_return fail_for_good(conversation.error());
      if (*conversation == HandshakeRun::timed_out && until == deadline_)
        co_return fail_late(hop, began);
      if (*conversation == HandshakeRun::timed_out)
        co_return co_await try_next(hop, "no answer in " + since(began), Blame::destination, "");
      switch (handshake->state()) {
        case Handshake::State::done:
          report(HandshakeFinished{hop.peer, ""});
          co_return Walk::arrived;
        case Handshake::State::wants_credentials:
        case Handshake::State::wants_new_connection:
          if (!hop.credentials) {
            auto found = co_await options_.route.credentials->find(
                loop_, *hop.proxy, hop.environment, deadline_);
            if (!found) co_return fail_for_good(found.error());
            hop.credentials = std::move(*found);
          }
          if (!hop.credentials) co_return fail_without_credentials(hop, began);
          if (handshake->state() == Handshake::State::wants_new_connection) {
            hop.challenge = handshake->challenge();
            const std::string why = wish_of(hop);
            report(HandshakeFinished{hop.peer, why});
            fail(hop, why);
            co_return Walk::again;
          }
          handshake->provide(*hop.credentials);
          until = patience_with(hop);  // what the user took to answer was not the proxy's time
          break;
        case Handshake::State::talking:
        case Handshake::State::failed:
          co_return co_await try_next(
              hop, handshake->failure(), handshake->blame(), handshake->hint());
      }
    }
  }

  // SOCKS5 asks before it is told, on the same connection.
  bool is_told_at_once(const Hop& hop) const {
    return hop.proxy && speaks_http(hop.proxy->scheme) && !hop.credentials &&
           options_.route.proxy_auth == ProxyAuth::at_once;
  }

  // They may hold a password, too.
  bool tells_fields(const Hop& hop) const {
    return hop.proxy && speaks_http(hop.proxy->scheme) &&
           std::ranges::any_of(options_.route.fields, [](const std::string& field) {
             return !equal_words(field_name(field), "User-Agent");
           });
  }

  std::unique_ptr<Handshake> begin(const Hop& hop) const {
    if (hop.proxy) return ask_proxy(hop.proxy->scheme, *hop.destination, introduction(hop));
    if (!options_.route.tcpmux.empty()) return ask_tcpmux(options_.route.tcpmux);
    return ask_vsock_mux(target_.vsock_port);
  }

  Introduction introduction(const Hop& hop) const {
    Introduction us{.credentials = hop.credentials,
                    .challenge = hop.challenge,
                    .fields = options_.route.fields};
    if (!hop.challenge.empty()) us.nonce = random_word();
    const bool known = hop.credentials ||
                       options_.route.credentials->known(*hop.proxy, hop.environment).has_value();
    us.identification = known ? Identification::possible : Identification::impossible;
    return us;
  }

  static std::string wish_of(const Hop& hop) {
    return hop.challenge.empty() ? "it wants a user and a password" : "it wants a Digest of them";
  }

  std::string asked_for(const Hop& hop) const {
    if (hop.destination) return in_words(*hop.destination);
    if (!options_.route.tcpmux.empty()) return "service " + in_quotes(options_.route.tcpmux);
    return "port " + std::to_string(target_.vsock_port);
  }

  asio::awaitable<std::optional<Destination>> next_destination(Hop& hop) {
    const Target& next = *hop.next;
    const bool first = !hop.destination;
    if (next.literal) {
      if (!first) co_return std::nullopt;
      co_return Destination{next.literal, "", next.port};
    }
    if (!resolves_here(hop.proxy->scheme)) {
      if (!first) co_return std::nullopt;
      co_return Destination{{}, next.name, next.port};
    }
    if (!hop.addresses) {
      NameOptions names = options_.names;
      names.families = families_for(hop.proxy->scheme, options_.route.families);
      hop.addresses = std::make_unique<Resolution>(
          loop_, next, names, options_.race, [this](Event::Body body) { report(std::move(body)); });
    }
    const auto address = co_await hop.addresses->next(deadline_);
    if (!address) co_return std::nullopt;
    co_return Destination{address, "", next.port};
  }

  // A proxy that keeps silent about one address must not cost the time of those after it.
  Clock::time_point patience_with(const Hop& hop) const {
    constexpr Clock::duration least = std::chrono::seconds(2);
    constexpr Clock::duration most = std::chrono::seconds(5);
    const auto others = static_cast<int>(hop.addresses ? hop.addresses->left() : 0);
    if (others == 0) return deadline_;
    const Clock::time_point now = Clock::now();
    return std::min(deadline_, now + std::clamp((deadline_ - now) / (others + 1), least, most));
  }

  // A proxy that could not reach one address is asked for the next, on a new connection.
  asio::awaitable<Walk> try_next(Hop& hop, std::string why, Blame blame, std::string hint) {
    report(HandshakeFinished{hop.peer, why});
    if (blame != Blame::destination) {
      fail(hop, hop.refusals + why, hint);
      failure_.is_final = blame == Blame::credentials;
      co_return Walk::failed;
    }
    co_return co_await ask_for_next(hop, std::move(why), std::move(hint));
  }

  asio::awaitable<Walk> ask_for_next(Hop& hop, std::string why, std::string hint) {
    hop.refusals += for_destination(hop) + why;
    fail(hop, hop.refusals, hint);
    auto next = co_await next_destination(hop);
    if (!next) co_return fail(hop, hop.refusals + untried_of(hop), hint);
    hop.refusals += ", ";
    hop.destination = std::move(next);
    co_return Walk::again;
  }

  static std::string untried_of(const Hop& hop) {
    const std::size_t untried = hop.addresses ? hop.addresses->untried() : 0;
    return untried == 0 ? "" : ", " + std::to_string(untried) + " more not tried";
  }

  // What was asked for, where that is not the target as the user named it.
  static std::string for_destination(const Hop& hop) {
    if (hop.addresses) return "for " + to_string(*hop.destination->address) + ": ";
    return hop.next_peer.empty() ? "" : "for " + hop.next_peer + ": ";
  }

  Walk fail(const Hop& hop, const std::string& why, const std::string& hint = "") {
    failure_ = {Error(ExitStatus::proxy_failed, beginning(hop) + why, hint)};
    return Walk::failed;
  }

  // This machine refused; another dial would not find it otherwise.
  Walk fail_for_good(const Error& error) {
    failure_ = {error, true};
    return Walk::failed;
  }

  Walk fail_late(const Hop& hop, Clock::time_point began, const std::string& what = "no answer") {
    const Moment given = options_.handshake_timeout.value_or(options_.race.timeout);
    const std::string why = what + " in " + as_given(Clock::now() - began, given);
    report(HandshakeFinished{hop.peer, why});
    failure_ = {
        Error(ExitStatus::timed_out, beginning(hop) + hop.refusals + for_destination(hop) + why)};
    return Walk::failed;
  }

  Walk fail_without_credentials(const Hop& hop, Clock::time_point began) {
    std::string why = "it wants a user and a password";
    if (hop.environment == EnvironmentLogin::for_another &&
        options_.route.credentials->has_environment_password())
      why += ", and that of the environment may be meant for another proxy";
    if (Clock::now() >= deadline_) return fail_late(hop, began, why + ", but there are none");
    report(HandshakeFinished{hop.peer, why});
    fail(hop, why, "give them with --proxy-auth-file; see gladhand(1)");
    failure_.is_final = true;
    return Walk::failed;
  }

  // Told as those of any name.
  Walk fail_without_address(const Hop& hop) {
    if (const auto& refusal = hop.addresses->refusal()) return fail_for_good(*refusal);
    const bool late = Clock::now() >= deadline_;
    Finish finish;
    finish.outcome = late ? Outcome::timed_out : Outcome::no_address;
    finish.questions = hop.addresses->questions();
    failure_ = {LostRace{std::move(finish), hop.next_peer}};
    return Walk::failed;
  }

  // A multiplexer is the target itself.
  std::string beginning(const Hop& hop) const {
    const std::string target = "connect to " + gladhand::in_words(target_.host, target_.service);
    return target + ": " + (hop.proxy ? hop.peer + ": " : "");
  }

  static std::string since(Clock::time_point began) {
    return to_string(std::chrono::round<std::chrono::milliseconds>(Clock::now() - began));
  }

  void report(Event::Body body) const { recorder_.record(std::move(body)); }

  asio::io_context& loop_;
  Target target_;
  ConnectOptions options_;
  Recorder& recorder_;
  Target first_;  // what the race is for
  std::optional<ReportedTarget> reported_;
  std::vector<Hop> hops_;
  Clock::time_point deadline_;  // of what comes next
  std::optional<FirstWords> until_;
  DialFailure failure_;  // of the connection that pass_hops was about
};

asio::awaitable<DialResult> dial_through_hops(asio::io_context& loop,
                                              Target target,
                                              std::shared_ptr<const ConnectOptions> options,
                                              Clock::time_point deadline,
                                              Recorder& recorder) {
  ProxyChain chain(loop, std::move(target), *options, deadline, recorder);
  co_return co_await chain.open();
}

}  // namespace

// A direct dial has no frame here: thousands of them run at once in gladhand-bench.
asio::awaitable<DialResult> dial_through(asio::io_context& loop,
                                         Target target,
                                         std::shared_ptr<const ConnectOptions> options,
                                         Clock::time_point deadline,
                                         Recorder& recorder) {
  const Route& route = options->route;
  const bool direct =
      route.proxies.empty() && route.tcpmux.empty() && target.kind != Target::Kind::vsock_mux;
  if (!direct)
    return dial_through_hops(loop, std::move(target), std::move(options), deadline, recorder);
  auto reported = told_direct(route, target);
  return dial(loop, std::move(target), std::move(options), deadline, recorder, std::move(reported));
}

}  // namespace gladhand
