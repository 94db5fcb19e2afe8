#include "actors/store/local/trace_reader.hpp"

#include <algorithm>
#include <utility>

#include "protocol/telemetry/hex.hpp"

namespace troupe::store {

namespace {

using telemetry::to_hex;

constexpr std::size_t most_spans = 20'000;
constexpr std::size_t most_trace_bytes = 32 << 20;

constexpr const char* columns = "trace, start, end, spans, errors, rooted, root_name, root_service";

found_trace sum_of(const statement& row) {
  return {to_hex(row.text(0)), row.integer(1),      row.integer(2),           row.integer(3),
          row.integer(4),      row.integer(5) != 0, std::string(row.text(6)), std::string(row.text(7))};
}

}  // namespace

result<std::unique_ptr<trace_reader>> trace_reader::open(const std::string& path) {
  auto made = std::make_unique<trace_reader>();
  if (auto ok = made->connect(path); !ok) return tl::unexpected(ok.error());
  return made;
}

result<trace_reader::page> trace_reader::list(const trace_question& which, std::size_t limit) {
  const snapshot held(*this);
  std::string sql = std::string("SELECT ") + columns +
                    " FROM traces t WHERE start BETWEEN ?1 AND ?2 AND end - start >= ?3 AND errors >= ?4";
  if (!which.service.empty() || !which.name.empty()) {
    sql +=
        " AND EXISTS (SELECT 1 FROM spans s JOIN resources r ON r.id = s.resource WHERE s.trace = t.trace AND "
        "(?5 = '' OR r.service = ?5) AND (?6 = '' OR instr(lower(s.name), lower(?6)) > 0))";
  }
  sql += " ORDER BY start DESC";
  statement ask(db_, sql.c_str());
  ask.bind(1, which.from_ns).bind(2, which.to_ns).bind(3, which.min_duration_ns);
  ask.bind(4, std::int64_t{which.only_errors});
  if (!which.service.empty() || !which.name.empty()) ask.bind(5, which.service).bind(6, which.name);
  page made;
  while (ask.step()) {
    if (made.traces.size() == limit) {
      made.truncated = true;
      break;
    }
    made.traces.push_back(sum_of(ask));
  }
  if (ask.failed()) return tl::unexpected(failed(ask));
  return made;
}

result<std::optional<trace_reader::whole>> trace_reader::trace(const std::string& id) {
  const snapshot held(*this);
  whole made;
  {
    statement ask(db_, (std::string("SELECT ") + columns + " FROM traces WHERE trace = ?").c_str());
    const bool there = ask.bind_blob(1, id).step();
    if (ask.failed()) return tl::unexpected(failed(ask));
    if (!there) return std::nullopt;
    made.sum = sum_of(ask);
  }
  statement ask(db_,
                "SELECT s.span, s.parent, s.start, s.duration, s.kind, s.status, r.service, s.name, s.detail, "
                "r.attributes FROM spans s LEFT JOIN resources r ON r.id = s.resource WHERE s.trace = ? "
                "ORDER BY s.start, s.id");
  ask.bind_blob(1, id);
  std::size_t bytes = 0;
  while (ask.step()) {
    bytes += ask.text(8).size() + ask.text(9).size();
    if (made.spans.size() == most_spans || (bytes > most_trace_bytes && !made.spans.empty())) {
      made.truncated = true;
      break;
    }
    const auto parent = ask.text(1);
    const bool begins = parent.find_first_not_of('\0') == std::string_view::npos;
    made.spans.push_back({to_hex(ask.text(0)), begins ? std::string() : to_hex(parent), ask.integer(2), ask.integer(3),
                          ask.integer(4), ask.integer(5), std::string(ask.text(6)), std::string(ask.text(7)),
                          std::string(ask.text(8)), std::string(ask.text(9))});
  }
  if (ask.failed()) return tl::unexpected(failed(ask));
  return made;
}

result<text_list> trace_reader::services() {
  return texts("SELECT DISTINCT service FROM resources ORDER BY service", "");
}

result<std::map<std::string, std::int64_t>> trace_reader::stats() {
  const snapshot held(*this);
  std::map<std::string, std::int64_t> all;
  for (const auto& [name, sql] : {std::pair{"traces", "SELECT count(*) FROM traces"},
                                  {"spans", "SELECT coalesce(sum(spans), 0) FROM traces"},
                                  {"oldest_trace_ms", "SELECT coalesce(min(start), 0) / 1000000 FROM traces"}}) {
    statement ask(db_, sql);
    if (ask.step()) all[name] = ask.integer(0);
    if (ask.failed()) return tl::unexpected(failed(ask));
  }
  return all;
}

}  // namespace troupe::store
