#include "actors/store/local/database.hpp"
#include "actors/store/local/label_index.hpp"
#include "actors/store/local/label_json.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <unordered_set>

namespace troupe::store {

namespace {

/// So many columns of a block are taken into memory at once while its rows become chunks.
constexpr std::size_t columns_at_once = 4096;
/// A chunk that grows beyond twice this, because others with the same beginning came, is cut.
constexpr std::size_t chunk_samples = 1000;
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
  CREATE INDEX chunks_by_age ON chunks(last, count);
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

struct database::statements {
  explicit statements(connection& db)
      : series(db, "series", "series"),
        add_family(db, "INSERT OR REPLACE INTO families(name, type, help) VALUES(?, ?, ?)"),
        add_block(db, "INSERT INTO blocks(series) VALUES(?)"),
        add_recent(db, "INSERT INTO recent(block, time, size, data) VALUES(?, ?, ?, ?)"),
        find_chunk(db, "SELECT data FROM chunks WHERE series = ? AND first = ?"),
        add_chunk(db, "INSERT OR REPLACE INTO chunks(series, first, last, count, data) VALUES(?, ?, ?, ?, ?)") {}
  label_index series;
  statement add_family, add_block, add_recent, find_chunk, add_chunk;
};

database::database() : store_file(schema, 1) {}
database::~database() = default;

result<std::unique_ptr<database>> database::open(const std::string& path, std::string& note) {
  return open_or_begin(path, note, [] { return std::unique_ptr<database>(new database); });
}

result<void> database::ready() {
  statements_ = std::make_unique<statements>(db_);
  return count_series();
}

result<void> database::count_series() {
  return read_number("SELECT count(*) FROM series", series_);
}

result<std::int64_t> database::series_id(const telemetry::label_buffer& labels) {
  const auto at = statements_->series.find_or_add(labels.hash(), label_json(labels.labels()), labels.labels());
  if (!at) return tl::unexpected(at.error());
  if (at->fresh) ++series_;
  return at->id;
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
  auto ok = in_transaction([&]() -> result<void> {
    for (const auto& batch : batches) {
      const auto block = block_id(batch->block);
      if (!block) return tl::unexpected(block.error());
      auto data = bytes_of(batch->values);
      std::string with_times;
      if (!batch->own_timestamps_ms.empty()) {
        with_times.append(data).append(bytes_of(batch->own_timestamps_ms));
        data = with_times;
      }
      auto& add = statements_->add_recent;
      add.bind(1, *block)
          .bind(2, batch->timestamp_ms)
          .bind(3, static_cast<std::int64_t>(batch->values.size()))
          .bind_blob(4, data);
      if (auto added = add.execute("store"); !added) return added;
    }
    return {};
  });
  if (!ok) {
    blocks_.clear();  // some of them may have been taken back, and series, too
    (void)count_series();
  }
  std::erase_if(blocks_, [](const auto& one) { return one.second.of.expired(); });
  return ok;
}

result<std::vector<std::int64_t>> database::blocks_worth_compacting(const compaction& which) {
  std::unordered_set<std::int64_t> in_use;
  for (const auto& [id, one] : blocks_) {
    if (!one.of.expired()) in_use.insert(one.id);
  }
  std::vector<std::int64_t> all, worth;
  std::uint64_t bytes = 0;
  statement ask(db_, "SELECT block, count(*), min(time), sum(size) FROM recent WHERE time < ? GROUP BY block");
  ask.bind(1, which.before_ms);
  while (ask.step()) {
    const auto block = ask.integer(0);
    all.push_back(block);
    bytes += 8 * static_cast<std::uint64_t>(ask.integer(3));
    if (ask.integer(1) >= which.rows || ask.integer(2) < which.before_ms - which.age_ms || !in_use.contains(block))
      worth.push_back(block);
  }
  if (ask.failed()) return tl::unexpected(ask.trouble("store"));
  return bytes > which.bytes ? all : worth;
}

result<void> database::compact(const compaction& which) {
  const auto blocks = blocks_worth_compacting(which);
  if (!blocks) return tl::unexpected(blocks.error());
  for (const auto block : *blocks) {
    if (auto ok = in_transaction([&] { return compact_block(block, which.before_ms); }); !ok) return ok;
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
    if (ask.failed()) return tl::unexpected(ask.trouble("store"));
  }
  statement rows(db_, "SELECT time, size, data FROM recent WHERE block = ? AND time < ? ORDER BY id");
  rows.bind(1, block).bind(2, before_ms);
  for (std::size_t begin = 0; begin < series.size(); begin += columns_at_once) {
    std::vector<std::vector<sample>> columns(std::min(columns_at_once, series.size() - begin));
    while (rows.step()) {
      const auto size = static_cast<std::size_t>(rows.integer(1));
      const auto data = rows.text(2);
      if (size != series.size() || (data.size() != 8 * size && data.size() != 16 * size)) continue;  // no such row
      for (std::size_t i = 0; i < columns.size(); ++i) {
        sample one{rows.integer(0), 0};
        std::memcpy(&one.value, data.data() + 8 * (begin + i), 8);
        if (data.size() == 16 * size) {
          std::int64_t own;
          std::memcpy(&own, data.data() + 8 * (size + begin + i), 8);
          if (own != telemetry::metrics_batch::no_timestamp) one.time_ms = own;
        }
        columns[i].push_back(one);
      }
    }
    if (rows.failed()) return tl::unexpected(rows.trouble("store"));
    rows.reset();
    for (std::size_t i = 0; i < columns.size(); ++i) {
      sort_by_time(columns[i]);
      if (auto ok = add_chunk(series[begin + i], std::move(columns[i])); !ok) return ok;
    }
  }
  statement remove(db_, "DELETE FROM recent WHERE block = ? AND time < ?");
  return remove.bind(1, block).bind(2, before_ms).execute("store");
}

/// Where one with the same beginning is there already (own timestamps, or two blocks with the same series), they
/// become one.
result<void> database::add_chunk(std::int64_t series, std::vector<sample> samples) {
  while (!samples.empty()) {
    auto& find = statements_->find_chunk;
    std::vector<sample> there, rest;
    find.bind(1, series).bind(2, samples.front().time_ms);
    if (find.step()) (void)unpack(find.text(0), there);  // of a damaged one what is left
    find.reset();
    if (find.failed()) return tl::unexpected(find.trouble("store"));
    if (!there.empty()) {
      there.insert(there.end(), samples.begin(), samples.end());
      samples = std::move(there);
      sort_by_time(samples);
      if (samples.size() > 2 * chunk_samples) {
        rest.assign(samples.begin() + chunk_samples, samples.end());
        samples.resize(chunk_samples);
      }
    }
    const auto data = pack(samples);
    auto& add = statements_->add_chunk;
    add.bind(1, series)
        .bind(2, samples.front().time_ms)
        .bind(3, samples.back().time_ms)
        .bind(4, static_cast<std::int64_t>(samples.size()))
        .bind_blob(5, data);
    if (auto ok = add.execute("store"); !ok) return ok;
    samples = std::move(rest);
  }
  return {};
}

result<std::uint64_t> database::remove_before(std::int64_t time_ms) {
  std::int64_t samples = 0;
  auto ok = in_transaction([&]() -> result<void> {
    for (const auto& [ask, order] :
         {std::pair{"SELECT coalesce(sum(count), 0) FROM chunks WHERE last < ?", "DELETE FROM chunks WHERE last < ?"},
          {"SELECT coalesce(sum(size), 0) FROM recent WHERE time < ?", "DELETE FROM recent WHERE time < ?"}}) {
      statement count(db_, ask);
      if (count.bind(1, time_ms).step()) samples += count.integer(0);
      if (count.failed()) return tl::unexpected(count.trouble("store"));
      statement remove(db_, order);
      if (auto done = remove.bind(1, time_ms).execute("store"); !done) return done;
    }
    return {};
  });
  if (!ok) return tl::unexpected(ok.error());
  return static_cast<std::uint64_t>(samples);
}

/// A small part of the rows; not of the time, for own timestamps can be anything.
result<std::uint64_t> database::remove_oldest() {
  std::int64_t before = 0;
  {
    statement ask(db_,
                  "SELECT t FROM (SELECT last AS t FROM chunks UNION ALL SELECT time FROM recent) ORDER BY t LIMIT 1 "
                  "OFFSET ((SELECT count(*) FROM chunks) + (SELECT count(*) FROM recent)) / 50");
    const bool some = ask.step();
    if (ask.failed()) return tl::unexpected(ask.trouble("store"));
    if (!some) return 0;  // what is left are series
    before = ask.integer(0);
  }
  return remove_before(before == std::numeric_limits<std::int64_t>::max() ? before : before + 1);
}

/// Series without samples that no block in use names.
result<void> database::remove_unused() {
  std::unordered_set<std::int64_t> used;
  statement blocks(db_, "SELECT series FROM blocks");
  while (blocks.step()) {
    for (const auto id : numbers_of<std::int64_t>(blocks.text(0)))
      used.insert(id);
  }
  if (blocks.failed()) return tl::unexpected(blocks.trouble("store"));
  std::vector<std::int64_t> empty;
  statement ask(db_, "SELECT id FROM series WHERE NOT EXISTS (SELECT 1 FROM chunks WHERE chunks.series = series.id)");
  while (ask.step()) {
    if (!used.contains(ask.integer(0))) empty.push_back(ask.integer(0));
  }
  if (ask.failed()) return tl::unexpected(ask.trouble("store"));
  if (empty.empty()) return {};
  statement series(db_, "DELETE FROM series WHERE id = ?"), labels(db_, "DELETE FROM labels WHERE series = ?");
  auto ok = in_transaction([&]() -> result<void> {
    for (const auto id : empty) {
      if (auto gone = series.bind(1, id).execute("store"); !gone) return gone;
      if (auto gone = labels.bind(1, id).execute("store"); !gone) return gone;
    }
    return {};
  });
  if (!ok) return ok;
  return count_series();
}

}  // namespace troupe::store
