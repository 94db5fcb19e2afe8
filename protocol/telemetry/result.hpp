#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace troupe {

/// An expected failure as a value: what happened, to what, where, and what to do.
struct error {
  std::string message;
};

template <class T>
using result = tl::expected<T, error>;

/// `return failure("cannot open " + path + ": " + reason);` converts to any result<T>.
inline tl::unexpected<error> failure(std::string message) {
  return tl::unexpected<error>(error{std::move(message)});
}

}  // namespace troupe
