#include "actors/store/local/log_database.hpp"

#include "actors/store/local/label_index.hpp"
#include "actors/store/local/label_json.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <unordered_set>
#include <utility>

namespace troupe::store {

namespace {

/// A chunk is cut where it has more than this, or lasts longer.
constexpr std::uint64_t chunk_bytes = 256 << 10;
constexpr std::int64_t chunk_ns = std::int64_t{3600} * 1'000'000'000;
/// A chunk of less than this waits for others.
constexpr std::uint64_t small_bytes = 64 << 10;
/// So much of what is there is compared with what comes.
constexpr std::uint64_t most_compared_bytes = 4 << 20;
constexpr std::uint64_t most_compacted_bytes = 8 << 20;
constexpr std::size_t most_known_streams = 10'000;
constexpr const char* schema = R"(
  CREATE TABLE streams(id INTEGER PRIMARY KEY, hash INTEGER NOT NULL, labels TEXT NOT NULL);
  CREATE INDEX streams_by_hash ON streams(hash);
  CREATE TABLE labels(name TEXT NOT NULL, value TEXT NOT NULL, stream INTEGER NOT NULL, PRIMARY KEY(name, value, stream)) WITHOUT ROWID;
  CREATE INDEX labels_by_stream ON labels(stream);
  CREATE TABLE chunks(id INTEGER PRIMARY KEY, stream INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
                      count INTEGER NOT NULL, bytes INTEGER NOT NULL, small INTEGER NOT NULL, data BLOB NOT NULL);
  CREATE INDEX chunks_by_stream ON chunks(stream, last, first);
  CREATE INDEX chunks_by_last ON chunks(last, first, stream, count);
  CREATE INDEX chunks_by_first ON chunks(first, last, stream, count);
  CREATE INDEX small_chunks ON chunks(stream, last) WHERE small = 1;
)";

bool earlier(const log_entry& a, const log_entry& b) {
  return a.time_ns < b.time_ns;
}

void sort_by_time(std::vector<log_entry>& entries) {
  if (!std::is_sorted(entries.begin(), entries.end(), earlier))
    std::stable_sort(entries.begin(), entries.end(), earlier);
}

/// Of sorted entries; the first of several stays.
void leave_out_repeated(std::vector<log_entry>& entries) {
  std::size_t kept = 0;
  std::unordered_set<std::string_view> lines;  // of one time
  for (std::size_t begin = 0, end = 0; begin < entries.size(); begin = end) {
    while (end < entries.size() && entries[end].time_ns == entries[begin].time_ns)
      ++end;
    lines.clear();
    for (std::size_t i = begin; i < end; ++i) {
      if (end - begin == 1 || lines.insert(entries[i].line).second) entries[kept++] = entries[i];
    }
  }
  entries.resize(kept);
}

}  // namespace

struct log_database::statements {
  explicit statements(connection& db)
      : streams(db, "streams", "stream"),
        last_of(db, "SELECT max(last) FROM chunks WHERE stream = ?"),
        around(db, "SELECT bytes, data FROM chunks WHERE stream = ? AND last >= ? AND first <= ? ORDER BY last DESC"),
        add_chunk(db,
                  "INSERT INTO chunks(stream, first, last, count, bytes, small, data) VALUES(?, ?, ?, ?, ?, ?, ?)") {}
  label_index streams;
  statement last_of, around, add_chunk;
};

log_database::log_database() : store_file(schema, 1'000'000) {}
log_database::~log_database() = default;

result<std::unique_ptr<log_database>> log_database::open(const std::string& path, std::string& note) {
  return open_or_begin(path, note, [] { return std::unique_ptr<log_database>(new log_database); });
}

result<void> log_database::ready() {
  statements_ = std::make_unique<statements>(db_);
  return count_streams();
}

result<void> log_database::count_streams() {
  return read_number("SELECT count(*) FROM streams", streams_);
}

void log_database::forget() {
  known_.clear();
  last_.clear();
}

result<std::int64_t> log_database::find_or_add(const telemetry::label_set& labels) {
  std::vector<telemetry::label_view> kept;
  for (const auto& [name, value] : labels) {
    if (!name.starts_with("__")) kept.push_back({name, value});
  }
  const auto text = label_json(kept);
  const auto clean = labels_of(text);  // as they will be asked for
  kept.clear();
  for (const auto& [name, value] : clean)
    kept.push_back({name, value});
  const auto at = statements_->streams.find_or_add(clean.hash(), text, kept);
  if (!at) return tl::unexpected(at.error());
  if (at->fresh) ++streams_;
  return at->id;
}

