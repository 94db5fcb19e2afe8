#include "actors/store/local/trace_database.hpp"

#include "actors/store/local/trace_json.hpp"
#include "protocol/telemetry/utf8.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <limits>

namespace troupe::store {

namespace {

constexpr std::size_t most_known_resources = 10'000;
/// Later times become this one; one more is still a number.
constexpr auto latest = std::numeric_limits<std::int64_t>::max() - 1;
constexpr const char* schema = R"(
  CREATE TABLE resources(id INTEGER PRIMARY KEY, service TEXT NOT NULL, attributes TEXT NOT NULL, UNIQUE(service, attributes));
  CREATE TABLE spans(id INTEGER PRIMARY KEY, trace BLOB NOT NULL, span BLOB NOT NULL, parent BLOB NOT NULL, start INTEGER NOT NULL,
                     duration INTEGER NOT NULL, resource INTEGER NOT NULL, name TEXT NOT NULL, kind INTEGER NOT NULL,
                     status INTEGER NOT NULL, detail TEXT NOT NULL, UNIQUE(trace, span));
  CREATE INDEX spans_by_resource ON spans(resource);
  CREATE TABLE traces(trace BLOB PRIMARY KEY, start INTEGER NOT NULL, end INTEGER NOT NULL, spans INTEGER NOT NULL,
                      errors INTEGER NOT NULL, rooted INTEGER NOT NULL, root_start INTEGER NOT NULL, root_name TEXT NOT NULL,
                      root_service TEXT NOT NULL) WITHOUT ROWID;
  CREATE INDEX traces_by_start ON traces(start);
  CREATE INDEX traces_by_end ON traces(end, spans);
)";

template <std::size_t N>
std::string_view bytes_of(const std::array<std::uint8_t, N>& id) {
  return {reinterpret_cast<const char*>(id.data()), id.size()};
}

std::int64_t time_of(std::uint64_t ns) {
  return ns > static_cast<std::uint64_t>(latest) ? latest : static_cast<std::int64_t>(ns);
}

std::string clean(std::string_view text) {
  std::string out;
  telemetry::append_repaired_utf8(text, out);
  return out;
}

bool begins(const otlp::span& one) {
  return one.parent == otlp::span_id{};
}

}  // namespace

