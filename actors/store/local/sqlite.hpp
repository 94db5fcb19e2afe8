#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/telemetry/result.hpp"

namespace troupe::store {

/// A connection. One thread at a time.
class connection {
 public:
  connection() = default;
  ~connection() { sqlite3_close_v2(db_); }
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
  statement(connection& in, const char* sql) : in_(in) {
    if (sqlite3_prepare_v2(in.get(), sql, -1, &of_, nullptr) != SQLITE_OK) unprepared_ = in.last_error("").message;
  }
  ~statement() { sqlite3_finalize(of_); }
  statement(const statement&) = delete;

  statement& bind(int at, std::int64_t n) { return sqlite3_bind_int64(of_, at, n), *this; }
  statement& bind(int at, std::string_view text) {
    return sqlite3_bind_text(of_, at, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT), *this;
  }
  /// Not copied: must live until the statement has run.
  statement& bind_blob(int at, std::string_view bytes) {
    return sqlite3_bind_blob64(of_, at, bytes.data(), bytes.size(), SQLITE_STATIC), *this;
  }
  /// True: there is a row. An error ends like the last row does; failed() tells.
  bool step() {
    status_ = of_ ? sqlite3_step(of_) : SQLITE_ERROR;
    return status_ == SQLITE_ROW;
  }
  void reset() { sqlite3_reset(of_); }
  [[nodiscard]] bool failed() const { return status_ != SQLITE_ROW && status_ != SQLITE_DONE; }
  /// Why it failed; to be asked before anything else is done with the connection.
  [[nodiscard]] error trouble(const std::string& doing) {
    return unprepared_.empty() ? in_.last_error(doing) : error{doing + unprepared_};
  }
  /// For a statement without rows.
  [[nodiscard]] result<void> execute(const char* doing) {
    step();
    reset();
    if (failed()) return tl::unexpected(trouble(doing));
    return {};
  }

  [[nodiscard]] std::int64_t integer(int column) const { return sqlite3_column_int64(of_, column); }
  [[nodiscard]] std::string_view text(int column) const {
    return {static_cast<const char*>(sqlite3_column_blob(of_, column)),
            static_cast<std::size_t>(sqlite3_column_bytes(of_, column))};
  }

 private:
  connection& in_;
  sqlite3_stmt* of_ = nullptr;
  int status_ = SQLITE_DONE;
  std::string unprepared_;  // why it could not be prepared
};

}  // namespace troupe::store
