// Result: what a function made, or why it could not.
#pragma once

#include <utility>
#include <variant>

#include "gladhand/error.hpp"

namespace gladhand {

/// For everything that networks, files and kernels may refuse. A function that makes nothing
/// returns a std::optional<Error> instead. The face is that of C++23's std::expected<T, Error>.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : end_(std::move(value)) {}
  Result(Error error) : end_(std::move(error)) {}

  explicit operator bool() const { return end_.index() == 0; }
  T& operator*() { return *std::get_if<0>(&end_); }
  const T& operator*() const { return *std::get_if<0>(&end_); }
  T* operator->() { return std::get_if<0>(&end_); }
  const T* operator->() const { return std::get_if<0>(&end_); }
  const Error& error() const { return *std::get_if<1>(&end_); }

  /// The value. Throws the error: for the edges of a program, where it ends.
  T or_throw() && {
    if (!*this) throw Error(error());
    return std::move(**this);
  }

 private:
  std::variant<T, Error> end_;
};

}  // namespace gladhand
