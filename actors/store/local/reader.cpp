#include "actors/store/local/reader.hpp"

#include "actors/store/local/label_json.hpp"
#include "protocol/telemetry/batch.hpp"

#include <algorithm>
#include <cstring>
#include <set>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace troupe::store {

namespace {

constexpr std::size_t series_at_once = 256;

std::string_view family_ending(std::string_view name) {
  for (const std::string_view ending :
       {"_total", "_created", "_bucket", "_sum", "_count", "_gsum", "_gcount", "_info"}) {
    if (name.ends_with(ending)) return ending;
  }
  return {};
}

}  // namespace

result<std::unique_ptr<reader>> reader::open(const std::string& path) {
  auto made = std::make_unique<reader>();
  if (auto ok = made->connect(path); !ok) return tl::unexpected(ok.error());
  return made;
}

result<void> reader::in_recent_rows(const series_question::times& having, std::unordered_set<std::int64_t>& all) {
  // By block: which columns have some.
  std::unordered_map<std::int64_t, std::vector<bool>> columns;
  statement rows(
      db_,
      "SELECT block, size, CASE WHEN length(data) > 8 * size THEN data END, time BETWEEN ?1 AND ?2 FROM recent "
      "WHERE time BETWEEN ?1 AND ?2 OR length(data) > 8 * size");
  rows.bind(1, having.from_ms).bind(2, having.to_ms);
  while (rows.step()) {
    auto& found = columns[rows.integer(0)];
    const auto size = static_cast<std::size_t>(rows.integer(1));
    const bool inside = rows.integer(3) != 0;
    if (found.size() < size) found.resize(size);
    if (rows.null(2)) {
      std::fill_n(found.begin(), size, true);
      continue;
    }
    const auto data = rows.text(2);
    if (data.size() != 16 * size) continue;
    for (std::size_t i = 0; i < size; ++i) {
      std::int64_t own;
      std::memcpy(&own, data.data() + 8 * (size + i), 8);
      if (own == telemetry::metrics_batch::no_timestamp ? inside : own >= having.from_ms && own <= having.to_ms)
        found[i] = true;
    }
  }
  if (rows.failed()) return tl::unexpected(failed(rows));
  statement blocks(db_, "SELECT id, series FROM blocks");
  while (blocks.step()) {
    const auto some = columns.find(blocks.integer(0));
    if (some == columns.end()) continue;
    const auto ids = blocks.text(1);
    for (std::size_t i = 0; i < some->second.size() && (i + 1) * 8 <= ids.size(); ++i) {
      std::int64_t id;
      std::memcpy(&id, ids.data() + i * 8, 8);
      if (some->second[i]) all.insert(id);
    }
  }
  if (blocks.failed()) return tl::unexpected(failed(blocks));
  return {};
}

result<bool> reader::in_a_chunk(statement& chunks, std::int64_t series, const series_question::times& having) {
  const auto inside = [&](std::int64_t time) { return time >= having.from_ms && time <= having.to_ms; };
  chunks.bind(1, series).bind(2, having.to_ms).bind(3, having.from_ms);
  bool found = false;
  std::vector<sample> samples;
  while (!found && chunks.step()) {
    found = inside(chunks.integer(0)) || inside(chunks.integer(1));
    if (found) break;
    samples.clear();  // it reaches beyond both ends, and may have nothing between
    if (!unpack(chunks.text(2), samples)) return failure("a damaged chunk");
    found = std::any_of(samples.begin(), samples.end(), [&](const sample& s) { return inside(s.time_ms); });
  }
  if (chunks.failed()) return tl::unexpected(failed(chunks));
  chunks.reset();
  return found;
}

result<void> reader::each_series(const series_question& which, const std::function<bool(found_series&)>& f) {
  std::unordered_set<std::int64_t> recent;
  if (which.having) {
    if (auto ok = in_recent_rows(*which.having, recent); !ok) return ok;
  }
  statement chunks(db_, "SELECT first, last, data FROM chunks WHERE series = ? AND first <= ? AND last >= ?");
  // The database narrows by one condition that it has an index for; the rest is decided here.
  const matcher* const narrow = which.match.size() == 1 ? which.match[0].indexed() : nullptr;
  statement ask(db_, narrow ? "SELECT s.id, s.labels FROM labels l JOIN series s ON s.id = l.series WHERE l.name = ? "
                              "AND l.value = ? ORDER BY s.labels"
                            : "SELECT id, labels FROM series ORDER BY labels");
  if (narrow) ask.bind(1, narrow->name).bind(2, narrow->value);
  while (ask.step()) {
    found_series one{ask.integer(0), labels_of(ask.text(1))};
    if (!matches(which.match, one.labels)) continue;
    if (which.having && !recent.contains(one.id)) {
      const auto some = in_a_chunk(chunks, one.id, *which.having);
      if (!some) return tl::unexpected(some.error());
      if (!*some) continue;
    }
    if (!f(one)) return {};
    if (late()) return failure(too_long);
  }
  if (ask.failed()) return tl::unexpected(failed(ask));
  return {};
}

result<series_list> reader::series(const series_question& which, std::size_t limit) {
  const snapshot held(*this);
  series_list list;
  const auto ok = each_series(which, [&](found_series& one) {
    list.truncated = list.series.size() == limit;
    if (!list.truncated) list.series.push_back(std::move(one));
    return !list.truncated;
  });
  if (!ok) return tl::unexpected(ok.error());
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

result<text_list> reader::label_names(const series_question& of, std::size_t limit) {
  if (of.all()) return texts("SELECT DISTINCT name FROM labels ORDER BY name", "", limit);
  const snapshot held(*this);
  std::set<std::string> names;
  const auto ok = each_series(of, [&](found_series& one) {
    for (const auto& label : one.labels)
      names.insert(label.first);
    return true;
  });
  if (!ok) return tl::unexpected(ok.error());
  return first_of(names, limit);
}

result<text_list> reader::label_values(const series_question& of, const std::string& name, std::size_t limit) {
  if (of.all()) return texts("SELECT DISTINCT value FROM labels WHERE name = ? ORDER BY value", name, limit);
  const snapshot held(*this);
  std::set<std::string> values;
  const auto ok = each_series(of, [&](found_series& one) {
    if (const auto value = one.labels.get(name); !value.empty()) values.emplace(value);
    return true;
  });
  if (!ok) return tl::unexpected(ok.error());
  return first_of(values, limit);
}

result<std::vector<reader::family>> reader::families(const series_question& of) {
  const snapshot held(*this);
  // A family is named without the endings of its series.
  std::set<std::string, std::less<>> names;
  if (!of.all()) {
    const auto ok = each_series(of, [&](found_series& one) {
      const auto name = one.labels.get("__name__");
      names.emplace(name);
      names.emplace(name.substr(0, name.size() - family_ending(name).size()));
      return true;
    });
    if (!ok) return tl::unexpected(ok.error());
  }
  statement ask(db_, "SELECT name, help, type FROM families ORDER BY name");
  std::vector<family> all;
  while (ask.step()) {
    if (of.all() || names.contains(ask.text(0)))
      all.push_back({std::string(ask.text(0)), std::string(ask.text(1)), ask.integer(2)});
  }
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
