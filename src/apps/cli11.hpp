// CLI11 without <iostream>. It names std::cout in default arguments that nothing here uses; the
// header of gcc's library makes eight streams and their locale ready before main, for 35,000
// instructions.
#pragma once

#include <iosfwd>

#ifdef __GLIBCXX__
#define _GLIBCXX_IOSTREAM 1  // NOLINT(bugprone-reserved-identifier): <iostream> has been here
namespace std {
extern istream cin;
extern ostream cout;
extern ostream cerr;
extern ostream clog;
}  // namespace std
#endif

#include <CLI/CLI.hpp>