result<std::int64_t> log_database::stream_id(const telemetry::labels_ref& labels) {
  const auto hash = labels->hash();
  const auto [first, last] = known_.equal_range(hash);
  for (auto at = first; at != last; ++at) {
    if (at->second.labels == labels || *at->second.labels == *labels) return at->second.id;
  }
  const auto id = find_or_add(*labels);
  if (id) known_.emplace(hash, known_stream{labels, *id});
  return id;
}

result<void> log_database::group(std::span<const telemetry::logs_ref> batches, incoming& into) {
  for (const auto& batch : batches) {
    for (const auto& stream : batch->streams()) {
      const auto id = stream_id(stream.labels);
      if (!id) return tl::unexpected(id.error());
      auto& entries = into.by_stream[*id];
      for (auto i = stream.begin; i < stream.end; ++i) {
        const auto& one = batch->at(i);
        log_entry kept{one.timestamp_ns, one.line, {}};
        if (!one.metadata.empty()) kept.metadata = into.metadata.emplace_back(encode_metadata(one.metadata));
        entries.push_back(kept);
      }
    }
  }
  return {};
}

result<std::int64_t> log_database::last_of(std::int64_t stream) {
  if (const auto known = last_.find(stream); known != last_.end()) return known->second;
  auto last = std::numeric_limits<std::int64_t>::min();
  auto& ask = statements_->last_of;
  if (ask.bind(1, stream).step() && !ask.null(0)) last = ask.integer(0);
  ask.reset();
  if (ask.failed()) return tl::unexpected(ask.trouble("store"));
  last_[stream] = last;
  return last;
}

result<void> log_database::leave_out_known(std::int64_t stream, std::vector<log_entry>& entries) {
  auto& ask = statements_->around;
  ask.bind(1, stream).bind(2, entries.front().time_ns).bind(3, entries.back().time_ns);
  // By time and line, so that many of one time cost little, too.
  const auto before = [](const log_entry& a, const log_entry& b) {
    return a.time_ns != b.time_ns ? a.time_ns < b.time_ns : a.line < b.line;
  };
  std::vector<std::size_t> order(entries.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return before(entries[a], entries[b]); });
  std::vector<bool> there(entries.size());
  std::vector<log_entry> old;
  http::body room;
  std::uint64_t compared = 0;
  while (compared < most_compared_bytes && ask.step()) {
    const auto bytes = static_cast<std::uint64_t>(ask.integer(0));
    compared += bytes;
    old.clear();
    (void)unpack(ask.text(1), std::min(bytes, largest_chunk_bytes), room, old);  // of a damaged one what is left
    for (const auto& one : old) {
      const auto at = std::lower_bound(order.begin(), order.end(), one,
                                       [&](std::size_t i, const log_entry& o) { return before(entries[i], o); });
      if (at != order.end() && !before(one, entries[*at])) there[*at] = true;
    }
  }
  ask.reset();
  if (ask.failed()) return tl::unexpected(ask.trouble("store"));
  std::size_t kept = 0;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (!there[i]) entries[kept++] = entries[i];
  }
  entries.resize(kept);
  return {};
}

result<void> log_database::add_chunks(std::int64_t stream, std::span<const log_entry> entries, bool final) {
  while (!entries.empty()) {
    std::size_t count = 0;
    const auto until = entries.front().time_ns > std::numeric_limits<std::int64_t>::max() - chunk_ns
                           ? std::numeric_limits<std::int64_t>::max()
                           : entries.front().time_ns + chunk_ns;
    for (std::uint64_t bytes = 0; count < entries.size() && entries[count].time_ns <= until; ++count) {
      bytes += bytes_of(entries.subspan(count, 1));
      if (count > 0 && bytes > chunk_bytes) break;
    }
    const auto piece = entries.first(count);
    const auto bytes = bytes_of(piece);
    const auto data = pack(piece);
    auto& add = statements_->add_chunk;
    add.bind(1, stream)
        .bind(2, piece.front().time_ns)
        .bind(3, piece.back().time_ns)
        .bind(4, static_cast<std::int64_t>(count))
        .bind(5, static_cast<std::int64_t>(bytes))
        .bind(6, std::int64_t{!final && bytes < small_bytes})
        .bind_blob(7, data);
    if (auto ok = add.execute("store"); !ok) return ok;
    entries = entries.subspan(count);
  }
  return {};
}

