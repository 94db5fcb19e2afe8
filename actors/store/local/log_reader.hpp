#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "actors/store/local/log_chunk.hpp"
#include "actors/store/local/query_connection.hpp"
#include "actors/store/local/selector.hpp"

namespace troupe::store {

/// What an entry must be like, beyond its stream's labels.
class line_filter {
 public:
  std::string contains;  ///< empty: anything
  /// In lower case; as logfmt, JSON, structured metadata or a label has it, in any case; empty: anything
  std::string trace_id;
  /// RE2's syntax, found anywhere in the line.
  [[nodiscard]] result<void> set_regex(const std::string& text);
  [[nodiscard]] bool any() const { return contains.empty() && trace_id.empty() && !regex_; }
  [[nodiscard]] bool matches(const log_entry& one, const telemetry::label_set& labels) const;

 private:
  struct compiled;
  std::shared_ptr<const compiled> regex_;
};

struct log_question {
  const selector* match = nullptr;  ///< null: all streams
  line_filter lines;
  std::int64_t from_ns = 0, to_ns = 0;  ///< both included
};

/// Queries over logs.
class log_reader : public query_connection {
 public:
  [[nodiscard]] static result<std::unique_ptr<log_reader>> open(const std::string& path);

  struct line {
    std::int64_t time_ns = 0;
    std::string text;
    std::vector<std::pair<std::string, std::string>> metadata;
  };
  struct stream {
    telemetry::label_set labels;
    std::vector<line> lines;
  };
  struct page {
    std::vector<stream> streams;
    bool truncated = false;  ///< there may be more
  };
  /// The newest `limit` of the entries that fit, or the oldest, streams by labels, lines in that direction. At most
  /// some 32 MiB of text, and one line in any case.
  [[nodiscard]] result<page> entries(const log_question& which, std::size_t limit, bool newest_first);

  /// How many fit: for each value of the label `by` (empty: all together) one number per step, the first step at
  /// from_ns.
  using counts = std::map<std::string, std::vector<std::uint64_t>>;
  [[nodiscard]] result<counts> histogram(const log_question& which, std::int64_t step_ns, const std::string& by);

  struct label_list {
    std::vector<telemetry::label_set> all;
    bool truncated = false;
  };
  /// Streams that have entries in that time.
  [[nodiscard]] result<label_list> series(const log_question& which, std::size_t limit);
  /// Of the streams that series() would give; null: of all.
  [[nodiscard]] result<text_list> label_names(const log_question* which);
  [[nodiscard]] result<text_list> label_values(const log_question* which, const std::string& name);
  [[nodiscard]] result<std::map<std::string, std::int64_t>> stats();

 private:
  using streams_found = std::unordered_map<std::int64_t, telemetry::label_set>;
  [[nodiscard]] result<streams_found> find_streams(const selector* match);
  /// f(a chunk's stream, first, last, count, how to read its data); false: enough.
  struct chunk {
    std::int64_t id = 0, stream = 0, first = 0, last = 0, count = 0;
  };
  [[nodiscard]] result<void> each_chunk(const log_question& which, bool newest_first,
                                        const std::function<result<bool>(const chunk&)>& f);
  /// Its entries in the question's time that fit.
  [[nodiscard]] result<void> read(const chunk& one, const log_question& which, const telemetry::label_set& labels,
                                  const std::function<void(const log_entry&)>& f);
};

}  // namespace troupe::store
