#include "actors/store/local/database.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "actors/store/local/samples.hpp"

namespace troupe::store {

namespace {

constexpr int schema_version = 1;
constexpr const char* schema = R"(
  CREATE TABLE series(id INTEGER PRIMARY KEY, hash INTEGER NOT NULL, labels TEXT NOT NULL);
  CREATE INDEX series_by_hash ON series(hash);
  CREATE TABLE labels(name TEXT NOT NULL, value TEXT NOT NULL, series INTEGER NOT NULL, PRIMARY KEY(name, value, series)) WITHOUT ROWID;
  CREATE INDEX labels_by_series ON labels(series);
  CREATE TABLE families(name TEXT PRIMARY KEY, type INTEGER NOT NULL, help TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE blocks(id INTEGER PRIMARY KEY, series BLOB NOT NULL);
  CREATE TABLE recent(id INTEGER PRIMARY KEY, block INTEGER NOT NULL, time INTEGER NOT NULL, size INTEGER NOT NULL, data BLOB NOT NULL);
  CREATE INDEX recent_by_block ON recent(block, time);
  CREATE TABLE chunks(series INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, count INTEGER NOT NULL, data BLOB NOT NULL,
                      PRIMARY KEY(series, first)) WITHOUT ROWID;
  CREATE INDEX chunks_by_time ON chunks(last);
)";

template <class N>
std::string_view bytes_of(const std::vector<N>& numbers) {
  return {reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(N)};
}

template <class N>
std::vector<N> numbers_of(std::string_view bytes) {
  std::vector<N> numbers(bytes.size() / sizeof(N));
  std::memcpy(numbers.data(), bytes.data(), numbers.size() * sizeof(N));
  return numbers;
}

}  // namespace

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

struct database::statements {
  explicit statements(const connection& db)
      : find_series(db, "SELECT id, labels FROM series WHERE hash = ?"),
        add_series(db, "INSERT INTO series(hash, labels) VALUES(?, ?)"),
        add_label(db, "INSERT OR IGNORE INTO labels(name, value, series) VALUES(?, ?, ?)"),
        add_family(db, "INSERT OR REPLACE INTO families(name, type, help) VALUES(?, ?, ?)"),
        add_block(db, "INSERT INTO blocks(series) VALUES(?)"),
        add_recent(db, "INSERT INTO recent(block, time, size, data) VALUES(?, ?, ?, ?)"),
        add_chunk(db, "INSERT OR REPLACE INTO chunks(series, first, last, count, data) VALUES(?, ?, ?, ?, ?)") {}
  statement find_series, add_series, add_label, add_family, add_block, add_recent, add_chunk;
};

database::database(std::string path) : path_(std::move(path)) {}
database::~database() = default;

result<std::unique_ptr<database>> database::open(const std::string& path, std::string& note) {
  std::unique_ptr<database> made(new database(path));
  auto ok = made->db_.open(path, false);
  if (ok) ok = made->prepare();
  if (ok) return made;
  const int code = sqlite3_errcode(made->db_.get()) & 0xff;
  if (code != SQLITE_CORRUPT && code != SQLITE_NOTADB) return tl::unexpected(ok.error());
  note = ok.error().message + "; kept as " + path + ".damaged, a new one is begun";
  made.reset();
  for (const char* suffix : {"", "-wal", "-shm"})
    std::rename((path + suffix).c_str(), (path + ".damaged" + suffix).c_str());
  made.reset(new database(path));
  if (ok = made->db_.open(path, false); ok) ok = made->prepare();
  if (!ok) return tl::unexpected(ok.error());
  return made;
}

result<void> database::prepare() {
  if (auto ok = db_.run("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; "
                        "PRAGMA cache_size = -4096;");
      !ok)
    return ok;
  std::int64_t version = 0;
  {
    statement ask(db_, "PRAGMA user_version");
    if (ask.step()) version = ask.integer(0);
    if (ask.failed()) return tl::unexpected(db_.last_error("store"));
  }
  if (version > schema_version)
    return failure("the store was written by a newer version (" + std::to_string(version) + ")");
  if (version == 0) {
    if (auto ok = db_.run("BEGIN"); !ok) return ok;
    if (auto ok = db_.run(schema); !ok) return ok;
    if (auto ok = db_.run("PRAGMA user_version = 1; COMMIT"); !ok) return ok;
  }
  if (auto ok = db_.run("SELECT count(*) FROM blocks"); !ok) return ok;
  statements_ = std::make_unique<statements>(db_);
  return {};
}

std::string labels_json(const std::vector<telemetry::label_view>& labels) {
  nlohmann::ordered_json all = nlohmann::ordered_json::object();
  for (const auto& [name, value] : labels)
    all[std::string(name)] = std::string(value);
  return all.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

result<std::int64_t> database::series_id(const telemetry::label_buffer& labels) {
  const auto hash = static_cast<std::int64_t>(labels.hash());
  const auto text = labels_json(labels.labels());
  auto& find = statements_->find_series;
  std::int64_t found = 0;
  find.bind(1, hash);
  while (found == 0 && find.step()) {
    if (find.text(1) == text) found = find.integer(0);
  }
  find.reset();
  if (found != 0) return found;
  if (auto ok = statements_->add_series.bind(1, hash).bind(2, text).execute("store"); !ok)
    return tl::unexpected(ok.error());
  const auto id = sqlite3_last_insert_rowid(db_.get());
  for (const auto& [name, value] : labels.labels()) {
    if (auto ok = statements_->add_label.bind(1, name).bind(2, value).bind(3, id).execute("store"); !ok)
      return tl::unexpected(ok.error());
  }
  return id;
}

result<std::int64_t> database::block_id(const telemetry::block_ref& block) {
  const auto known = blocks_.find(block->id());
  if (known != blocks_.end()) return known->second.id;
  std::vector<std::int64_t> ids;
  result<void> ok;
  const telemetry::metric_family* last = nullptr;
  block->for_each([&](std::size_t, const telemetry::label_buffer& labels, const telemetry::metric_family& family) {
    if (!ok) return;
    const auto id = series_id(labels);
    if (!id) {
      ok = tl::unexpected(id.error());
      return;
    }
    ids.push_back(*id);
    if (&family != last && !family.name.empty()) {
      ok = statements_->add_family.bind(1, family.name)
               .bind(2, static_cast<std::int64_t>(family.type))
               .bind(3, family.help)
               .execute("store");
    }
    last = &family;
  });
  if (!ok) return tl::unexpected(ok.error());
  if (ok = statements_->add_block.bind_blob(1, bytes_of(ids)).execute("store"); !ok) return tl::unexpected(ok.error());
  const auto id = sqlite3_last_insert_rowid(db_.get());
  blocks_[block->id()] = {block, id};
  return id;
}

result<void> database::write(std::span<const telemetry::metrics_ref> batches) {
  if (auto ok = db_.run("BEGIN IMMEDIATE"); !ok) return ok;
  const auto write_all = [&]() -> result<void> {
    for (const auto& batch : batches) {
      const auto block = block_id(batch->block);
      if (!block) return tl::unexpected(block.error());
      std::string data(bytes_of(batch->values));
      data += bytes_of(batch->own_timestamps_ms);
      auto& add = statements_->add_recent;
      add.bind(1, *block)
          .bind(2, batch->timestamp_ms)
          .bind(3, static_cast<std::int64_t>(batch->values.size()))
          .bind_blob(4, data);
      if (auto ok = add.execute("store"); !ok) return ok;
    }
    return db_.run("COMMIT");
  };
  auto ok = write_all();
  if (!ok) {
    (void)db_.run("ROLLBACK");
    blocks_.clear();  // some of them may have been taken back
  }
  forget_unused();
  return ok;
}

void database::forget_unused() {
  std::erase_if(blocks_, [](const auto& one) { return one.second.of.expired(); });
}

result<void> database::compact(std::int64_t before_ms) {
  std::vector<std::int64_t> blocks;
  {
    statement ask(db_, "SELECT DISTINCT block FROM recent WHERE time < ?");
    ask.bind(1, before_ms);
    while (ask.step())
      blocks.push_back(ask.integer(0));
    if (ask.failed()) return tl::unexpected(db_.last_error("store"));
  }
  for (const auto block : blocks) {
    if (auto ok = db_.run("BEGIN IMMEDIATE"); !ok) return ok;
    auto ok = compact_block(block, before_ms);
    if (ok) ok = db_.run("COMMIT");
    if (!ok) {
      (void)db_.run("ROLLBACK");
      return ok;
    }
  }
  std::string known = "0";
  for (const auto& [id, one] : blocks_)
    known += "," + std::to_string(one.id);
  return db_.run(
      ("DELETE FROM blocks WHERE id NOT IN (SELECT DISTINCT block FROM recent) AND id NOT IN (" + known + ")").c_str());
}

result<void> database::compact_block(std::int64_t block, std::int64_t before_ms) {
  std::vector<std::int64_t> series;
  {
    statement ask(db_, "SELECT series FROM blocks WHERE id = ?");
    ask.bind(1, block);
    if (ask.step()) series = numbers_of<std::int64_t>(ask.text(0));
  }
  std::vector<std::vector<sample>> columns(series.size());
  {
    statement ask(db_, "SELECT time, size, data FROM recent WHERE block = ? AND time < ? ORDER BY time, id");
    ask.bind(1, block).bind(2, before_ms);
    while (ask.step()) {
      const auto size = static_cast<std::size_t>(ask.integer(1));
      const auto data = ask.text(2);
      if (size != series.size() || data.size() < 8 * size) continue;
      const auto values = numbers_of<double>(data.substr(0, 8 * size));
      const auto times = numbers_of<std::int64_t>(data.substr(8 * size));
      for (std::size_t i = 0; i < size; ++i) {
        const bool own = i < times.size() && times[i] != telemetry::metrics_batch::no_timestamp;
        columns[i].push_back({own ? times[i] : ask.integer(0), values[i]});
      }
    }
    if (ask.failed()) return tl::unexpected(db_.last_error("store"));
  }
  for (std::size_t i = 0; i < series.size(); ++i) {
    auto& all = columns[i];
    if (all.empty()) continue;
    std::stable_sort(all.begin(), all.end(), [](const sample& a, const sample& b) { return a.time_ms < b.time_ms; });
    auto& add = statements_->add_chunk;
    add.bind(1, series[i])
        .bind(2, all.front().time_ms)
        .bind(3, all.back().time_ms)
        .bind(4, static_cast<std::int64_t>(all.size()))
        .bind_blob(5, pack(all));
    if (auto ok = add.execute("store"); !ok) return ok;
  }
  statement remove(db_, "DELETE FROM recent WHERE block = ? AND time < ?");
  return remove.bind(1, block).bind(2, before_ms).execute("store");
}

result<removed> database::retain(const retention& bounds, std::int64_t now_ms) {
  removed gone;
  const auto remove_before = [&](std::int64_t time) -> result<std::uint64_t> {
    std::int64_t samples = 0;
    for (const char* ask : {"SELECT coalesce(sum(count), 0) FROM chunks WHERE last < ?",
                            "SELECT coalesce(sum(size), 0) FROM recent WHERE time < ?"}) {
      statement count(db_, ask);
      if (count.bind(1, time).step()) samples += count.integer(0);
    }
    for (const char* order : {"DELETE FROM chunks WHERE last < ?", "DELETE FROM recent WHERE time < ?"}) {
      statement remove(db_, order);
      if (auto ok = remove.bind(1, time).execute("store"); !ok) return tl::unexpected(ok.error());
    }
    return static_cast<std::uint64_t>(samples);
  };
  if (bounds.max_age_ms > 0) {
    const auto some = remove_before(now_ms - bounds.max_age_ms);
    if (!some) return tl::unexpected(some.error());
    gone.by_age = *some;
  }
  for (int round = 0; bounds.max_bytes > 0 && bytes() > bounds.max_bytes && round < 100; ++round) {
    std::int64_t oldest = now_ms;
    statement ask(db_, "SELECT min(t) FROM (SELECT min(last) AS t FROM chunks UNION ALL SELECT min(time) FROM recent)");
    if (ask.step()) oldest = ask.integer(0);
    if (oldest == 0 || oldest > now_ms) break;
    const auto some = remove_before(oldest + std::max<std::int64_t>(1, (now_ms - oldest) / 10));
    if (!some) return tl::unexpected(some.error());
    gone.by_size += *some;
    if (auto ok = db_.run("PRAGMA incremental_vacuum"); !ok) return tl::unexpected(ok.error());
  }
  if (gone.by_age + gone.by_size > 0) {
    if (auto ok = remove_empty_series(); !ok) return tl::unexpected(ok.error());
  }
  (void)db_.run("PRAGMA incremental_vacuum(1000); PRAGMA wal_checkpoint(PASSIVE)");
  return gone;
}

/// Series without samples that no block in use names.
result<void> database::remove_empty_series() {
  std::unordered_set<std::int64_t> used;
  statement blocks(db_, "SELECT series FROM blocks");
  while (blocks.step()) {
    for (const auto id : numbers_of<std::int64_t>(blocks.text(0)))
      used.insert(id);
  }
  std::vector<std::int64_t> empty;
  statement ask(db_, "SELECT id FROM series WHERE id NOT IN (SELECT series FROM chunks)");
  while (ask.step()) {
    if (!used.contains(ask.integer(0))) empty.push_back(ask.integer(0));
  }
  if (empty.empty()) return {};
  if (auto ok = db_.run("BEGIN IMMEDIATE"); !ok) return ok;
  statement series(db_, "DELETE FROM series WHERE id = ?"), labels(db_, "DELETE FROM labels WHERE series = ?");
  for (const auto id : empty) {
    auto ok = series.bind(1, id).execute("store");
    if (ok) ok = labels.bind(1, id).execute("store");
    if (!ok) {
      (void)db_.run("ROLLBACK");
      return ok;
    }
  }
  return db_.run("COMMIT");
}

std::uint64_t database::bytes() {
  std::int64_t pages = 0, free = 0, size = 0;
  for (const auto& [ask, to] :
       {std::pair{"PRAGMA page_count", &pages}, {"PRAGMA freelist_count", &free}, {"PRAGMA page_size", &size}}) {
    statement one(db_, ask);
    if (one.step()) *to = one.integer(0);
  }
  return static_cast<std::uint64_t>((pages - free) * size);
}

}  // namespace troupe::store
