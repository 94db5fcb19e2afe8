#include "actors/store/local/sqlite.hpp"

namespace troupe::store {

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

}  // namespace troupe::store
