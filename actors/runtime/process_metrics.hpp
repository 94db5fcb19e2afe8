#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "actors/runtime/own_metrics.hpp"

namespace troupe::runtime {

/// What Linux tells of this process (proc(5)); nothing: it could not be read.
struct process_state {
  std::optional<double> cpu_seconds, start_time_seconds;  ///< start: Unix time
  std::optional<double> resident_bytes, virtual_bytes, virtual_max_bytes;
  std::optional<double> open_fds, max_fds, threads;
  std::optional<double> received_bytes, transmitted_bytes;  ///< by IP, in the process's network namespace
  std::optional<double> machine_received_bytes, machine_transmitted_bytes;  ///< by all interfaces, lo included
};
[[nodiscard]] process_state read_process(const std::filesystem::path& proc = "/proc");

/// Publishes process_*, alloy_resources_*, alloy_build_info and, where jemalloc is linked, troupe_memory_*, as long as
/// it lives. All are read when a page is asked for.
class process_metrics {
 public:
  explicit process_metrics(own_metrics& of, std::string_view version = TROUPE_VERSION);

 private:
  void publish_process();
  void publish_memory();
  std::shared_ptr<component_metrics> metrics_;
  std::vector<collection> collections_;
};

}  // namespace troupe::runtime
