// The values that options take, from text. All throw UsageError that names the option.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "io/names.hpp"

namespace gladhand {

std::chrono::microseconds read_duration(const std::string& text, std::string_view option);

/// A number from 1 to 1000.
unsigned read_count(const std::string& text, std::string_view option);

/// "addr", "addr:port", "v6", "[v6]" or "[v6]:port", returned as c-ares reads it.
std::string read_dns_server(const std::string& text);

/// "name:addr[,addr...]", an IPv6 address with or without brackets.
NameOverride read_override(const std::string& text);

}  // namespace gladhand
