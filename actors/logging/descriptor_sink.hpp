#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>

#include "actors/logging/line.hpp"

namespace troupe::logging {

/// Writes lines to a file descriptor, whole ones only. It never waits long for a reader that does not read: what cannot
/// be written is counted, and the count is written when there is room again. Lines of a burst may wait for each other
/// for two milliseconds, each call to the system costs as much as making several of them; an urgent one waits for
/// nothing. Thread-safe.
class descriptor_sink {
 public:
  /// `format`: of what it says itself. Owns neither.
  descriptor_sink(int descriptor, const std::atomic<log_format>& format);
  ~descriptor_sink();

  /// `urgent`: it may be the last thing that this process says.
  void write(std::string_view line, bool urgent = false) noexcept;
  /// Lines that could not be written.
  [[nodiscard]] std::uint64_t lost() const;

 private:
  struct output;
  std::unique_ptr<output> output_;
};

}  // namespace troupe::logging
