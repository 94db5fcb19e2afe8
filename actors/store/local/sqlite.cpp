#include "actors/store/local/sqlite.hpp"

#include <sqlite3.h>

namespace troupe::store {

connection::~connection() {
  sqlite3_close_v2(db_);
}

result<void> connection::open(const std::string& path, bool read_only) {
  const int flags =
      (read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) | SQLITE_OPEN_NOMUTEX;
  if (sqlite3_open_v2(path.c_str(), &db_, flags, nullptr) != SQLITE_OK)
    return tl::unexpected(last_error("cannot open " + path));
  sqlite3_busy_timeout(db_, 5000);
  return {};
}

result<void> connection::run(const char* sql) {
  if (sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) return tl::unexpected(last_error("store"));
  return {};
}

error connection::last_error(const std::string& doing) {
  const int code = sqlite3_errcode(db_) & 0xff;
  if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB) damaged_ = true;
  return {doing + ": " + sqlite3_errmsg(db_)};
}

statement::statement(connection& in, const char* sql) : in_(in) {
  if (sqlite3_prepare_v2(in.get(), sql, -1, &of_, nullptr) != SQLITE_OK) unprepared_ = in.last_error("").message;
}

statement::~statement() {
  sqlite3_finalize(of_);
}

statement& statement::bind(int at, std::int64_t n) {
  sqlite3_bind_int64(of_, at, n);
  return *this;
}

statement& statement::bind(int at, std::string_view text) {
  sqlite3_bind_text(of_, at, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
  return *this;
}

statement& statement::bind_blob(int at, std::string_view bytes) {
  sqlite3_bind_blob64(of_, at, bytes.data(), bytes.size(), SQLITE_STATIC);
  return *this;
}

bool statement::step() {
  const int code = of_ ? sqlite3_step(of_) : SQLITE_ERROR;
  status_ = code == SQLITE_ROW ? status::row : code == SQLITE_DONE ? status::done : status::failed;
  return status_ == status::row;
}

void statement::reset() {
  sqlite3_reset(of_);
}

result<void> statement::execute(const char* doing) {
  step();
  reset();
  if (failed()) return tl::unexpected(trouble(doing));
  return {};
}

bool statement::null(int column) const {
  return sqlite3_column_type(of_, column) == SQLITE_NULL;
}

std::int64_t statement::integer(int column) const {
  return sqlite3_column_int64(of_, column);
}

std::string_view statement::text(int column) const {
  return {static_cast<const char*>(sqlite3_column_blob(of_, column)),
          static_cast<std::size_t>(sqlite3_column_bytes(of_, column))};
}

}  // namespace troupe::store
