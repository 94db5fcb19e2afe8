#include <cstring>
#include <string>

#include "protocol/exposition/page.hpp"
#include "tests/catch.hpp"
#include "tests/unit/exposition/pages.hpp"

using namespace troupe;
using exposition::format;
using exposition::match;
using exposition::page_values;
using exposition::parse_page;

namespace {

bool same_bits(const std::vector<double>& a, const std::vector<double>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0);
}

bool same(const page_values& a, const page_values& b) {
  if (!same_bits(a.values, b.values) || a.timestamps_ms != b.timestamps_ms) return false;
  if (a.exemplars.size() != b.exemplars.size()) return false;
  for (std::size_t i = 0; i < a.exemplars.size(); ++i) {
    const auto &x = a.exemplars[i], &y = b.exemplars[i];
    if (x.series != y.series || x.labels != y.labels || x.timestamp_ms != y.timestamp_ms) return false;
    if (!same_bits({x.value}, {y.value})) return false;
  }
  return true;
}

/// If `body` matches, the full parser must accept it, give the same values, and the same chunks.
bool agrees(const exposition::page_layout& layout, const std::string& body, page_values& out) {
  if (!match(layout, body, out)) return true;
  const auto parsed = parse_page(body, layout.kind);
  return parsed && same(parsed->values, out) && parsed->layout->chunks == layout.chunks;
}

}  // namespace

TEST_CASE("a page matches its own layout, and the next scrape of it does, too") {
  page_values out;
  for (const format kind : {format::prometheus_text, format::open_metrics}) {
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
      page_maker maker{std::mt19937_64(seed), kind};
      const std::string body = maker.page(1 + seed % 40);
      INFO("seed " << seed << "\n" << body);
      const auto parsed = parse_page(body, kind);
      REQUIRE(parsed);
      REQUIRE(match(*parsed->layout, body, out));
      REQUIRE(same(out, parsed->values));
      const std::string next = next_scrape(body, maker);
      REQUIRE(match(*parsed->layout, next, out));
      REQUIRE(agrees(*parsed->layout, next, out));
    }
  }
}

TEST_CASE("a changed byte either does not match or is what the parser says it is") {
  static constexpr char bytes[] = {'\0', '\n', ' ', '\t', '"', '\\', '{', '}', ',', '=',    '#',
                                   '0',  '9',  'a', 'e',  '.', '-',  '+', 'I', '_', '\xff', '\xc3'};
  page_values out;
  std::size_t matched = 0;
  for (const format kind : {format::prometheus_text, format::open_metrics}) {
    for (std::uint64_t seed = 0; seed < 25; ++seed) {
      page_maker maker{std::mt19937_64(seed), kind};
      const std::string body = maker.page(4);
      const auto parsed = parse_page(body, kind);
      REQUIRE(parsed);
      for (std::size_t i = 0; i < body.size(); ++i) {
        for (const char byte : bytes) {
          std::string changed = body;
          changed[i] = byte;
          std::string inserted = body;
          inserted.insert(i, 1, byte);
          for (const auto& mutant : {changed, inserted}) {
            INFO("seed " << seed << " at " << i << "\n" << mutant);
            REQUIRE(agrees(*parsed->layout, mutant, out));
            matched += match(*parsed->layout, mutant, out) ? 1 : 0;
          }
        }
        REQUIRE(agrees(*parsed->layout, body.substr(0, i), out));
      }
    }
  }
  CHECK(matched > 1000);
}

TEST_CASE("what must not match") {
  struct row {
    const char* page;
    const char* next;
    bool matches;
  };
  const row table[] = {
      {"a 1\n", "a 2\n", true},
      {"a 1\n", "a 2", true},
      {"a 1\n", "a 2 17\n", true},
      {"a 1\n", "a 2 \t\n", true},
      {"a 1\n", "a 2\n\n", false},
      {"a 1\n", "a  2\n", false},
      {"a 1\n", "b 2\n", false},
      {"a 1\n", "a x\n", false},
      {"a 1\n", "a 2\nb 3\n", false},
      {"a 1\nb 1\n", "a 2\n", false},
      {"a 1\nb 1\n", "", false},
      {"", "", true},
      {"", "a 1\n", false},
      {"# x\na 1\n", "# y\na 1\n", false},
      {"a 1\n# x\n", "a 1\n# y\n", false},
      {"a 1\n# x\n", "a 2\n# x\n", true},
      {"a 1\n# x\n", "a 2", false},
      // Here the value begins right after the name: another digit would be part of the name.
      {"a+1\n", "a+2\n", false},
      {"a+1\n", "a1 5\n", false},
  };
  for (const auto& [page, next, matches] : table) {
    INFO(page << "-> " << next);
    const auto parsed = parse_page(page, format::prometheus_text);
    REQUIRE(parsed);
    page_values out;
    CHECK(match(*parsed->layout, next, out) == matches);
  }
}

TEST_CASE("columns are reused, also when one scrape had timestamps and the next has none") {
  const auto parsed = parse_page("a 1\nb 1\n", format::prometheus_text);
  REQUIRE(parsed);
  page_values out;
  REQUIRE(match(*parsed->layout, "a 1\nb 2 5\n", out));
  CHECK(out.timestamps_ms == std::vector<std::int64_t>{telemetry::metrics_batch::no_timestamp, 5});
  const double* const before = out.values.data();
  REQUIRE(match(*parsed->layout, "a 3\nb 4\n", out));
  CHECK(out.timestamps_ms.empty());
  CHECK(out.values == std::vector<double>{3, 4});
  CHECK(out.values.data() == before);
}

TEST_CASE("equal pages share their chunks") {
  page_maker maker{std::mt19937_64(5), format::prometheus_text};
  const std::string body = maker.page(200);
  const auto a = parse_page(body, format::prometheus_text);
  const auto b = parse_page(next_scrape(body, maker), format::prometheus_text);
  REQUIRE(a);
  REQUIRE(b);
  CHECK(a->layout->chunks == b->layout->chunks);
}
