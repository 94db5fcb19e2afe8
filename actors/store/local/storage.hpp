#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "actors/store/local/api.hpp"
#include "actors/store/local/database.hpp"
#include "actors/store/local/directory_lock.hpp"
#include "actors/store/local/log_database.hpp"
#include "actors/store/local/log_reader.hpp"
#include "actors/store/local/reader.hpp"
#include "actors/store/local/trace_database.hpp"
#include "actors/store/local/trace_reader.hpp"
#include "protocol/telemetry/logs.hpp"
#include "protocol/telemetry/otlp.hpp"

namespace troupe::store {

/// One of each signal, in the order of telemetry::signal (otlp: traces).
template <class T>
using of_each = std::array<T, 3>;

/// What is written together.
struct load {
  std::vector<telemetry::metrics_ref> metrics;
  std::vector<telemetry::logs_ref> logs;
  std::vector<telemetry::otlp_ref> traces;
};

/// How the batches of one signal were written.
struct stored {
  result<void> how{};  ///< an error: none of them
  kept items{};
  std::vector<bool> undecodable{};  ///< of traces: by batch
  std::string why_undecodable{};    ///< of the first of them
};

/// The files of a store, one per signal, so that each has its own bounds and its own damage. `ask` from any thread; all
/// else from one thread at a time.
class storage {
 public:
  /// Makes the directory, and keeps other processes away from it. `aside`: these files are damaged and set aside first.
  /// `notes`: what was set aside.
  [[nodiscard]] static result<std::unique_ptr<storage>> open(const std::filesystem::path& directory,
                                                             const of_each<bool>& aside,
                                                             std::vector<std::string>& notes);

  [[nodiscard]] of_each<stored> write(const load& all);
  /// Small rows become chunks, and what is beyond the bounds goes. What fails for one signal does not keep the others.
  struct maintained {
    of_each<result<void>> how{};
    of_each<removed> gone{};
  };
  [[nodiscard]] maintained maintain(const of_each<retention>& bounds, std::int64_t now_ms);
  /// The path below the store's own.
  [[nodiscard]] answer ask(const std::string& path, const http::server_request& question, std::int64_t now_ms);

  [[nodiscard]] of_each<bool> damaged_for_writing() const;
  [[nodiscard]] of_each<bool> damaged_for_asking() const;  ///< not while a question runs
  [[nodiscard]] of_each<std::uint64_t> bytes();
  [[nodiscard]] of_each<std::int64_t> groups() const;  ///< series, streams, traces

 private:
  storage() = default;
  [[nodiscard]] stored write_traces(const std::vector<telemetry::otlp_ref>& batches);
  std::unique_ptr<directory_lock> lock_;  // the last to go
  std::unique_ptr<database> metrics_;
  std::unique_ptr<log_database> logs_;
  std::unique_ptr<trace_database> traces_;
  std::unique_ptr<reader> metrics_queries_;
  std::unique_ptr<log_reader> log_queries_;
  std::unique_ptr<trace_reader> trace_queries_;
};

}  // namespace troupe::store