struct trace_database::statements {
  explicit statements(connection& db)
      : find_resource(db, "SELECT id FROM resources WHERE service = ? AND attributes = ?"),
        add_resource(db, "INSERT INTO resources(service, attributes) VALUES(?, ?)"),
        add_span(db,
                 "INSERT OR IGNORE INTO spans(trace, span, parent, start, duration, resource, name, kind, status, "
                 "detail) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
        find_trace(db,
                   "SELECT start, end, spans, errors, rooted, root_start, root_name, root_service FROM traces WHERE "
                   "trace = ?"),
        put_trace(db,
                  "INSERT OR REPLACE INTO traces(trace, start, end, spans, errors, rooted, root_start, root_name, "
                  "root_service) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)") {}
  statement find_resource, add_resource, add_span, find_trace, put_trace;
};

trace_database::trace_database() : store_file(schema, 1'000'000) {}
trace_database::~trace_database() = default;

result<std::unique_ptr<trace_database>> trace_database::open(const std::string& path, std::string& note) {
  return open_or_begin(path, note, [] { return std::unique_ptr<trace_database>(new trace_database); });
}

result<void> trace_database::ready() {
  statements_ = std::make_unique<statements>(db_);
  return count_traces();
}

result<void> trace_database::count_traces() {
  return read_number("SELECT count(*) FROM traces", traces_);
}

result<std::int64_t> trace_database::resource_id(const otlp::span& of) {
  const auto service = clean(of.service);
  const auto attributes = attributes_json(of.resource);
  const auto key = service + '\0' + attributes;
  if (const auto known = resources_.find(key); known != resources_.end()) return known->second;
  auto& find = statements_->find_resource;
  std::int64_t id = 0;
  if (find.bind(1, service).bind(2, attributes).step()) id = find.integer(0);
  find.reset();
  if (find.failed()) return tl::unexpected(find.trouble("store"));
  if (id == 0) {
    if (auto ok = statements_->add_resource.bind(1, service).bind(2, attributes).execute("store"); !ok)
      return tl::unexpected(ok.error());
    id = sqlite3_last_insert_rowid(db_.get());
  }
  resources_[key] = id;
  return id;
}

result<bool> trace_database::add(const otlp::span& one) {
  const auto resource = resource_id(one);
  if (!resource) return tl::unexpected(resource.error());
  const auto start = time_of(one.start_ns);
  const auto detail = detail_json(one);
  auto& add = statements_->add_span;
  add.bind_blob(1, bytes_of(one.trace))
      .bind_blob(2, bytes_of(one.id))
      .bind_blob(3, bytes_of(one.parent))
      .bind(4, start)
      .bind(5, std::max(std::int64_t{0}, time_of(one.end_ns) - start))
      .bind(6, *resource)
      .bind(7, clean(one.name))
      .bind(8, static_cast<std::int64_t>(one.kind))
      .bind(9, static_cast<std::int64_t>(one.status))
      .bind(10, detail);
  if (auto ok = add.execute("store"); !ok) return tl::unexpected(ok.error());
  return sqlite3_changes(db_.get()) == 1;
}

void trace_database::sum_up(const otlp::span& one, summaries& into) {
  const auto start = time_of(one.start_ns), end = std::max(start, time_of(one.end_ns));
  const auto [at, fresh] = into.try_emplace(one.trace);
  auto& sum = at->second;
  sum.start = fresh ? start : std::min(sum.start, start);
  sum.end = fresh ? end : std::max(sum.end, end);
  sum.spans += 1;
  sum.errors += one.status == otlp::status_code::error ? 1 : 0;
  const bool better = begins(one) != sum.rooted ? begins(one) : start < sum.root_start;
  if (fresh || better) {
    sum.rooted = begins(one);
    sum.root_start = start;
    sum.root_name = clean(one.name);
    sum.root_service = clean(one.service);
  }
}

result<void> trace_database::merge(const otlp::trace_id& trace, const summary& more) {
  auto sum = more;
  auto& find = statements_->find_trace;
  const bool there = find.bind_blob(1, bytes_of(trace)).step();
  if (there) {
    sum.start = std::min(sum.start, find.integer(0));
    sum.end = std::max(sum.end, find.integer(1));
    sum.spans += find.integer(2);
    sum.errors += find.integer(3);
    const bool rooted = find.integer(4) != 0;
    if (rooted != sum.rooted ? rooted : find.integer(5) <= sum.root_start) {
      sum.rooted = rooted;
      sum.root_start = find.integer(5);
      sum.root_name = find.text(6);
      sum.root_service = find.text(7);
    }
  }
  find.reset();
  if (find.failed()) return tl::unexpected(find.trouble("store"));
  if (!there) ++traces_;
  return statements_->put_trace.bind_blob(1, bytes_of(trace))
      .bind(2, sum.start)
      .bind(3, sum.end)
      .bind(4, sum.spans)
      .bind(5, sum.errors)
      .bind(6, std::int64_t{sum.rooted})
      .bind(7, sum.root_start)
      .bind(8, sum.root_name)
      .bind(9, sum.root_service)
      .execute("store");
}

result<kept> trace_database::write(std::span<const otlp::span> spans) {
  kept done;
  if (resources_.size() > most_known_resources) resources_.clear();
  auto ok = in_transaction([&]() -> result<void> {
    summaries sums;
    for (const auto& one : spans) {
      const auto added = add(one);
      if (!added) return tl::unexpected(added.error());
      ++(*added ? done.added : done.duplicates);
      if (*added) sum_up(one, sums);
    }
    for (const auto& [trace, sum] : sums) {
      if (auto merged = merge(trace, sum); !merged) return merged;
    }
    return {};
  });
  if (!ok) {
    resources_.clear();  // some of them may have been taken back
    (void)count_traces();
    return tl::unexpected(ok.error());
  }
  return done;
}

result<std::uint64_t> trace_database::remove_before(std::int64_t time_ns) {
  std::int64_t spans = 0;
  auto ok = in_transaction([&]() -> result<void> {
    statement count(db_, "SELECT coalesce(sum(spans), 0) FROM traces WHERE end < ?");
    if (count.bind(1, time_ns).step()) spans = count.integer(0);
    if (count.failed()) return tl::unexpected(count.trouble("store"));
    for (const char* order : {"DELETE FROM spans WHERE trace IN (SELECT trace FROM traces WHERE end < ?)",
                              "DELETE FROM traces WHERE end < ?"}) {
      statement remove(db_, order);
      if (auto done = remove.bind(1, time_ns).execute("store"); !done) return done;
    }
    return {};
  });
  if (!ok) return tl::unexpected(ok.error());
  return static_cast<std::uint64_t>(spans);
}

/// A small part of the traces.
result<std::uint64_t> trace_database::remove_oldest() {
  std::int64_t end = 0;
  {
    statement ask(db_, "SELECT end FROM traces ORDER BY end LIMIT 1 OFFSET (SELECT count(*) FROM traces) / 50");
    const bool some = ask.step();
    if (ask.failed()) return tl::unexpected(ask.trouble("store"));
    if (!some) return 0;
    end = ask.integer(0);
  }
  return remove_before(end + 1);
}

result<void> trace_database::remove_unused() {
  resources_.clear();
  auto ok = db_.run("DELETE FROM resources WHERE NOT EXISTS (SELECT 1 FROM spans WHERE spans.resource = resources.id)");
  if (!ok) return ok;
  return count_traces();
}

}  // namespace troupe::store
