#include "actors/store/local/storage.hpp"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

#include "actors/store/local/api_parameters.hpp"
#include "actors/store/local/log_api.hpp"
#include "actors/store/local/trace_api.hpp"
#include "protocol/otlp/span.hpp"

namespace troupe::store {

namespace {

/// A chunk of fewer samples costs more for its row than for them.
constexpr std::int64_t chunk_rows = 120;
constexpr std::int64_t longest_recent_ms = 30 * 60'000;
constexpr std::uint64_t most_recent_bytes = std::uint64_t{128} << 20;
/// The youngest rows stay as they are: a query for the last minute is asked most.
constexpr std::int64_t youngest_ms = 60'000;
constexpr std::int64_t ns_per_ms = 1'000'000;

/// `into` and `queries` are two ends of one file.
template <class Database, class Reader>
result<void> open_both(const std::string& path, bool aside, std::vector<std::string>& notes,
                       std::unique_ptr<Database>& into, std::unique_ptr<Reader>& queries) {
  std::string note;
  if (aside) {
    store_file::set_aside(path);
    note = path + " is damaged; kept as " + path + ".damaged, a new one is begun";
  }
  auto opened = Database::open(path, note);
  if (!note.empty()) notes.push_back(std::move(note));
  if (!opened) return tl::unexpected(opened.error());
  into = std::move(*opened);
  auto reading = Reader::open(path);
  if (!reading) return tl::unexpected(reading.error());
  queries = std::move(*reading);
  return {};
}

template <class Database>
result<void> keep_bounds(Database& of, const retention& bounds, std::int64_t now_ms, removed& gone) {
  const auto done = of.retain(bounds, now_ms);
  if (!done) return tl::unexpected(done.error());
  gone = *done;
  return {};
}

}  // namespace

result<std::unique_ptr<storage>> storage::open(const std::filesystem::path& directory, const of_each<bool>& aside,
                                               std::vector<std::string>& notes) {
  auto lock = directory_lock::take(directory);
  if (!lock) return failure(lock.error().why);
  std::unique_ptr<storage> made(new storage);
  made->lock_ = std::move(*lock);
  const auto path = [&](const char* name) { return (directory / name).string(); };
  auto ok = open_both(path("store.db"), aside[0], notes, made->metrics_, made->metrics_queries_);
  if (ok) ok = open_both(path("logs.db"), aside[1], notes, made->logs_, made->log_queries_);
  if (ok) ok = open_both(path("traces.db"), aside[2], notes, made->traces_, made->trace_queries_);
  if (!ok) return tl::unexpected(ok.error());
  return made;
}

of_each<stored> storage::write(const load& all) {
  of_each<stored> done;
  if (!all.metrics.empty()) {
    done[0].how = metrics_->write(all.metrics);
    for (const auto& one : all.metrics)
      done[0].items.added += one->items();
  }
  if (!all.logs.empty()) {
    const auto logs = logs_->write(all.logs);
    if (logs) {
      done[1].items = *logs;
    } else {
      done[1].how = tl::unexpected(logs.error());
    }
  }
  if (!all.traces.empty()) done[2] = write_traces(all.traces);
  return done;
}

stored storage::write_traces(const std::vector<telemetry::otlp_ref>& batches) {
  stored done;
  done.undecodable.resize(batches.size());
  std::vector<otlp::span> spans;
  for (std::size_t i = 0; i < batches.size(); ++i) {
    auto decoded = otlp::decode_traces(batches[i]->message);
    if (!decoded) {
      done.undecodable[i] = true;
      if (done.why_undecodable.empty()) done.why_undecodable = decoded.error().message;
      continue;
    }
    std::move(decoded->begin(), decoded->end(), std::back_inserter(spans));
  }
  const auto written = traces_->write(spans);
  if (written) {
    done.items = *written;
  } else {
    done.how = tl::unexpected(written.error());
  }
  return done;
}

storage::maintained storage::maintain(const of_each<retention>& bounds, std::int64_t now_ms) {
  maintained done;
  const auto old_ms = now_ms - youngest_ms;
  done.how[0] = metrics_->compact({old_ms, chunk_rows, longest_recent_ms, most_recent_bytes});
  if (done.how[0]) done.how[0] = keep_bounds(*metrics_, bounds[0], now_ms, done.gone[0]);
  done.how[1] = logs_->compact({old_ms * ns_per_ms, chunk_rows, longest_recent_ms * ns_per_ms});
  if (done.how[1]) done.how[1] = keep_bounds(*logs_, bounds[1], now_ms, done.gone[1]);
  done.how[2] = keep_bounds(*traces_, bounds[2], now_ms, done.gone[2]);
  return done;
}

answer storage::ask(const std::string& path, const http::server_request& request, std::int64_t now_ms) {
  const auto question = with_form(request);
  if (!question) return failed(400, question.error().message);
  const auto below = [&](const std::string& name) { return path == name || path.starts_with(name + "/"); };
  const auto rest = [&](std::size_t name) { return path.size() > name ? path.substr(name + 1) : std::string(); };
  if (below("logs")) return ask_logs(*log_queries_, rest(4), *question, now_ms);
  if (below("traces")) return ask_traces(*trace_queries_, rest(6), *question, now_ms);
  if (path != "stats") return store::ask(*metrics_queries_, path, *question, now_ms);
  if (auto ok = takes(*question, "stats", {}); !ok) return failed(400, ok.error().message);
  auto all = metrics_queries_->stats();
  if (!all) return failed(503, all.error().message);
  const auto logs = log_queries_->stats();
  if (!logs) return failed(503, logs.error().message);
  const auto traces = trace_queries_->stats();
  if (!traces) return failed(503, traces.error().message);
  all->insert(logs->begin(), logs->end());
  all->insert(traces->begin(), traces->end());
  return {200, dump(*all)};
}

of_each<bool> storage::damaged_for_writing() const {
  return {metrics_->damaged(), logs_->damaged(), traces_->damaged()};
}
of_each<bool> storage::damaged_for_asking() const {
  return {metrics_queries_->damaged(), log_queries_->damaged(), trace_queries_->damaged()};
}
of_each<std::uint64_t> storage::bytes() {
  return {metrics_->bytes(), logs_->bytes(), traces_->bytes()};
}
of_each<std::int64_t> storage::groups() const {
  return {metrics_->series(), logs_->streams(), traces_->traces()};
}

}  // namespace troupe::store
