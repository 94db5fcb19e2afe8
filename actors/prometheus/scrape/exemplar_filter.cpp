#include "actors/prometheus/scrape/exemplar_filter.hpp"

#include <xxhash.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "protocol/telemetry/series_text.hpp"

namespace troupe::prometheus {

namespace {

/// Of names and values together (OpenMetrics 1.0, "Exemplars").
constexpr std::size_t most_characters = 128;

/// Of valid UTF-8: bytes that begin a code point.
std::size_t characters_in(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

/// The text of these labels without those that have no value; empty: they break a rule.
std::string valid_labels(const std::string& text) {
  telemetry::label_buffer all;
  if (!telemetry::parse_labels_text(text, all)) return {};
  auto& labels = all.labels();
  std::erase_if(labels, [](const auto& one) { return one.value.empty(); });
  all.sort();
  std::size_t characters = 0;
  for (const auto& one : labels)
    characters += characters_in(one.name) + characters_in(one.value);
  const bool twice = std::adjacent_find(labels.begin(), labels.end(),
                                        [](const auto& a, const auto& b) { return a.name == b.name; }) != labels.end();
  if (twice || characters > most_characters) return {};
  std::string made;
  telemetry::append_series_text(labels, made);
  return made.empty() ? "{}" : made;
}

}  // namespace

exemplar_filter::verdict exemplar_filter::judge(telemetry::exemplar& one) {
  struct {
    double value;
    std::int64_t timestamp_ms;
  } const numbers{one.value, one.timestamp_ms};
  const auto labels = XXH3_64bits(one.labels.data(), one.labels.size());
  const auto content = XXH3_64bits_withSeed(&numbers, sizeof numbers, labels);
  auto [known, fresh] = last_.try_emplace(one.series);
  if (!fresh && known->second.content == content) return verdict::repeated;
  if (one.timestamp_ms < known->second.timestamp_ms && one.timestamp_ms != telemetry::metrics_batch::no_timestamp)
    return verdict::out_of_order;
  auto valid = valid_labels(one.labels);
  if (valid.empty()) return verdict::invalid;
  known->second = {content, std::max(known->second.timestamp_ms, one.timestamp_ms)};
  one.labels = std::move(valid);
  return verdict::passes;
}

void exemplar_filter::renumber(const telemetry::series_block& before, const telemetry::series_block& now) {
  if (last_.empty()) return;
  std::unordered_map<std::uint64_t, seen> by_labels;
  before.for_each([&](std::size_t series, const telemetry::label_buffer& labels, const auto&) {
    if (const auto at = last_.find(static_cast<std::uint32_t>(series)); at != last_.end())
      by_labels.emplace(labels.hash(), at->second);
  });
  last_.clear();
  now.for_each([&](std::size_t series, const telemetry::label_buffer& labels, const auto&) {
    if (const auto at = by_labels.find(labels.hash()); at != by_labels.end())
      last_.emplace(static_cast<std::uint32_t>(series), at->second);
  });
}

}  // namespace troupe::prometheus
