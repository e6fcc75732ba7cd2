// One dial of the benchmark: the connector's own, what follows it as far as it is measured, and the
// end of the connection.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <string>

#include "connect/credential_sources.hpp"
#include "dial/dial.hpp"
#include "samples/sample_builder.hpp"

namespace gladhand {

/// What is done with a connection.
struct AfterDial {
  bool until_banner = false;     ///< wait for the server's first line
  bool reset = false;            ///< close with RST
  std::string identification{};  ///< sent as a line when all is measured; empty: nothing is
  std::shared_ptr<CredentialSources> credentials{};  ///< of the dial
};

/// Carries `dialling` out, whose events go to `builder` by way of `recorder`: these and `after`
/// must outlive it. Waits for the first line until `deadline`, but for `patience` at least.
/// Whatever is thrown, but for a lack of memory in here, is an end of the dial like another.
asio::awaitable<void> make_dial(asio::io_context& loop,
                                asio::awaitable<DialResult> dialling,
                                const AfterDial& after,
                                std::chrono::steady_clock::time_point deadline,
                                Moment patience,
                                SampleBuilder& builder,
                                Recorder& recorder);

}  // namespace gladhand
