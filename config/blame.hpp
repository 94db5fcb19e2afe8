#pragma once

#include "config/schema.hpp"

#include <span>
#include <string>

namespace troupe::config {

/// An attribute or block that a check may be about, and how a T is as if nobody had written it.
template <class T>
struct suspect {
  const char* name;
  void (*leave_out)(T&);
};

/// The complaint of a check that doesn't say which attribute it is about: `says(T)` is its message, empty where all is
/// well. Blamed is the first suspect without which it says something else; none: the whole block.
template <class T, class Check>
complaints blame(const T& all, std::span<const suspect<T>> suspects, Check says) {
  const std::string message = says(all);
  if (message.empty()) return {};
  for (const auto& one : suspects) {
    T without = all;
    one.leave_out(without);
    if (says(without) != message) return {{one.name, message}};
  }
  return {{"", message}};
}

}  // namespace troupe::config
