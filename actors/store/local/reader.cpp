#include "actors/store/local/reader.hpp"

#include "actors/store/local/label_json.hpp"
#include "protocol/telemetry/batch.hpp"

#include <algorithm>
#include <cstring>
#include <unordered_map>

namespace troupe::store {

namespace {

constexpr std::size_t series_at_once = 256;

}  // namespace

result<std::unique_ptr<reader>> reader::open(const std::string& path) {
  auto made = std::make_unique<reader>();
  if (auto ok = made->connect(path); !ok) return tl::unexpected(ok.error());
  return made;
}

result<series_list> reader::series(const selector& which, std::size_t limit) {
  const snapshot held(*this);
  // The database narrows by one condition that it has an index for; the rest is decided here.
  const matcher* const narrow = which.indexed();
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
  if (ask.failed()) return tl::unexpected(failed(ask));
  return list;
}

result<void> reader::samples(std::span<const std::int64_t> series, std::int64_t from_ms, std::int64_t to_ms,
                             const taker& f) {
  const snapshot held(*this);
  // Where recent rows have them: by block, the column and the index in `series`, by rising index.
  struct place {
    std::size_t column, index;
  };
  std::unordered_map<std::int64_t, std::vector<place>> places;
  {
    std::unordered_map<std::int64_t, std::size_t> index_of;
    for (std::size_t i = 0; i < series.size(); ++i)
      index_of[series[i]] = i;
    statement blocks(db_, "SELECT id, series FROM blocks");
    while (blocks.step()) {
      const auto ids = blocks.text(1);
      std::vector<place> here;
      for (std::size_t column = 0; (column + 1) * 8 <= ids.size(); ++column) {
        std::int64_t id;
        std::memcpy(&id, ids.data() + column * 8, 8);
        if (const auto known = index_of.find(id); known != index_of.end()) here.push_back({column, known->second});
      }
      std::sort(here.begin(), here.end(), [](const place& a, const place& b) { return a.index < b.index; });
      if (!here.empty()) places[blocks.integer(0)] = std::move(here);
    }
    if (blocks.failed()) return tl::unexpected(failed(blocks));
  }

  statement chunks(db_, "SELECT data FROM chunks WHERE series = ? AND first <= ? AND last >= ? ORDER BY first");
  // Own timestamps may lie anywhere: rows with them are read and judged, only plain ones are narrowed by the database.
  statement rows(db_,
                 "SELECT block, time, size, data FROM recent WHERE time BETWEEN ? AND ? OR length(data) > 8 * size "
                 "ORDER BY id");
  rows.bind(1, from_ms).bind(2, to_ms);
  // A few at a time: memory stays bounded, and a recent row is still read once for many series.
  for (std::size_t begin = 0; begin < series.size(); begin += series_at_once) {
    std::vector<std::vector<sample>> found(std::min(series_at_once, series.size() - begin));
    for (std::size_t i = 0; i < found.size(); ++i) {
      chunks.bind(1, series[begin + i]).bind(2, to_ms).bind(3, from_ms);
      while (chunks.step()) {
        if (!unpack(chunks.text(0), found[i])) return failure("a damaged chunk");
      }
      if (chunks.failed()) return tl::unexpected(failed(chunks));
      chunks.reset();
    }
    while (!places.empty() && rows.step()) {
      const auto block = places.find(rows.integer(0));
      if (block == places.end()) continue;
      auto at = std::lower_bound(block->second.begin(), block->second.end(), begin,
                                 [](const place& p, std::size_t index) { return p.index < index; });
      if (at == block->second.end() || at->index >= begin + found.size()) continue;
      const auto size = static_cast<std::size_t>(rows.integer(2));
      const auto data = rows.text(3);
      for (; at != block->second.end() && at->index < begin + found.size(); ++at) {
        if (at->column >= size || data.size() < 8 * size) continue;
        sample one{rows.integer(1), 0};
        std::memcpy(&one.value, data.data() + 8 * at->column, 8);
        if (data.size() == 16 * size) {
          std::int64_t own;
          std::memcpy(&own, data.data() + 8 * (size + at->column), 8);
          if (own != telemetry::metrics_batch::no_timestamp) one.time_ms = own;
        }
        found[at->index - begin].push_back(one);
      }
    }
    if (rows.failed()) return tl::unexpected(failed(rows));
    rows.reset();
    for (std::size_t i = 0; i < found.size(); ++i) {
      auto& all = found[i];
      std::erase_if(all, [&](const sample& s) { return s.time_ms < from_ms || s.time_ms > to_ms; });
      sort_by_time(all);
      if (!f(begin + i, all)) return {};
    }
    if (late()) return failure(too_long);
  }
  return {};
}

result<text_list> reader::label_names() {
  return texts("SELECT DISTINCT name FROM labels ORDER BY name", "");
}
result<text_list> reader::label_values(const std::string& name) {
  return texts("SELECT DISTINCT value FROM labels WHERE name = ? ORDER BY value", name);
}

result<std::vector<reader::family>> reader::families() {
  const snapshot held(*this);
  statement ask(db_, "SELECT name, help, type FROM families ORDER BY name");
  std::vector<family> all;
  while (ask.step())
    all.push_back({std::string(ask.text(0)), std::string(ask.text(1)), ask.integer(2)});
  if (ask.failed()) return tl::unexpected(failed(ask));
  return all;
}

result<std::map<std::string, std::int64_t>> reader::stats() {
  const snapshot held(*this);
  std::map<std::string, std::int64_t> all;
  for (const auto& [name, sql] :
       {std::pair{"series", "SELECT count(*) FROM series"},
        {"recent_batches", "SELECT count(*) FROM recent"},
        {"chunks", "SELECT count(*) FROM chunks"},
        {"samples",
         "SELECT coalesce((SELECT sum(count) FROM chunks), 0) + coalesce((SELECT sum(size) FROM recent), 0)"},
        {"oldest_ms",
         "SELECT coalesce(min(t), 0) FROM (SELECT * FROM (SELECT first AS t FROM chunks ORDER BY last LIMIT 1) UNION "
         "ALL SELECT min(time) FROM recent)"}}) {
    statement ask(db_, sql);
    if (ask.step()) all[name] = ask.integer(0);
    if (ask.failed()) return tl::unexpected(failed(ask));
  }
  return all;
}

}  // namespace troupe::store
