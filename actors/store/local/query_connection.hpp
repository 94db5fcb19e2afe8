#pragma once

#include <cstdint>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "actors/store/local/sqlite.hpp"

namespace troupe::store {

/// At most so many as were asked for, and whether there are more.
struct text_list {
  std::vector<std::string> texts;
  bool truncated = false;
};
inline constexpr std::size_t most_texts = 100'000;
[[nodiscard]] text_list first_of(const std::set<std::string>& all, std::size_t limit);

/// A connection that only reads: never in the way of the writer. Any thread; one query at a time. A query that takes
/// longer than a few seconds ends with an error.
class query_connection {
 public:
  query_connection() = default;
  query_connection(const query_connection&) = delete;
  /// A query found that the file is damaged. Not while one runs.
  [[nodiscard]] bool damaged() const { return db_.damaged(); }

 protected:
  [[nodiscard]] result<void> connect(const std::string& path);
  /// What a query holds while it runs: the connection, its deadline, and one state of the database.
  class snapshot {
   public:
    explicit snapshot(query_connection& of);
    ~snapshot();
    snapshot(const snapshot&) = delete;

   private:
    query_connection& of_;
    std::unique_lock<std::mutex> lock_;
  };
  [[nodiscard]] error failed(statement& which) const;
  static constexpr const char* too_long = "the query takes longer than 5 seconds: ask for less";
  /// One column of texts; `argument`, where there is one, is bound.
  [[nodiscard]] result<text_list> texts(const char* sql, const std::string& argument, std::size_t limit = most_texts);

  [[nodiscard]] bool late() const;

  connection db_;

 private:
  std::mutex mutex_;
  std::int64_t deadline_ms_ = 0;
};

}  // namespace troupe::store
