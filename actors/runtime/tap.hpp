#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "protocol/telemetry/batch.hpp"

namespace troupe::runtime {

/// Looks at what goes over a component's edges. It holds batches, which are shared and immutable, until they are taken
/// away to be shown; what comes while it is full is only counted, so that nobody waits for whoever looks. Any thread.
class tap {
 public:
  /// `edge`: the component at the other end; empty: all edges.
  explicit tap(std::string edge) : edge_(std::move(edge)) {}

  struct sight {
    bool incoming = false;
    std::string peers;  ///< the other end; several consumers of one batch separated by ", "
    telemetry::batch_ref batch;
  };
  struct view {
    std::vector<sight> sights;
    std::uint64_t missed_items = 0;
  };

  void taken(const std::string& producer, const telemetry::batch_ref& batch) {
    if (edge_.empty() || edge_ == producer) keep(true, {producer}, batch);
  }
  void pushed(const std::vector<std::string>& consumers, const telemetry::batch_ref& batch);
  /// What was seen since the last time.
  [[nodiscard]] view look();

  static constexpr std::size_t max_batches = 64;
  static constexpr std::size_t max_bytes = std::size_t{16} << 20;

 private:
  void keep(bool incoming, const std::vector<std::string>& peers, const telemetry::batch_ref& batch);

  const std::string edge_;
  std::mutex mutex_;
  view seen_;
  std::size_t bytes_ = 0;
};

}  // namespace troupe::runtime
