#include "actors/store/local/store_file.hpp"

#include <sqlite3.h>

#include <cstdio>

namespace troupe::store {

namespace {
constexpr int schema_version = 1;
}

void store_file::set_aside(const std::string& path) {
  for (const char* suffix : {"", "-wal", "-shm"}) {
    std::remove((path + ".damaged" + suffix).c_str());
    std::rename((path + suffix).c_str(), (path + ".damaged" + suffix).c_str());
  }
}

/// A file of a newer version is an error.
result<void> store_file::prepare(const std::string& path) {
  if (auto ok = db_.open(path, false); !ok) return ok;
  if (auto ok = db_.run("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; "
                        "PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -4096;");
      !ok)
    return ok;
  std::int64_t version = 0;
  {
    statement ask(db_, "PRAGMA user_version");
    if (ask.step()) version = ask.integer(0);
    if (ask.failed()) return tl::unexpected(ask.trouble("store"));
  }
  if (version > schema_version)
    return failure("the store was written by a newer version (" + std::to_string(version) + ")");
  if (version == 0) {
    auto ok = in_transaction([&]() -> result<void> {
      if (auto made = db_.run(schema_); !made) return made;
      return db_.run("PRAGMA user_version = 1");
    });
    if (!ok) return ok;
  }
  if (auto ok = db_.run("SELECT count(*) FROM sqlite_schema"); !ok) return ok;
  return ready();
}

void store_file::roll_back() {
  // Some errors, a full disk for one, have already rolled it back.
  if (sqlite3_get_autocommit(db_.get()) == 0) (void)db_.run("ROLLBACK");
}

result<void> store_file::read_number(const char* sql, std::int64_t& to) {
  statement ask(db_, sql);
  if (ask.step()) to = ask.integer(0);
  if (ask.failed()) return tl::unexpected(ask.trouble("store"));
  return {};
}

/// A small part after the other, while it is larger than `most`.
result<std::uint64_t> store_file::shrink(std::uint64_t most) {
  std::uint64_t gone = 0;
  while (most > 0 && bytes() > most) {
    const auto some = remove_oldest();
    if (!some) return some;
    if (*some == 0) break;
    gone += *some;
    if (auto ok = db_.run("PRAGMA incremental_vacuum"); !ok) return tl::unexpected(ok.error());
  }
  return gone;
}

result<removed> store_file::retain(const retention& bounds, std::int64_t now_ms) {
  removed gone;
  if (bounds.max_age_ms > 0) {
    const auto some = remove_before((now_ms - bounds.max_age_ms) * per_ms_);
    if (!some) return tl::unexpected(some.error());
    gone.by_age = *some;
  }
  const auto shrunk = shrink(bounds.max_bytes);
  if (!shrunk) return tl::unexpected(shrunk.error());
  gone.by_size = *shrunk;
  if (gone.by_age + gone.by_size > 0) {
    if (auto ok = remove_unused(); !ok) return tl::unexpected(ok.error());
  }
  // Free pages go back some at a time.
  if (auto ok = db_.run("PRAGMA incremental_vacuum(1000)"); !ok) return tl::unexpected(ok.error());
  (void)db_.run("PRAGMA wal_checkpoint(PASSIVE)");  // readers may be in the way: the next one does it
  return gone;
}

std::uint64_t store_file::bytes() {
  std::int64_t pages = 0, free = 0, size = 0;
  for (const auto& [ask, to] :
       {std::pair{"PRAGMA page_count", &pages}, {"PRAGMA freelist_count", &free}, {"PRAGMA page_size", &size}}) {
    statement one(db_, ask);
    if (one.step()) *to = one.integer(0);
  }
  return static_cast<std::uint64_t>((pages - free) * size);
}

}  // namespace troupe::store
