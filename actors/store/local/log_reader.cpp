#include "actors/store/local/log_reader.hpp"

#include "actors/store/local/label_json.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <cctype>
#include <queue>
#include <set>
#include <string_view>

namespace troupe::store {

namespace {

constexpr std::size_t most_streams = 100'000;
constexpr std::size_t most_page_bytes = 32 << 20;
constexpr std::size_t most_values = 50;  // of a histogram's label; the rest are one

bool names_a_trace(std::string_view key) {
  std::string plain;
  for (const char c : key) {
    if (c != '_' && c != '.' && c != '-') plain += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return plain.ends_with("traceid");
}

std::string in_upper(std::string text) {
  for (char& c : text)
    c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

/// `trace_id=ID`, `"traceID": "ID"` and the like. What stands before the id is a key, with quotes and blanks between.
bool mentions_trace(std::string_view line, std::string_view id) {
  const auto filler = [](char c) { return c == '"' || c == '\'' || c == '\\' || c == ' ' || c == '=' || c == ':'; };
  const auto in_key = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.' || c == '-';
  };
  for (auto at = line.find(id); at != std::string_view::npos; at = line.find(id, at + 1)) {
    if (at + id.size() < line.size() && std::isalnum(static_cast<unsigned char>(line[at + id.size()]))) continue;
    auto end = at;
    while (end > 0 && filler(line[end - 1]))
      --end;
    auto begin = end;
    while (begin > 0 && in_key(line[begin - 1]))
      --begin;
    if (end < at && names_a_trace(line.substr(begin, end - begin))) return true;
  }
  return false;
}

}  // namespace

struct line_filter::compiled {
  explicit compiled(const std::string& text) : regex(text, re2::RE2::Quiet) {}
  re2::RE2 regex;
};

result<void> line_filter::set_regex(const std::string& text) {
  auto made = std::make_shared<const compiled>(text);
  if (!made->regex.ok()) return failure("invalid regular expression \"" + text + "\": " + made->regex.error());
  regex_ = std::move(made);
  return {};
}

bool line_filter::matches(const log_entry& one, const telemetry::label_set& labels) const {
  if (!contains.empty() && one.line.find(contains) == std::string_view::npos) return false;
  if (!trace_id.empty() && !mentions_trace(one.line, trace_id) && !mentions_trace(one.line, in_upper(trace_id))) {
    const auto is_it = [&](const auto& label) {
      const auto& [name, value] = label;
      return (value == trace_id || value == in_upper(trace_id)) && names_a_trace(name);
    };
    const auto metadata = metadata_of(one.metadata);
    if (std::none_of(metadata.begin(), metadata.end(), is_it) && std::none_of(labels.begin(), labels.end(), is_it))
      return false;
  }
  return !regex_ || re2::RE2::PartialMatch({one.line.data(), one.line.size()}, regex_->regex);
}

result<std::unique_ptr<log_reader>> log_reader::open(const std::string& path) {
  auto made = std::make_unique<log_reader>();
  if (auto ok = made->connect(path); !ok) return tl::unexpected(ok.error());
  return made;
}

result<log_reader::streams_found> log_reader::find_streams(const selector* match) {
  // The database narrows by one condition that it has an index for; the rest is decided here.
  const matcher* const narrow = match ? match->indexed() : nullptr;
  statement ask(db_, narrow ? "SELECT s.id, s.labels FROM labels l JOIN streams s ON s.id = l.stream WHERE l.name = ? "
                              "AND l.value = ?"
                            : "SELECT id, labels FROM streams");
  if (narrow) ask.bind(1, narrow->name).bind(2, narrow->value);
  streams_found found;
  while (ask.step()) {
    auto labels = labels_of(ask.text(1));
    if (match && !match->matches(labels)) continue;
    if (found.size() == most_streams) return failure("more than 100000 streams match: ask for less");
    found.emplace(ask.integer(0), std::move(labels));
  }
  if (ask.failed()) return tl::unexpected(failed(ask));
  return found;
}

result<void> log_reader::each_chunk(const log_question& which, bool newest_first,
                                    const std::function<result<bool>(const chunk&)>& f) {
  statement ask(db_, newest_first ? "SELECT id, stream, first, last, count FROM chunks WHERE last >= ? AND first <= ? "
                                    "ORDER BY last DESC, id DESC"
                                  : "SELECT id, stream, first, last, count FROM chunks WHERE last >= ? AND first <= ? "
                                    "ORDER BY first, id");
  ask.bind(1, which.from_ns).bind(2, which.to_ns);
  while (ask.step()) {
    const auto more = f({ask.integer(0), ask.integer(1), ask.integer(2), ask.integer(3), ask.integer(4)});
    if (!more) return tl::unexpected(more.error());
    if (!*more) return {};
    if (late()) return failure(too_long);
  }
  if (ask.failed()) return tl::unexpected(failed(ask));
  return {};
}

result<void> log_reader::read(const chunk& one, const log_question& which, const telemetry::label_set& labels,
                              const std::function<void(const log_entry&)>& f) {
  statement ask(db_, "SELECT bytes, data FROM chunks WHERE id = ?");
  ask.bind(1, one.id);
  if (!ask.step()) return ask.failed() ? result<void>(tl::unexpected(failed(ask))) : result<void>();
  http::body room;
  std::vector<log_entry> entries;
  const auto bytes = std::min(static_cast<std::uint64_t>(ask.integer(0)), largest_chunk_bytes);
  if (!unpack(ask.text(1), bytes, room, entries)) return failure("a damaged chunk");
  for (const auto& entry : entries) {
    if (entry.time_ns < which.from_ns || entry.time_ns > which.to_ns) continue;
    if (which.lines.matches(entry, labels)) f(entry);
    if (late()) return failure(too_long);
  }
  return {};
}

result<log_reader::page> log_reader::entries(const log_question& which, std::size_t limit, bool newest_first) {
  const snapshot held(*this);
  const auto streams = find_streams(which.match);
  if (!streams) return tl::unexpected(streams.error());
  struct found {
    std::int64_t stream;
    std::uint64_t order;  // as it was found, so that lines of one time keep their order
    line what;
    std::size_t bytes;
  };
  // The one to go first is on top.
  const auto better = [&](const found& a, const found& b) {
    if (a.what.time_ns != b.what.time_ns) return newest_first == (a.what.time_ns > b.what.time_ns);
    return a.order < b.order;
  };
  std::vector<found> heap;
  std::size_t bytes = 0;
  std::uint64_t order = 0;
  page made;
  bool full = false;
  const auto take = [&](std::int64_t stream, const log_entry& one) {
    if (full && (newest_first ? one.time_ns <= heap.front().what.time_ns : one.time_ns >= heap.front().what.time_ns)) {
      made.truncated = true;
      return;
    }
    found next{stream, order++, {one.time_ns, std::string(one.line), {}}, one.line.size() + one.metadata.size()};
    for (const auto& [name, value] : metadata_of(one.metadata))
      next.what.metadata.emplace_back(name, value);
    bytes += next.bytes;
    heap.push_back(std::move(next));
    std::push_heap(heap.begin(), heap.end(), better);
    while (heap.size() > limit || (bytes > most_page_bytes && heap.size() > 1)) {
      std::pop_heap(heap.begin(), heap.end(), better);
      bytes -= heap.back().bytes;
      heap.pop_back();
      made.truncated = full = true;
    }
  };
  auto ok = each_chunk(which, newest_first, [&](const chunk& one) -> result<bool> {
    if ((full || heap.size() == limit) && !heap.empty()) {
      const auto worst = heap.front().what.time_ns;
      if (newest_first ? one.last < worst : one.first > worst) {
        made.truncated = made.truncated || streams->contains(one.stream);
        return false;
      }
    }
    const auto stream = streams->find(one.stream);
    if (stream == streams->end()) return true;
    const auto done = read(one, which, stream->second, [&](const log_entry& e) { take(one.stream, e); });
    if (!done) return tl::unexpected(done.error());
    return true;
  });
  if (!ok) return tl::unexpected(ok.error());
  std::sort(heap.begin(), heap.end(), better);
  std::map<telemetry::label_set::container, std::vector<line>> by_stream;
  for (auto& one : heap)
    by_stream[streams->at(one.stream).items()].push_back(std::move(one.what));
  for (auto& [labels, lines] : by_stream)
    made.streams.push_back({telemetry::label_set(labels), std::move(lines)});
  return made;
}

result<log_reader::counts> log_reader::histogram(const log_question& which, std::int64_t step_ns,
                                                 const std::string& by) {
  const snapshot held(*this);
  const auto streams = find_streams(which.match);
  if (!streams) return tl::unexpected(streams.error());
  const auto steps = static_cast<std::size_t>((which.to_ns - which.from_ns) / step_ns + 1);
  const auto step_of = [&](std::int64_t time_ns) {
    return static_cast<std::size_t>((time_ns - which.from_ns) / step_ns);
  };
  counts all;
  if (by.empty()) all.try_emplace("", steps);
  auto ok = each_chunk(which, true, [&](const chunk& one) -> result<bool> {
    const auto stream = streams->find(one.stream);
    if (stream == streams->end()) return true;
    std::string value(by.empty() ? std::string_view() : stream->second.get(by));
    if (!all.contains(value) && all.size() >= most_values) value = "(others)";
    auto& numbers = all.try_emplace(value, steps).first->second;
    const bool inside = one.first >= which.from_ns && one.last <= which.to_ns;
    if (which.lines.any() && inside && step_of(one.first) == step_of(one.last)) {
      numbers[step_of(one.first)] += static_cast<std::uint64_t>(one.count);
      return true;
    }
    const auto done = read(one, which, stream->second, [&](const log_entry& e) { ++numbers[step_of(e.time_ns)]; });
    if (!done) return tl::unexpected(done.error());
    return true;
  });
  if (!ok) return tl::unexpected(ok.error());
  return all;
}

result<log_reader::label_list> log_reader::series(const log_question& which, std::size_t limit) {
  const snapshot held(*this);
  const auto streams = find_streams(which.match);
  if (!streams) return tl::unexpected(streams.error());
  label_list list;
  statement ask(db_, "SELECT 1 FROM chunks WHERE stream = ? AND last >= ? AND first <= ? LIMIT 1");
  for (const auto& [id, labels] : *streams) {
    ask.bind(1, id).bind(2, which.from_ns).bind(3, which.to_ns);
    const bool some = ask.step();
    if (ask.failed()) return tl::unexpected(failed(ask));
    ask.reset();
    if (some) list.all.push_back(labels);
    if (late()) return failure(too_long);
  }
  std::sort(list.all.begin(), list.all.end(), [](const auto& a, const auto& b) { return a.items() < b.items(); });
  list.truncated = list.all.size() > limit;
  if (list.truncated) list.all.resize(limit);
  return list;
}

result<text_list> log_reader::label_names(const log_question* which) {
  if (!which) return texts("SELECT DISTINCT name FROM labels ORDER BY name", "");
  const auto found = series(*which, most_streams);
  if (!found) return tl::unexpected(found.error());
  std::set<std::string> names;
  for (const auto& labels : found->all) {
    for (const auto& label : labels)
      names.insert(label.first);
  }
  return first_of(names, most_texts);
}

result<text_list> log_reader::label_values(const log_question* which, const std::string& name) {
  if (!which) return texts("SELECT DISTINCT value FROM labels WHERE name = ? ORDER BY value", name);
  const auto found = series(*which, most_streams);
  if (!found) return tl::unexpected(found.error());
  std::set<std::string> values;
  for (const auto& labels : found->all) {
    if (const auto value = labels.get(name); !value.empty()) values.emplace(value);
  }
  return first_of(values, most_texts);
}

result<std::map<std::string, std::int64_t>> log_reader::stats() {
  const snapshot held(*this);
  std::map<std::string, std::int64_t> all;
  for (const auto& [name, sql] : {std::pair{"streams", "SELECT count(*) FROM streams"},
                                  {"log_chunks", "SELECT count(*) FROM chunks"},
                                  {"entries", "SELECT coalesce(sum(count), 0) FROM chunks"},
                                  {"oldest_entry_ms", "SELECT coalesce(min(first), 0) / 1000000 FROM chunks"}}) {
    statement ask(db_, sql);
    if (ask.step()) all[name] = ask.integer(0);
    if (ask.failed()) return tl::unexpected(failed(ask));
  }
  return all;
}

}  // namespace troupe::store
