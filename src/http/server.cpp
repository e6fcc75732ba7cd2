#include "http/server.hpp"

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/error.hpp>
#include <asio/read_until.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <exception>
#include <memory>
#include <string>
#include <utility>

#include "gladhand/error.hpp"

namespace gladhand {

namespace {

using asio::ip::tcp;

tcp::endpoint to_asio(const Endpoint& address) {
  tcp::endpoint result;
  result.resize(address.size());
  std::copy_n(reinterpret_cast<const char*>(address.data()),
              address.size(),
              reinterpret_cast<char*>(result.data()));
  return result;
}

// Closes a socket that takes too long, unless it is told that it need not.
class Patience {
 public:
  Patience(tcp::socket& socket, std::chrono::seconds bound) : timer_(socket.get_executor(), bound) {
    timer_.async_wait([&socket](std::error_code canceled) {
      std::error_code ignored;
      if (!canceled) socket.close(ignored);
    });
  }

 private:
  asio::steady_timer timer_;
};

auto into(std::error_code& error) {
  return asio::redirect_error(asio::use_awaitable, error);
}

}  // namespace

HttpServer::HttpServer(asio::io_context& loop,
                       const Endpoint& address,
                       Handler handler,
                       HttpLimits limits)
    : loop_(loop), acceptor_(loop), handler_(std::move(handler)), limits_(limits) {
  const tcp::endpoint at = to_asio(address);
  std::error_code error;
  acceptor_.open(at.protocol(), error);
  if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor_.bind(at, error);
  if (!error) acceptor_.listen(tcp::acceptor::max_listen_connections, error);
  if (error)
    throw UsageError("--serve: cannot listen on " + to_string(address) + " port " +
                     std::to_string(address.port()) + ": " + system_words(error.value()));
}

Endpoint HttpServer::address() const {
  const tcp::endpoint at = acceptor_.local_endpoint();
  return Endpoint(at.data(), static_cast<socklen_t>(at.size()));
}

void HttpServer::begin(std::function<void(std::error_code)> on_trouble) {
  on_trouble_ = std::move(on_trouble);
  asio::co_spawn(loop_, accept(), asio::detached);
}

void HttpServer::end(std::function<void()> then) {
  std::error_code ignored;
  acceptor_.close(ignored);
  ended_ = std::move(then);
  if (open_ == 0) ended_();
}

// Without a descriptor for who comes, one waits until there may be one again.
asio::awaitable<void> HttpServer::accept() {
  constexpr std::chrono::milliseconds pause{100};
  bool is_told = false;
  while (acceptor_.is_open()) {
    std::error_code error;
    tcp::socket socket = co_await acceptor_.async_accept(into(error));
    if (error && acceptor_.is_open()) {
      if (!std::exchange(is_told, true)) on_trouble_(error);
      asio::steady_timer wait(loop_, pause);
      co_await wait.async_wait(into(error));
      continue;
    }
    if (error || open_ == limits_.connections) continue;
    is_told = false;
    ++open_;
    asio::co_spawn(loop_, serve(std::move(socket)), [this](const std::exception_ptr& thrown) {
      close_one();
      if (thrown) std::rethrow_exception(thrown);
    });
  }
}

void HttpServer::close_one() {
  if (--open_ == 0 && ended_) ended_();
}

asio::awaitable<void> HttpServer::serve(tcp::socket socket) {
  co_await answer(socket);
  // The client ends first, so that it reads all that was sent.
  std::error_code error;
  if (!socket.is_open()) co_return;
  const Patience patience(socket, limits_.patience);
  socket.shutdown(tcp::socket::shutdown_send, error);
  char rest[512];
  for (std::size_t taken = 0; !error && taken < limits_.head;)
    taken += co_await socket.async_read_some(asio::buffer(rest), into(error));
}

asio::awaitable<void> HttpServer::answer(tcp::socket& socket) {
  std::error_code error;
  std::string head;
  auto patience = std::make_unique<Patience>(socket, limits_.patience);
  const std::size_t size = co_await asio::async_read_until(
      socket, asio::dynamic_buffer(head, limits_.head), "\r\n\r\n", into(error));
  patience.reset();
  HttpResponse response{400, "This is no request for HTTP/1.1.\n"};
  bool with_body = true;
  if (error == asio::error::not_found) {
    response = {431, "The request is too long.\n"};
  } else if (error) {
    co_return;
  } else if (auto request = parse_http_request(std::string_view(head).substr(0, size))) {
    with_body = request->method != "HEAD";
    response = {405, "GET is all that is answered.\n"};
    if (request->method == "GET" || !with_body) response = co_await handler_(std::move(*request));
  }
  const std::string text = to_text(response, with_body);
  patience = std::make_unique<Patience>(socket, limits_.patience);
  co_await asio::async_write(socket, asio::buffer(text), into(error));
}

}  // namespace gladhand
