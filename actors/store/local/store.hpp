#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "actors/runtime/component.hpp"
#include "actors/runtime/own_metrics.hpp"
#include "actors/runtime/registry.hpp"
#include "actors/store/local/database.hpp"
#include "actors/store/local/reader.hpp"
#include "config/schema.hpp"

namespace troupe::store {

namespace storing {

struct arguments {
  std::chrono::nanoseconds max_age = std::chrono::hours(24);
  config::byte_size max_size{std::int64_t{1} << 30};
  friend bool operator==(const arguments&, const arguments&) = default;
};
[[nodiscard]] const config::component_schema& schema();

}  // namespace storing

/// store.local: keeps metrics in SQLite under the storage path. A batch is settled when the transaction that holds it
/// is committed, once a second; all work of the database is done beside the actor, one piece after the other.
class local final : public runtime::component {
 public:
  using arguments_type = storing::arguments;
  local(runtime::component_context& context, std::shared_ptr<const storing::arguments> arguments);
  [[nodiscard]] static config::value exports(const runtime::component_place& place, const storing::arguments&);

  void start() override;
  result<void> update(const runtime::arguments_ref& arguments) override;
  void consume(const telemetry::batch_ref& batch, runtime::receipt of) override;
  void finish() override;
  [[nodiscard]] bool finished() const override { return waiting_.empty() && !writing_; }
  bool serve(const std::string& path, const http::server_request& request,
             const std::shared_ptr<http::responder>& answer) override;

 private:
  struct waiting {
    telemetry::metrics_ref batch;
    runtime::receipt of;
  };
  void write();
  void written(std::size_t count, const result<void>& outcome);
  void maintain();

  runtime::component_context& context_;
  std::shared_ptr<database> database_;
  std::shared_ptr<reader> reader_;
  retention bounds_;
  std::deque<waiting> waiting_;
  std::size_t waiting_bytes_ = 0;
  bool writing_ = false, finishing_ = false;
  runtime::timer write_timer_, maintain_timer_;
  runtime::counter& appended_;
  runtime::counter& failures_;
  runtime::gauge& bytes_;
};

}  // namespace troupe::store
