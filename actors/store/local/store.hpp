#pragma once

#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "actors/runtime/component.hpp"
#include "actors/runtime/own_metrics.hpp"
#include "actors/runtime/registry.hpp"
#include "actors/store/local/arguments.hpp"
#include "actors/store/local/directory_lock.hpp"
#include "actors/store/local/storage.hpp"
#include "protocol/http/server.hpp"
#include "protocol/telemetry/otlp.hpp"

namespace troupe::store {

/// store.local: keeps metrics, logs and traces in SQLite under the storage path. A batch is settled when the
/// transaction that holds it is committed, once a second. All work of the databases is done beside the actor: one job
/// of the writers and one query at a time, so that no store takes all threads of the pool.
class local final : public runtime::component {
 public:
  using arguments_type = storing::arguments;
  /// Throws where another process has the directory.
  local(runtime::component_context& context, std::shared_ptr<const storing::arguments> arguments);
  ~local() override;
  [[nodiscard]] static config::value exports(const runtime::component_place& place, const storing::arguments&);

  void start() override;
  result<void> update(const runtime::arguments_ref& arguments) override;
  void consume(const telemetry::batch_ref& batch, runtime::receipt of) override;
  void ends_soon() override { finish(); }  // those before wait until what they sent is stored
  void finish() override;
  [[nodiscard]] bool finished() const override { return !anything_waits() && !busy_ && !asking_; }
  [[nodiscard]] std::optional<runtime::traffic> outside() const override { return outside_; }
  bool serve(const std::string& path, const http::server_request& request,
             const std::shared_ptr<http::responder>& answer) override;

 private:
  using storage_ref = std::shared_ptr<storage>;
  struct waiting {
    telemetry::batch_ref batch;
    runtime::receipt of;
    runtime::time_point since{};
  };
  /// The batches of one signal, and what is counted of it.
  struct lane {
    std::deque<waiting> batches;
    std::size_t bytes = 0;
    std::size_t in_hand = 0;  // so many of those that wait are being written
    runtime::counter& appended;
    runtime::gauge& size;
    runtime::gauge& groups;
  };
  struct question {
    std::string path;
    http::server_request request;
    std::shared_ptr<http::responder> answer;
  };
  /// How a job of the writers ended.
  struct outcome {
    of_each<result<void>> how{};
    of_each<bool> damaged{};
    of_each<std::uint64_t> bytes{};
    of_each<std::int64_t> groups{};
  };

  [[nodiscard]] lane make_lane(std::size_t signal);
  [[nodiscard]] bool anything_waits() const;
  [[nodiscard]] bool much_waits() const;
  void refuse(runtime::receipt of, telemetry::otlp_kind what, const char* reason);
  void leaves(const waiting& one, std::uint64_t& counted_as);
  /// Begins the job that is most urgent, unless one is under way.
  void work();
  void open();
  void write();
  void written(std::size_t signal, std::size_t batches, const stored& how);
  void maintain();
  /// `job` runs beside the actor and `then` in it.
  void run(std::function<of_each<result<void>>(storage&)> job, std::function<void()> then);
  void ended(const outcome& how);
  void ask_next();
  void show(std::string trouble);

  runtime::component_context& context_;
  std::filesystem::path directory_;
  std::unique_ptr<directory_lock> lock_;  // null: it could not be taken yet, for want of the directory
  storage_ref files_;                     // null: not open
  of_each<retention> bounds_;
  of_each<lane> lanes_;
  runtime::traffic outside_;
  std::deque<question> questions_;
  bool busy_ = false, asking_ = false, finishing_ = false;
  of_each<bool> damaged_{};
  std::string trouble_;
  runtime::time_point maintain_at_{};
  runtime::timer timer_;
  runtime::counter& failures_;
};

}  // namespace troupe::store
