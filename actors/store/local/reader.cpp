#include "actors/store/local/reader.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <nlohmann/json.hpp>

#include "protocol/telemetry/batch.hpp"

namespace troupe::store {

namespace {

constexpr std::int64_t longest_query_ms = 5000;

std::int64_t steady_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

telemetry::label_set labels_of(std::string_view json) {
  telemetry::label_set::container labels;
  const auto parsed = nlohmann::json::parse(json, nullptr, false);
  if (parsed.is_object()) {
    for (const auto& [name, value] : parsed.items()) {
      if (value.is_string()) labels.emplace_back(name, value.get<std::string>());
    }
  }
  return telemetry::label_set(std::move(labels));
}

}  // namespace

result<std::unique_ptr<reader>> reader::open(const std::string& path) {
  auto made = std::make_unique<reader>();
  if (auto ok = made->db_.open(path, true); !ok) return tl::unexpected(ok.error());
  sqlite3_progress_handler(
      made->db_.get(), 10'000,
      [](void* self) { return steady_ms() > static_cast<reader*>(self)->deadline_ms_ ? 1 : 0; }, made.get());
  return made;
}

std::unique_lock<std::mutex> reader::begin() {
  std::unique_lock lock(mutex_);
  deadline_ms_ = steady_ms() + longest_query_ms;
  return lock;
}

result<series_list> reader::series(const selector& which, std::size_t limit) {
  const auto lock = begin();
  // The database narrows by one condition that it has an index for; the rest is decided here.
  const matcher* narrow = nullptr;
  for (const auto& one : which.matchers()) {
    if (one.how == matcher::kind::equal && !one.value.empty() && (!narrow || one.name == "__name__")) narrow = &one;
  }
  statement ask(db_, narrow ? "SELECT s.id, s.labels FROM labels l JOIN series s ON s.id = l.series WHERE l.name = ? "
                              "AND l.value = ? ORDER BY s.labels"
                            : "SELECT id, labels FROM series ORDER BY labels");
  if (narrow) ask.bind(1, narrow->name).bind(2, narrow->value);
  series_list list;
  while (ask.step()) {
    found_series one{ask.integer(0), labels_of(ask.text(1))};
    if (!which.matches(one.labels)) continue;
    if (list.series.size() == limit) {
      list.truncated = true;
      break;
    }
    list.series.push_back(std::move(one));
  }
  if (ask.failed()) return tl::unexpected(db_.last_error("query"));
  return list;
}

result<std::vector<sample>> reader::samples(std::int64_t series, std::int64_t from_ms, std::int64_t to_ms) {
  const auto lock = begin();
  std::vector<sample> all;
  statement chunks(db_, "SELECT data FROM chunks WHERE series = ? AND first <= ? AND last >= ? ORDER BY first");
  chunks.bind(1, series).bind(2, to_ms).bind(3, from_ms);
  while (chunks.step()) {
    if (!unpack(chunks.text(0), all)) return failure("a damaged chunk");
  }
  if (chunks.failed()) return tl::unexpected(db_.last_error("query"));

  statement blocks(db_, "SELECT id, series FROM blocks");
  while (blocks.step()) {
    const auto ids = blocks.text(1);
    std::int64_t column = -1;
    for (std::size_t at = 0; at + 8 <= ids.size() && column < 0; at += 8) {
      std::int64_t id;
      std::memcpy(&id, ids.data() + at, 8);
      if (id == series) column = static_cast<std::int64_t>(at / 8);
    }
    if (column < 0) continue;
    // Own timestamps may lie anywhere: they are read and judged, only plain rows are narrowed by the database.
    statement rows(
        db_,
        "SELECT time, substr(data, 1 + 8 * ?2, 8), CASE WHEN length(data) > 8 * size THEN substr(data, 1 + 8 * (size + "
        "?2), 8) END "
        "FROM recent WHERE block = ?1 AND (time BETWEEN ?3 AND ?4 OR length(data) > 8 * size) ORDER BY time, id");
    rows.bind(1, blocks.integer(0)).bind(2, column).bind(3, from_ms).bind(4, to_ms);
    while (rows.step()) {
      sample one{rows.integer(0), 0};
      if (rows.text(1).size() != 8) continue;
      std::memcpy(&one.value, rows.text(1).data(), 8);
      if (rows.text(2).size() == 8) {
        std::int64_t own;
        std::memcpy(&own, rows.text(2).data(), 8);
        if (own != telemetry::metrics_batch::no_timestamp) one.time_ms = own;
      }
      all.push_back(one);
    }
    if (rows.failed()) return tl::unexpected(db_.last_error("query"));
  }
  std::erase_if(all, [&](const sample& s) { return s.time_ms < from_ms || s.time_ms > to_ms; });
  std::stable_sort(all.begin(), all.end(), [](const sample& a, const sample& b) { return a.time_ms < b.time_ms; });
  std::vector<sample> last;
  for (const auto& one : all) {
    if (!last.empty() && last.back().time_ms == one.time_ms)
      last.back() = one;
    else
      last.push_back(one);
  }
  return last;
}

result<std::vector<std::string>> reader::texts(const char* sql, const std::string& argument) {
  const auto lock = begin();
  statement ask(db_, sql);
  if (!argument.empty()) ask.bind(1, argument);
  std::vector<std::string> all;
  while (ask.step())
    all.emplace_back(ask.text(0));
  if (ask.failed()) return tl::unexpected(db_.last_error("query"));
  return all;
}

result<std::vector<std::string>> reader::label_names() {
  return texts("SELECT DISTINCT name FROM labels ORDER BY name", "");
}
result<std::vector<std::string>> reader::label_values(const std::string& name) {
  return texts("SELECT DISTINCT value FROM labels WHERE name = ? ORDER BY value", name);
}

result<std::vector<reader::family>> reader::families() {
  const auto lock = begin();
  statement ask(db_, "SELECT name, help, type FROM families ORDER BY name");
  std::vector<family> all;
  while (ask.step())
    all.push_back({std::string(ask.text(0)), std::string(ask.text(1)), ask.integer(2)});
  if (ask.failed()) return tl::unexpected(db_.last_error("query"));
  return all;
}

result<std::map<std::string, std::int64_t>> reader::stats() {
  const auto lock = begin();
  std::map<std::string, std::int64_t> all;
  for (const auto& [name, sql] :
       {std::pair{"series", "SELECT count(*) FROM series"},
        {"recent_batches", "SELECT count(*) FROM recent"},
        {"chunks", "SELECT count(*) FROM chunks"},
        {"samples",
         "SELECT coalesce((SELECT sum(count) FROM chunks), 0) + coalesce((SELECT sum(size) FROM recent), 0)"},
        {"oldest_ms",
         "SELECT coalesce(min(t), 0) FROM (SELECT min(first) AS t FROM chunks UNION ALL SELECT min(time) FROM "
         "recent)"}}) {
    statement ask(db_, sql);
    if (ask.step()) all[name] = ask.integer(0);
    if (ask.failed()) return tl::unexpected(db_.last_error("query"));
  }
  return all;
}

std::vector<sample> thin(const std::vector<sample>& all, std::int64_t from_ms, std::int64_t to_ms, std::size_t points) {
  if (points == 0 || all.size() <= points) return all;
  const std::int64_t pieces = std::max<std::int64_t>(1, static_cast<std::int64_t>(points) / 4);
  const double width =
      static_cast<double>(std::max<std::int64_t>(1, to_ms - from_ms + 1)) / static_cast<double>(pieces);
  std::vector<sample> kept;
  for (std::size_t begin = 0; begin < all.size();) {
    const auto piece = static_cast<std::int64_t>(static_cast<double>(all[begin].time_ms - from_ms) / width);
    std::size_t end = begin, least = begin, most = begin;
    for (; end < all.size() &&
           static_cast<std::int64_t>(static_cast<double>(all[end].time_ms - from_ms) / width) == piece;
         ++end) {
      if (all[end].value < all[least].value) least = end;
      if (all[end].value > all[most].value) most = end;
    }
    std::size_t chosen[] = {begin, least, most, end - 1};
    std::sort(std::begin(chosen), std::end(chosen));
    for (std::size_t i = 0; i < 4; ++i) {
      if (i == 0 || chosen[i] != chosen[i - 1]) kept.push_back(all[chosen[i]]);
    }
    begin = end;
  }
  return kept;
}

}  // namespace troupe::store
