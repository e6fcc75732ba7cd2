#include "apps/doctor_network.hpp"

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <memory>
#include <utility>
#include <vector>

#include "apps/routes.hpp"
#include "dial/dial.hpp"
#include "dns/network.hpp"
#include "dns/resolver.hpp"
#include "dns/system_network.hpp"
#include "doctor/read_dial.hpp"
#include "report/verdict.hpp"
#include "sys/file.hpp"
#include "sys/process.hpp"

namespace gladhand {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t most_asked = 3;  // as many as glibc takes

Moment since(Clock::time_point start) {
  return std::chrono::duration_cast<Moment>(Clock::now() - start);
}

// One name server, asked alone.
class ServerProbe {
 public:
  ServerProbe(asio::io_context& loop,
              const NameSource& source,
              const std::string& server,
              Moment patience)
      : start_(Clock::now()) {
    facts_.server = server;
    facts_.patience = patience;
    ResolvConf conf = source.conf;
    conf.servers = {server};
    conf.one_by_one = false;
    resolver_ =
        std::make_shared<Resolver>(loop,
                                   source.name,
                                   std::uint16_t{22},
                                   std::vector<Family>{Family::ipv6, Family::ipv4},
                                   conf,
                                   source.delays,
                                   [this](const Resolver::Answer& answer) { take(answer); });
  }

  void ask() {
    for (const Family family : {Family::ipv6, Family::ipv4}) resolver_->ask(family);
  }

  bool has_ended() const { return facts_.ipv6 && facts_.ipv4; }

  ServerFacts end() {
    resolver_.reset();
    return std::move(facts_);
  }

 private:
  void take(const Resolver::Answer& answer) {
    auto& place = answer.family == Family::ipv6 ? facts_.ipv6 : facts_.ipv4;
    place = ServerFacts::Answer{answer.status, since(start_)};
  }

  Clock::time_point start_;
  ServerFacts facts_;
  std::shared_ptr<Resolver> resolver_;
};

// One family's dial.
struct FamilyProbe {
  FamilyProbe() : recorder([this](const Event& event) { events.push_back(event); }) {}

  FamilyFacts facts;
  std::vector<Event> events;
  Recorder recorder;
  bool has_ended = false;
};

// It is only to be seen whether there is a connection: it is closed at once.
void start(asio::io_context& loop,
           FamilyProbe& probe,
           const Target& target,
           const DialOptions& asked,
           Clock::time_point deadline) {
  const auto options = std::make_shared<DialOptions>(asked);
  options->names.families = {probe.facts.family};
  options->before.clear();
  options->attempt.until.reset();
  asio::co_spawn(loop,
                 dial(loop, target, options, deadline, probe.recorder),
                 [&probe, target](const std::exception_ptr& error, DialResult result) {
                   probe.has_ended = true;
                   if (error) return;
                   probe.recorder.end();
                   const auto* failure = std::get_if<DialFailure>(&result);
                   if (failure != nullptr)
                     probe.facts.failure = verdict(*failure, target, probe.recorder.now()).what();
                 });
}

std::vector<Family> families_of(const Target& target, const NameOptions& names) {
  if (!target.literal) return names.families;
  return {*target.literal->family()};
}

void read_name_files(const NameSource& source, NameFacts& facts) {
  facts.resolv_conf = {"/etc/resolv.conf", read_file("/etc/resolv.conf")};
  facts.gai_conf = {"/etc/gai.conf", read_file("/etc/gai.conf")};
  facts.no_aaaa = source.conf.no_aaaa;
  facts.has_getent = !missing_program("getent");
  for (const NameStep& step : source.plan.steps)
    if (step.kind == NameStep::Kind::module) facts.modules.push_back(step.module.name);
}

bool asks_name_servers(const NameSource& source) {
  return !source.questions.empty() && !source.refusal &&
         std::ranges::find(source.plan.steps, NameStep::Kind::dns, &NameStep::kind) !=
             source.plan.steps.end();
}

std::string first_gateway() {
  SystemNetwork network;
  for (const DefaultRoute& route : network.default_routes())
    if (route.gateway.family()) return to_string(route.gateway);
  return "";
}

std::string why_not_dialled(const Settings& settings, const Target& target) {
  if (target.kind != Target::Kind::internet) return "not looked at, this host has no address";
  if (!settings.routes.empty()) return "not looked at, a route leads there: use --explain";
  if (!settings.dial.route.proxies_for(target).empty())
    return "not looked at, a proxy makes the connection: use --explain";
  return "";
}

}  // namespace

void find_network_facts(const Settings& settings,
                        const HostAndPort& host,
                        Clock::time_point deadline,
                        DoctorFacts& facts) {
  constexpr Moment longest = std::chrono::seconds(5);
  const Target target = read_target(host);
  facts.dial.not_dialled = why_not_dialled(settings, target);
  if (!facts.dial.not_dialled.empty()) return;
  const Clock::time_point now = Clock::now();
  const Moment patience =
      std::clamp(std::chrono::duration_cast<Moment>(deadline - now), Moment(1), longest);
  deadline = now + patience;

  std::vector<std::unique_ptr<FamilyProbe>> families;  // longer than the loop that has their dials
  asio::io_context loop(1);
  Network network(settings.dial.attempt.socket);
  const NameSource source = find_name_source(target, settings.dial.names, network);
  std::vector<std::unique_ptr<ServerProbe>> servers;
  if (!target.literal) read_name_files(source, facts.names);
  if (asks_name_servers(source))
    for (const std::string& server : source.conf.servers)
      if (servers.size() < most_asked)
        servers.push_back(std::make_unique<ServerProbe>(loop, source, server, patience));
  for (const auto& server : servers) server->ask();

  DialOptions options = settings.dial.of_dial();
  options.race.timeout = patience;
  options.race.backup_attempt = false;
  for (const Family family : families_of(target, settings.dial.names)) {
    auto probe = std::make_unique<FamilyProbe>();
    probe->facts.family = family;
    probe->facts.has_route = network.connectivity(family) == Connectivity::default_route;
    probe->has_ended = network.connectivity(family) == Connectivity::none && !target.literal &&
                       source.known.empty();  // nobody asks for addresses of such a family
    if (!probe->has_ended) start(loop, *probe, target, options, deadline);
    families.push_back(std::move(probe));
  }

  const auto all_ended = [&] {
    return std::ranges::all_of(servers, [](const auto& it) { return it->has_ended(); }) &&
           std::ranges::all_of(families, [](const auto& it) { return it->has_ended; });
  };
  constexpr std::chrono::milliseconds grace(100);  // for what ends at the deadline itself
  while (!all_ended() && Clock::now() < deadline + grace)
    if (loop.run_one_until(deadline + grace) == 0) break;

  for (const auto& server : servers) facts.names.servers.push_back(server->end());
  for (const auto& family : families) {
    family->facts.addresses = read_addresses(family->events);
    facts.dial.families.push_back(std::move(family->facts));
  }
  facts.dial.gateway = first_gateway();
}

}  // namespace gladhand
