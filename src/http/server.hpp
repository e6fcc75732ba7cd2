// HttpServer: answers on the loop that everything else runs on. No library: Debian's cpp-httplib
// has a thread for each connection and a loop of its own; its restinio needs what Asio calls
// deprecated, and newer releases of Asio lack. What is wanted is a request of one line.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <system_error>

#include "gladhand/endpoint.hpp"
#include "http/request.hpp"

namespace gladhand {

struct HttpLimits {
  std::size_t connections = 64;                    ///< at once; those beyond are closed at once
  std::size_t head = 8192;                         ///< bytes of a request
  std::chrono::seconds patience{10};               ///< for a request, and for a response to be taken
};

class HttpServer {
 public:
  using Handler = std::function<asio::awaitable<HttpResponse>(HttpRequest)>;

  /// Listens. Throws UsageError where it cannot.
  HttpServer(asio::io_context& loop, const Endpoint& address, Handler handler, HttpLimits limits = {});

  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// Answers from now on. `on_trouble` hears why the next who comes cannot be, and no more of that
  /// until somebody could.
  void begin(std::function<void(std::error_code)> on_trouble);

  /// Takes no more requests, and calls `then` when those that are there are answered.
  void end(std::function<void()> then);

  /// Where it listens: with the port that the system chose for port 0.
  Endpoint address() const;

 private:
  asio::awaitable<void> accept();
  asio::awaitable<void> serve(asio::ip::tcp::socket socket);
  asio::awaitable<void> answer(asio::ip::tcp::socket& socket);
  void close_one();

  asio::io_context& loop_;
  asio::ip::tcp::acceptor acceptor_;
  Handler handler_;
  HttpLimits limits_;
  std::size_t open_ = 0;
  std::function<void(std::error_code)> on_trouble_;
  std::function<void()> ended_;
};

}  // namespace gladhand
