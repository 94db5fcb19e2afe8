#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/telemetry/result.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace troupe::store {

/// A connection. One thread at a time.
class connection {
 public:
  connection() = default;
  ~connection();
  connection(const connection&) = delete;

  [[nodiscard]] result<void> open(const std::string& path, bool read_only);
  [[nodiscard]] result<void> run(const char* sql);
  /// Of the call that just failed. Remembers whether it says that the file is damaged.
  [[nodiscard]] error last_error(const std::string& doing);
  /// An error so far said that the file is damaged, or no database.
  [[nodiscard]] bool damaged() const { return damaged_; }
  [[nodiscard]] sqlite3* get() const { return db_; }

 private:
  sqlite3* db_ = nullptr;
  bool damaged_ = false;
};

/// A prepared statement; its texts and blobs are valid until the next step.
class statement {
 public:
  statement(connection& in, const char* sql);
  ~statement();
  statement(const statement&) = delete;

  statement& bind(int at, std::int64_t n);
  statement& bind(int at, std::string_view text);
  /// Not copied: must live until the statement has run.
  statement& bind_blob(int at, std::string_view bytes);
  /// True: there is a row. An error ends like the last row does; failed() tells.
  bool step();
  void reset();
  [[nodiscard]] bool failed() const { return status_ == status::failed; }
  /// Why it failed; to be asked before anything else is done with the connection.
  [[nodiscard]] error trouble(const std::string& doing) {
    return unprepared_.empty() ? in_.last_error(doing) : error{doing + unprepared_};
  }
  /// For a statement without rows.
  [[nodiscard]] result<void> execute(const char* doing);

  [[nodiscard]] bool null(int column) const;
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] std::string_view text(int column) const;

 private:
  connection& in_;
  sqlite3_stmt* of_ = nullptr;
  enum class status : std::uint8_t { row, done, failed } status_ = status::done;
  std::string unprepared_;  // why it could not be prepared
};

}  // namespace troupe::store
