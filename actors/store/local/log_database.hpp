#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "actors/store/local/log_chunk.hpp"
#include "actors/store/local/store_file.hpp"
#include "protocol/telemetry/logs.hpp"

namespace troupe::store {

/// Which small chunks of a stream become large ones: those that end before `before_ns`, when there are so many of them,
/// or the oldest is older by `age_ns`.
struct log_compaction {
  std::int64_t before_ns = 0;
  std::int64_t chunks = 1;
  std::int64_t age_ns = 0;
};

/// The writing side of logs: chunks of entries by stream. What a transaction brings of a stream is one chunk, or
/// several where it is much; small ones become large ones later. One thread at a time, any.
class log_database final : public store_file {
 public:
  /// A file that is no database, or a damaged one, is set aside and `note` says so.
  [[nodiscard]] static result<std::unique_ptr<log_database>> open(const std::string& path, std::string& note);
  ~log_database() override;

  /// All of them or none. An entry that its stream has already, with the same time and line, is left out; in chunks of
  /// a few MiB at most this is looked for. Labels that begin with `__` are left out.
  [[nodiscard]] result<kept> write(std::span<const telemetry::logs_ref> batches);
  [[nodiscard]] result<void> compact(const log_compaction& which);
  [[nodiscard]] std::int64_t streams() const { return streams_; }

 private:
  struct known_stream {
    telemetry::labels_ref labels;
    std::int64_t id = 0;
  };
  struct incoming {
    std::map<std::int64_t, std::vector<log_entry>> by_stream;
    std::deque<std::string> metadata;
  };
  log_database();
  [[nodiscard]] result<void> ready() override;
  [[nodiscard]] result<std::int64_t> stream_id(const telemetry::labels_ref& labels);
  [[nodiscard]] result<std::int64_t> find_or_add(const telemetry::label_set& labels);
  [[nodiscard]] result<void> group(std::span<const telemetry::logs_ref> batches, incoming& into);
  [[nodiscard]] result<std::int64_t> last_of(std::int64_t stream);
  /// Takes away those that are there already.
  [[nodiscard]] result<void> leave_out_known(std::int64_t stream, std::vector<log_entry>& entries);
  [[nodiscard]] result<void> add_chunks(std::int64_t stream, std::span<const log_entry> entries, bool final);
  [[nodiscard]] result<bool> compact_some(std::int64_t stream, std::int64_t before_ns);
  [[nodiscard]] result<std::uint64_t> remove_before(std::int64_t time_ns) override;
  [[nodiscard]] result<std::uint64_t> remove_oldest() override;
  [[nodiscard]] result<void> remove_unused() override;
  [[nodiscard]] result<void> count_streams();
  void forget();

  std::int64_t streams_ = 0;
  std::unordered_multimap<std::uint64_t, known_stream> known_;  // by the labels' hash
  std::unordered_map<std::int64_t, std::int64_t> last_;         // by stream: time of the newest entry
  struct statements;
  std::unique_ptr<statements> statements_;
};

}  // namespace troupe::store
