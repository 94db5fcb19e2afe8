#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <vector>

#include "protocol/exposition/page.hpp"
#include "protocol/telemetry/block.hpp"

using namespace troupe;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

bool same_bits(const std::vector<double>& a, const std::vector<double>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0);
}

}  // namespace

// The first byte chooses the format; the rest is a page. What parses must match its own layout, unless a value stands
// right after a name, and each half of the page that matches must parse alike.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto kind = (data[0] & 1) != 0 ? exposition::format::open_metrics : exposition::format::prometheus_text;
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto page = exposition::parse_page(body, kind);
  if (!page) {
    require(!page.error().message.empty());
    return 0;
  }
  bool separated = true;
  for (const auto& chunk : page->layout->chunks) {
    for (std::size_t i = 0; i < chunk->size(); ++i) {
      const char last = chunk->text(i).back();
      separated = separated && (last == ' ' || last == '\t' || last == '}');
    }
  }
  exposition::page_values values;
  require(exposition::match(*page->layout, body, values) == separated);
  if (separated) {
    require(same_bits(values.values, page->values.values) && values.timestamps_ms == page->values.timestamps_ms &&
            values.exemplars.size() == page->values.exemplars.size());
  }
  const std::string_view half = body.substr(0, body.size() / 2);
  if (exposition::match(*page->layout, half, values)) {
    const auto again = exposition::parse_page(half, kind);
    require(again && same_bits(again->values.values, values.values) && again->layout->chunks == page->layout->chunks);
  }
  const telemetry::series_block block(page->layout->chunks, telemetry::label_set{{"job", "j"}});
  std::size_t seen = 0;
  block.for_each([&](std::size_t, const telemetry::label_buffer& labels, const telemetry::metric_family&) {
    require(!labels.get("__name__").empty());
    ++seen;
  });
  require(seen == page->layout->lines);
  return 0;
}
