#pragma once

#include <memory>
#include <string>
#include <vector>

#include "actors/prometheus/remote_write/arguments.hpp"
#include "actors/prometheus/remote_write/endpoint.hpp"
#include "actors/prometheus/remote_write/journal_metrics.hpp"
#include "actors/prometheus/remote_write/recent_batches.hpp"
#include "actors/runtime/component.hpp"
#include "actors/runtime/registry.hpp"
#include "protocol/journal/journal.hpp"

namespace troupe::prometheus {

/// prometheus.remote_write: appends what it takes to its journal, which settles it; endpoints send from there, each at
/// its own pace, and save how far they are.
class remote_write_component final : public runtime::component {
 public:
  using arguments_type = remote_writing::arguments;
  remote_write_component(runtime::component_context& context,
                         std::shared_ptr<const remote_writing::arguments> arguments);
  ~remote_write_component() override;
  [[nodiscard]] static config::value exports(const runtime::component_place& place, const remote_writing::arguments&);

  void start() override;
  result<void> update(const runtime::arguments_ref& arguments) override;
  void consume(const telemetry::batch_ref& batch, runtime::receipt of) override;
  void finish() override;
  [[nodiscard]] bool finished() const override;
  [[nodiscard]] std::string debug_info() const override;

 private:
  /// A batch that the journal had no room for.
  struct unwritten {
    telemetry::metrics_ref batch;
    runtime::receipt of;
  };
  struct backend {
    std::unique_ptr<journal_source> source;
    std::unique_ptr<endpoint> sends;
  };
  void open_journal();
  [[nodiscard]] result<void> apply(const remote_writing::arguments& arguments);
  [[nodiscard]] result<void> append(const telemetry::metrics_ref& batch, const runtime::receipt& of);
  void retry_append();
  void pump();
  void progressed();
  void begin_sync();
  void reclaim();
  void show_health();

  runtime::component_context& context_;
  std::unique_ptr<journal::journal> journal_;
  recent_batches recent_;
  journal_metrics metrics_;
  std::vector<backend> backends_;
  std::vector<unwritten> unwritten_;
  std::string trouble_;  // of the journal
  std::string payload_;
  std::chrono::nanoseconds truncate_every_{};
  runtime::timer sync_timer_, reclaim_timer_, retry_timer_, finish_timer_;
  bool syncing_ = false, finishing_ = false, settled_ = false;
};

}  // namespace troupe::prometheus
