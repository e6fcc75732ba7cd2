#include "apps/serve.hpp"

#include <unistd.h>

#include <algorithm>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <charconv>
#include <csignal>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "apps/dial_options.hpp"
#include "bench/prober.hpp"
#include "dns/idna.hpp"
#include "figures/exporter_metrics.hpp"
#include "gladhand/error.hpp"
#include "http/server.hpp"
#include "names/host_and_port.hpp"
#include "sys/file.hpp"
#include "sys/signal_watch.hpp"

namespace gladhand {

namespace {

constexpr std::string_view metrics_type = "text/plain; version=0.0.4; charset=utf-8";
constexpr std::string_view front_page =
    "gladhand-bench\n\n"
    "/metrics                                  what the schedule has measured\n"
    "/probe?target=HOST:PORT&module=MODULE     a dial now; tcp_connect or ssh_banner\n"
    "/healthz                                  whether this program is well\n";

std::string port_text(const Endpoint& address) {
  const std::string text = to_string(address);
  return (text.find(':') == text.npos ? text : '[' + text + ']') + ':' +
         std::to_string(address.port());
}

HttpResponse fail(unsigned status, const std::string& why) {
  return {status, why + '\n'};
}

class Exporter {
 public:
  Exporter(asio::io_context& loop,
           const BenchSettings& settings,
           std::vector<BenchTarget> targets,
           SampleSink live)
      : loop_(loop),
        settings_(settings),
        live_(std::move(live)),
        metrics_(settings.labels, settings.address_label),
        runner_(make_runner(std::move(targets))),
        prober_(loop, settings.bench.dial, runner_.get(), probe_limits(settings)),
        services_(read_file("/etc/services")),
        server_(loop,
                *settings.serve,
                [this](HttpRequest request) { return answer(std::move(request)); }),
        bound_(loop) {}

  void run() {
    const SignalWatch ends(loop_, {SIGHUP, SIGINT, SIGTERM}, [this] { end(); });
    server_.begin([](std::error_code error) {
      write_all(STDERR_FILENO,
                "gladhand-bench: --serve: cannot answer: " + system_words(error.value()) + '\n');
    });
    write_all(STDERR_FILENO,
              "gladhand-bench: serves http://" + port_text(server_.address()) + "/metrics\n");
    if (runner_) {
      runner_->run();
    } else {
      loop_.run();
    }
  }

 private:
  // Probes may be of banners: what dials the same servers keeps as far from them.
  std::unique_ptr<BenchRunner> make_runner(std::vector<BenchTarget> targets) {
    if (targets.empty()) return nullptr;
    BenchOptions options = settings_.bench;
    options.forget = true;
    options.schedule.server_gap = probe_gap;
    options.schedule.spread =
        std::min(options.schedule.gap / static_cast<Moment::rep>(targets.size()),
                 Moment(std::chrono::seconds(1)));
    return std::make_unique<BenchRunner>(
        loop_,
        std::move(options),
        std::move(targets),
        std::function<void(const BenchProgress&)>(),
        [this](WallTime time, const HostSamples& host, const ModeSamples& mode) {
          metrics_.add(time, host, mode);
          if (live_) live_(time, host, mode);
        });
  }

  static ProbeLimits probe_limits(const BenchSettings& settings) {
    ProbeLimits limits;
    if (settings.flood) limits.gap = std::min(limits.gap, settings.bench.schedule.gap);
    return limits;
  }

  // What is being answered is, but nobody waits longer for it than for a dial.
  void end() {
    ending_ = true;
    server_.end([this] { loop_.stop(); });
    bound_.expires_after(settings_.bench.dial.race.timeout);
    bound_.async_wait([this](std::error_code canceled) {
      if (!canceled) loop_.stop();
    });
  }

  asio::awaitable<HttpResponse> answer(HttpRequest request) {
    if (request.path == "/probe") co_return co_await probe(std::move(request));
    if (request.path == "/metrics") co_return metrics();
    if (request.path == "/healthz")
      co_return ending_ ? fail(503, "ending") : HttpResponse{200, "ok\n"};
    if (request.path == "/") co_return HttpResponse{200, std::string(front_page)};
    co_return fail(404, "There are /metrics, /probe and /healthz.");
  }

  HttpResponse metrics() const {
    HttpResponse response{200, "", std::string(metrics_type)};
    metrics_.write(runner_ && runner_->has_begun() ? runner_->lag() : LoopLag{},
                   [&response](std::string_view text) { response.body += text; });
    return response;
  }

  // A Unix socket or a machine of this host is nobody's to ask for from afar.
  Target read_target(const std::string& text) const {
    const HostAndPort it = split_host(text, "22");
    if (is_local(it.host)) throw UsageError("target: " + in_quotes(text) + " is no internet host");
    Target target = parse_target(to_ascii(it.host), it.port, services_);
    if (target.kind != Target::Kind::internet)
      throw UsageError("target: " + in_quotes(text) + " is no internet host");
    check_target(settings_.given, target, settings_.bench.dial);
    return target;
  }

  asio::awaitable<HttpResponse> probe(HttpRequest request) {
    const std::string module = request.query.contains("module")     ? request.query["module"]
                               : settings_.bench.after.until_banner ? "ssh_banner"
                                                                    : "tcp_connect";
    if (module != "tcp_connect" && module != "ssh_banner")
      co_return fail(400, "module: there are tcp_connect and ssh_banner");
    std::optional<Target> target;
    try {
      target = read_target(request.query["target"]);
    } catch (const Error& error) {
      co_return fail(400, error.what());
    }
    // The answer has to be there before who asks gives up.
    constexpr std::chrono::milliseconds beside{500};
    Moment timeout = settings_.bench.dial.race.timeout;
    if (request.patience)
      timeout = std::min<Moment>(
          timeout, std::max<Moment>(*request.patience - beside, *request.patience / 2));
    if (const auto refusal = prober_.begin(*target, timeout))
      co_return *refusal == Prober::Refusal::too_often
          ? fail(429, "This server was dialled under 2 s ago.")
          : fail(503, "Too many targets are being probed.");
    const HostSamples host =
        co_await prober_.probe(std::move(*target), module == "ssh_banner", timeout);
    co_return HttpResponse{
        200, probe_metrics(host, settings_.address_label), std::string(metrics_type)};
  }

  asio::io_context& loop_;
  const BenchSettings& settings_;
  SampleSink live_;
  ExporterMetrics metrics_;
  std::unique_ptr<BenchRunner> runner_;  // none where no host is given
  Prober prober_;
  std::string services_;
  HttpServer server_;
  asio::steady_timer bound_;
  bool ending_ = false;
};

}  // namespace

Endpoint read_serve_address(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  std::string host = colon == text.npos ? "127.0.0.1" : text.substr(0, colon);
  const std::string port = colon == text.npos ? text : text.substr(colon + 1);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  std::uint16_t number = 0;
  const auto [stop, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  const auto address = parse_address(host, number);
  if (error != std::errc() || stop != port.data() + port.size() || port.empty() || !address)
    throw UsageError("--serve: " + in_quotes(text) + " is not [IP:]PORT",
                     "such as 9822, which is 127.0.0.1:9822, or [::]:9822");
  return *address;
}

void serve(asio::io_context& loop,
           const BenchSettings& settings,
           std::vector<BenchTarget> targets,
           SampleSink live) {
  Exporter(loop, settings, std::move(targets), std::move(live)).run();
}

}  // namespace gladhand