result<kept> log_database::write(std::span<const telemetry::logs_ref> batches) {
  kept done;
  if (known_.size() > most_known_streams || last_.size() > most_known_streams) forget();
  auto ok = in_transaction([&]() -> result<void> {
    incoming all;
    if (auto grouped = group(batches, all); !grouped) return grouped;
    for (auto& [stream, entries] : all.by_stream) {
      if (entries.empty()) continue;
      const auto came = entries.size();
      sort_by_time(entries);
      leave_out_repeated(entries);
      const auto last = last_of(stream);
      if (!last) return tl::unexpected(last.error());
      const auto newest = std::max(*last, entries.back().time_ns);
      if (entries.front().time_ns <= *last) {
        if (auto compared = leave_out_known(stream, entries); !compared) return compared;
      }
      if (auto added = add_chunks(stream, entries, false); !added) return added;
      last_[stream] = newest;
      done.added += entries.size();
      done.duplicates += came - entries.size();
    }
    return {};
  });
  if (!ok) {
    forget();  // some of them may have been taken back
    (void)count_streams();
    return tl::unexpected(ok.error());
  }
  return done;
}

result<void> log_database::compact(const log_compaction& which) {
  std::vector<std::int64_t> worth;
  {
    statement ask(db_, "SELECT stream, count(*), min(last) FROM chunks WHERE small = 1 AND last < ? GROUP BY stream");
    ask.bind(1, which.before_ns);
    while (ask.step()) {
      if (ask.integer(1) >= which.chunks || ask.integer(2) < which.before_ns - which.age_ns)
        worth.push_back(ask.integer(0));
    }
    if (ask.failed()) return tl::unexpected(ask.trouble("store"));
  }
  for (const auto stream : worth) {
    for (bool more = true; more;) {
      auto ok = in_transaction([&]() -> result<void> {
        const auto some = compact_some(stream, which.before_ns);
        if (!some) return tl::unexpected(some.error());
        more = *some;
        return {};
      });
      if (!ok) return ok;
    }
  }
  return {};
}

/// False: there were none left.
result<bool> log_database::compact_some(std::int64_t stream, std::int64_t before_ns) {
  struct chunk {
    std::string data;
    http::body room;
  };
  std::deque<chunk> chunks;
  std::vector<std::int64_t> ids;
  std::vector<log_entry> entries;
  std::uint64_t sum = 0;
  statement ask(db_,
                "SELECT id, bytes, data FROM chunks WHERE small = 1 AND stream = ? AND last < ? ORDER BY last, id");
  ask.bind(1, stream).bind(2, before_ns);
  while (sum < most_compacted_bytes && ask.step()) {
    const auto bytes = static_cast<std::uint64_t>(ask.integer(1));
    auto& one = chunks.emplace_back();
    one.data = ask.text(2);
    ids.push_back(ask.integer(0));
    (void)unpack(one.data, std::min(bytes, small_bytes), one.room, entries);  // of a damaged one what is left
    sum += bytes;
  }
  if (ask.failed()) return tl::unexpected(ask.trouble("store"));
  if (ids.empty()) return false;
  statement remove(db_, "DELETE FROM chunks WHERE id = ?");
  for (const auto id : ids) {
    if (auto ok = remove.bind(1, id).execute("store"); !ok) return tl::unexpected(ok.error());
  }
  sort_by_time(entries);
  leave_out_repeated(entries);
  if (auto ok = add_chunks(stream, entries, true); !ok) return tl::unexpected(ok.error());
  return true;
}

result<std::uint64_t> log_database::remove_before(std::int64_t time_ns) {
  std::int64_t entries = 0;
  auto ok = in_transaction([&]() -> result<void> {
    statement count(db_, "SELECT coalesce(sum(count), 0) FROM chunks WHERE last < ?");
    if (count.bind(1, time_ns).step()) entries = count.integer(0);
    if (count.failed()) return tl::unexpected(count.trouble("store"));
    statement remove(db_, "DELETE FROM chunks WHERE last < ?");
    return remove.bind(1, time_ns).execute("store");
  });
  if (!ok) return tl::unexpected(ok.error());
  return static_cast<std::uint64_t>(entries);
}

/// A small part of the chunks.
result<std::uint64_t> log_database::remove_oldest() {
  std::int64_t last = 0;
  {
    statement ask(db_, "SELECT last FROM chunks ORDER BY last LIMIT 1 OFFSET (SELECT count(*) FROM chunks) / 50");
    const bool some = ask.step();
    if (ask.failed()) return tl::unexpected(ask.trouble("store"));
    if (!some) return 0;
    last = ask.integer(0);
  }
  return remove_before(last == std::numeric_limits<std::int64_t>::max() ? last : last + 1);
}

result<void> log_database::remove_unused() {
  forget();
  auto ok = in_transaction([&]() -> result<void> {
    auto gone = db_.run("DELETE FROM streams WHERE NOT EXISTS (SELECT 1 FROM chunks WHERE chunks.stream = streams.id)");
    if (!gone) return gone;
    return db_.run("DELETE FROM labels WHERE NOT EXISTS (SELECT 1 FROM streams WHERE streams.id = labels.stream)");
  });
  if (!ok) return ok;
  return count_streams();
}

}  // namespace troupe::store
