#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>

#include "actors/store/local/store_file.hpp"
#include "protocol/otlp/span.hpp"

namespace troupe::store {

/// The writing side of traces: a row per span, and one per trace that sums it up. Resources are kept once. One thread
/// at a time, any.
class trace_database final : public store_file {
 public:
  /// A file that is no database, or a damaged one, is set aside and `note` says so.
  [[nodiscard]] static result<std::unique_ptr<trace_database>> open(const std::string& path, std::string& note);
  ~trace_database() override;

  /// All of them or none. A span that its trace has already is left out.
  [[nodiscard]] result<kept> write(std::span<const otlp::span> spans);
  [[nodiscard]] std::int64_t traces() const { return traces_; }

 private:
  /// What a trace's row says; `root` is the span that begins it, or the earliest there is.
  struct summary {
    std::int64_t start = 0, end = 0, spans = 0, errors = 0;
    std::int64_t root_start = 0;
    bool rooted = false;
    std::string root_name, root_service;
  };
  using summaries = std::map<otlp::trace_id, summary>;
  trace_database();
  [[nodiscard]] result<void> ready() override;
  [[nodiscard]] result<std::int64_t> resource_id(const otlp::span& of);
  /// True: it was not there.
  [[nodiscard]] result<bool> add(const otlp::span& one);
  static void sum_up(const otlp::span& one, summaries& into);
  [[nodiscard]] result<void> merge(const otlp::trace_id& trace, const summary& more);
  [[nodiscard]] result<std::uint64_t> remove_before(std::int64_t time_ns) override;
  [[nodiscard]] result<std::uint64_t> remove_oldest() override;
  [[nodiscard]] result<void> remove_unused() override;
  [[nodiscard]] result<void> count_traces();

  std::int64_t traces_ = 0;
  std::unordered_map<std::string, std::int64_t> resources_;  // by service and attributes
  struct statements;
  std::unique_ptr<statements> statements_;
};

}  // namespace troupe::store
