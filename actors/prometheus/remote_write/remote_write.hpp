#pragma once

#include <memory>

#include "actors/prometheus/remote_write/arguments.hpp"
#include "actors/prometheus/remote_write/wal_metrics.hpp"
#include "actors/runtime/registry.hpp"
#include "actors/writer/journaled_writer.hpp"

namespace troupe::prometheus {

/// prometheus.remote_write: a journaled writer of samples.
class remote_write_component final : public writer::journaled_writer {
 public:
  using arguments_type = remote_writing::arguments;
  remote_write_component(runtime::component_context& context,
                         std::shared_ptr<const remote_writing::arguments> arguments);
  [[nodiscard]] static config::value exports(const runtime::component_place& place, const remote_writing::arguments&);

  void start() override;
  [[nodiscard]] static result<void> check(runtime::services& shared, const remote_writing::arguments& arguments);
  result<void> update(const runtime::arguments_ref& arguments) override;

 private:
  [[nodiscard]] writer::writer_plan plan(const remote_writing::arguments& arguments) const;
  void on_appended(const telemetry::batch& batch) override;
  void on_opened(std::size_t damaged_places, runtime::clock_duration took) override {
    metrics_.opened(damaged_places, took);
  }
  void forget_silent();

  wal_metrics metrics_;
  runtime::timer silence_timer_;
};

}  // namespace troupe::prometheus
