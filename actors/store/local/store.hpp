#pragma once

#include <chrono>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "actors/runtime/component.hpp"
#include "actors/runtime/own_metrics.hpp"
#include "actors/runtime/registry.hpp"
#include "actors/store/local/database.hpp"
#include "actors/store/local/reader.hpp"
#include "config/schema.hpp"
#include "protocol/http/server.hpp"

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
/// is committed, once a second. All work of the database is done beside the actor: one job of the writer and one query
/// at a time, so that no store takes all threads of the pool.
class local final : public runtime::component {
 public:
  using arguments_type = storing::arguments;
  local(runtime::component_context& context, std::shared_ptr<const storing::arguments> arguments);
  ~local() override;
  [[nodiscard]] static config::value exports(const runtime::component_place& place, const storing::arguments&);

  void start() override;
  result<void> update(const runtime::arguments_ref& arguments) override;
  void consume(const telemetry::batch_ref& batch, runtime::receipt of) override;
  void finish() override;
  [[nodiscard]] bool finished() const override { return waiting_.empty() && !busy_ && !asking_; }
  bool serve(const std::string& path, const http::server_request& request,
             const std::shared_ptr<http::responder>& answer) override;

 private:
  struct files {
    std::unique_ptr<database> writer;
    std::unique_ptr<reader> queries;
  };
  using files_ref = std::shared_ptr<files>;
  struct waiting {
    telemetry::metrics_ref batch;
    runtime::receipt of;
  };
  struct question {
    std::string path;
    http::server_request request;
    std::shared_ptr<http::responder> answer;
  };
  /// How a job of the writer ended.
  struct outcome {
    result<void> how{};
    bool damaged = false;
    std::uint64_t bytes = 0;
    std::int64_t series = 0;
  };

  /// Begins the job that is most urgent, unless one is under way.
  void work();
  void open();
  void write();
  void maintain();
  /// `job` runs beside the actor and `then` in it.
  void run(std::function<outcome(database&)> job, std::function<void()> then);
  void ended(const outcome& how);
  void ask_next();
  void show(std::string trouble);

  runtime::component_context& context_;
  std::filesystem::path directory_;
  files_ref files_;  // null: not open
  retention bounds_;
  std::deque<waiting> waiting_;
  std::deque<question> questions_;
  std::size_t waiting_bytes_ = 0;
  std::size_t in_hand_ = 0;  // so many of those that wait are being written
  bool busy_ = false, asking_ = false, damaged_ = false, finishing_ = false;
  std::string trouble_;
  runtime::time_point maintain_at_{};
  runtime::timer timer_;
  runtime::counter& appended_;
  runtime::counter& failures_;
  runtime::gauge& bytes_;
  runtime::gauge& series_;
};

}  // namespace troupe::store
