#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "actors/app/activity.hpp"
#include "actors/app/components.hpp"
#include "actors/app/load_log.hpp"
#include "actors/app/options.hpp"
#include "actors/runtime/blocking_pool.hpp"
#include "actors/runtime/clocks.hpp"
#include "actors/runtime/controller.hpp"
#include "actors/runtime/event_bus.hpp"
#include "actors/runtime/own_metrics.hpp"
#include "actors/runtime/process_metrics.hpp"
#include "actors/runtime/tracing.hpp"
#include "protocol/http/client.hpp"
#include "protocol/http/server.hpp"

namespace troupe::app {

/// A running collector: everything it is made of, in the order in which it is made.
class collector {
 public:
  /// Listens when it returns, and answers that it is not ready. Errors: the address, the storage path.
  [[nodiscard]] static result<std::unique_ptr<collector>> start(const run_options& options);
  /// Ends what still runs.
  ~collector();
  collector(const collector&) = delete;

  /// Reads the configuration anew and applies it, whole or not at all. Any thread; `done` in the controller's.
  void load(std::string_view requested_by, std::function<void(const runtime::load_result&)> done);
  [[nodiscard]] runtime::load_result load();  ///< waits: the first load
  /// What load() would do; `same`: the configuration is the one that runs. Likewise.
  void plan(std::function<void(const runtime::load_plan&, bool same)> done);

  /// Sources end first, then what comes after them; then the HTTP server.
  void stop(std::string_view why);

  [[nodiscard]] runtime::controller& components() { return *controller_; }
  [[nodiscard]] runtime::own_metrics& metrics() { return metrics_; }
  [[nodiscard]] runtime::event_bus& events() { return events_; }
  [[nodiscard]] const runtime::tracer& tracing() const { return tracing_; }
  [[nodiscard]] const runtime::clocks& time() const { return clocks_; }
  [[nodiscard]] runtime::engine& actors() { return *engine_; }
  [[nodiscard]] const run_options& options() const { return options_; }
  [[nodiscard]] const runtime::registry& kinds() const { return registry_; }
  [[nodiscard]] const load_log& loads() const { return loads_; }
  [[nodiscard]] const activity& recent() const { return *recent_; }
  [[nodiscard]] const std::string& instance() const { return services_->instance; }
  [[nodiscard]] std::int64_t started_ms() const { return started_ms_; }
  [[nodiscard]] std::string address() const { return server_->address(); }

 private:
  collector(const run_options& options, std::string uid);
  [[nodiscard]] std::shared_ptr<const runtime::configuration> read(config::diagnostics& out);
  struct attempt {
    std::shared_ptr<const runtime::configuration> what;  ///< null: it could not be read
    std::string requested_by;
    runtime::time_point began;
  };
  void loaded(const runtime::load_result& result, const attempt& of);
  void tell_left_behind();

  run_options options_;
  runtime::clocks clocks_;
  runtime::event_bus events_;
  runtime::own_metrics metrics_;
  runtime::tracer tracing_;
  own_telemetry own_;
  load_log loads_;
  std::shared_ptr<activity> recent_ = std::make_shared<activity>();
  std::int64_t started_ms_ = clocks_.wall_ms();
  std::unique_ptr<runtime::process_metrics> process_;
  std::unique_ptr<http::client> client_;
  std::unique_ptr<runtime::blocking_pool> blocking_;
  runtime::registry registry_;
  std::unique_ptr<runtime::services> services_;
  std::unique_ptr<runtime::engine> engine_;
  std::unique_ptr<runtime::controller> controller_;
  std::unique_ptr<http::server> server_;
  struct load_metrics;
  std::unique_ptr<load_metrics> load_metrics_;
  bool stopped_ = false;
};

}  // namespace troupe::app
