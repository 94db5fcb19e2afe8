#include "actors/runtime/own_metrics.hpp"

#include <atomic>
#include <cmath>
#include <stdexcept>
#include <thread>

#include "actors/runtime/process_metrics.hpp"
#include "protocol/telemetry/series_text.hpp"
#include "tests/catch.hpp"

using namespace troupe;
using namespace troupe::runtime;
using exposition::format;

namespace {

struct read_page {
  std::map<std::string, double> values;                 ///< by series, labels sorted
  std::map<std::string, telemetry::metric_type> types;  ///< by family
  std::vector<std::string> families;                    ///< in page order
  std::size_t lines = 0;
};

/// Reads the page back as a scraper would.
read_page read(const own_metrics& from, format kind = format::prometheus_text) {
  const std::string text = from.page(kind);
  INFO(text);
  auto parsed = exposition::parse_page(text, kind);
  if (!parsed) FAIL(parsed.error().message);
  read_page out;
  std::size_t line = 0;
  telemetry::label_buffer labels;
  for (const auto& chunk : parsed->layout->chunks) {
    for (std::size_t i = 0; i < chunk->size(); ++i, ++line) {
      const auto& family = chunk->family(i);
      REQUIRE(telemetry::parse_series_text(chunk->text(i), telemetry::metric_type::unknown, labels));
      const auto set = labels.to_set();
      out.values[set.to_text()] = parsed->values.values[line];
      if (out.families.empty() || out.families.back() != family.name) out.families.push_back(family.name);
      out.types[family.name] = family.type;
    }
  }
  out.lines = line;
  CHECK(out.values.size() == out.lines);  // no series twice
  return out;
}

std::string series(std::string_view name, label_set labels) {
  labels.set("__name__", name);
  return labels.to_text();
}
label_set of(std::string_view id, label_set more = {}) {
  more.set("component_id", id), more.set("component_path", "/");
  return more;
}

}  // namespace

TEST_CASE("families of the same name from several components are one", "[own_metrics]") {
  own_metrics metrics;
  const auto a = metrics.component("x.a"), b = metrics.component("x.b", "/module.m");
  a->counter("samples_total", "Samples.", {{"url", "http://1"}}).add(3);
  a->counter("samples_total", "Samples.", {{"url", "http://2"}}).add(4);
  b->counter("samples_total", "Samples.").add();
  b->gauge("level", "Level.").set(-1.5);
  const auto kind = GENERATE(format::prometheus_text, format::open_metrics);
  const std::string text = metrics.page(kind);
  const std::string type = kind == format::open_metrics ? "# TYPE samples counter\n" : "# TYPE samples_total counter\n";
  CHECK(text.find(type) != std::string::npos);
  CHECK(text.find(type) == text.rfind(type));
  const auto page = read(metrics, kind);
  CHECK(page.values.at(series("samples_total", of("x.a", {{"url", "http://1"}}))) == 3);
  CHECK(page.values.at(series("samples_total", of("x.a", {{"url", "http://2"}}))) == 4);
  CHECK(page.values.at(series("samples_total", {{"component_id", "x.b"}, {"component_path", "/module.m"}})) == 1);
  CHECK(page.values.at(series("level", {{"component_id", "x.b"}, {"component_path", "/module.m"}})) == -1.5);
  CHECK(std::is_sorted(page.families.begin(), page.families.end()));
}

TEST_CASE("a counter without the suffix is unknown to OpenMetrics", "[own_metrics]") {
  own_metrics metrics;
  const auto keep = metrics.process();
  keep->counter("alloy_prometheus_relabel_metrics_processed", "Processed.").add(2);
  CHECK(read(metrics, format::open_metrics).types.at("alloy_prometheus_relabel_metrics_processed") ==
        telemetry::metric_type::unknown);
  CHECK(read(metrics).types.at("alloy_prometheus_relabel_metrics_processed") == telemetry::metric_type::counter);
}

TEST_CASE("the same name and labels are the same instrument", "[own_metrics]") {
  own_metrics metrics;
  const auto a = metrics.component("x.a");
  counter& one = a->counter("n_total", "N.", {{"k", "v"}});
  CHECK(&one == &a->counter("n_total", "Another help.", {{"k", "v"}}));
  CHECK(&one != &a->counter("n_total", "N."));
  CHECK(metrics.component("x.a") == a);
  one.add(2), one.add(-5);
  CHECK(one.value() == 2);
}

TEST_CASE("series vanish with their component, or when they are removed", "[own_metrics]") {
  own_metrics metrics;
  auto a = metrics.component("x.a");
  const auto b = metrics.component("x.b");
  a->counter("n_total", "N.");
  a->counter("n_total", "N.", {{"k", "v"}});
  b->counter("n_total", "N.");
  a->remove("n_total", {{"k", "v"}});
  a->remove("never_was");
  CHECK(read(metrics).values.contains(series("n_total", of("x.a"))));
  CHECK_FALSE(read(metrics).values.contains(series("n_total", of("x.a", {{"k", "v"}}))));
  a.reset();
  const auto page = read(metrics);
  CHECK_FALSE(page.values.contains(series("n_total", of("x.a"))));
  CHECK(page.values.contains(series("n_total", of("x.b"))));
  metrics.component("x.a")->counter("n_total", "N.");
}

TEST_CASE("a name has one type as long as anybody uses it", "[own_metrics]") {
  own_metrics metrics;
  auto a = metrics.component("x.a");
  const auto b = metrics.component("x.b");
  a->counter("n", "N.");
  CHECK_THROWS_AS(b->gauge("n", "N."), std::invalid_argument);
  CHECK_THROWS_AS(a->histogram("n", "N.", {1}), std::invalid_argument);
  CHECK_THROWS_AS(b->counter("", "N."), std::invalid_argument);
  CHECK_THROWS_AS(b->counter("a b", "N."), std::invalid_argument);
  CHECK_THROWS_AS(b->histogram("h", "H.", {1, 1}), std::invalid_argument);
  a.reset();
  b->gauge("n", "N.").set(1);
  CHECK(read(metrics).types.at("n") == telemetry::metric_type::gauge);
}

TEST_CASE("histograms have cumulative buckets", "[own_metrics]") {
  own_metrics metrics;
  const auto a = metrics.component("x.a");
  histogram& h = a->histogram("took_seconds", "Took.", {0.005, 1, 10}, {{"k", "v"}});
  for (const double value : {0.001, 0.5, 0.7, 60.0})
    h.observe(value);
  const auto kind = GENERATE(format::prometheus_text, format::open_metrics);
  const auto page = read(metrics, kind);
  const bool strict = kind == format::open_metrics;
  const auto bucket = [&](std::string_view le) {
    label_set labels = of("x.a", {{"k", "v"}});
    labels.set("le", le);
    return page.values.at(series("took_seconds_bucket", labels));
  };
  CHECK(bucket("0.005") == 1);
  CHECK(bucket(strict ? "1.0" : "1") == 3);
  CHECK(bucket(strict ? "10.0" : "10") == 3);
  CHECK(bucket("+Inf") == 4);
  CHECK(page.values.at(series("took_seconds_count", of("x.a", {{"k", "v"}}))) == 4);
  CHECK(page.values.at(series("took_seconds_sum", of("x.a", {{"k", "v"}}))) == Approx(61.201));
  CHECK(page.types.at("took_seconds") == telemetry::metric_type::histogram);
}

TEST_CASE("many observations at once count as each by itself", "[own_metrics]") {
  own_metrics all;
  const auto one = all.component("one"), many = all.component("many");
  const std::vector<double> values{0.005, 0.0051, 1, 2, 10, 11, -1};
  for (const double value : values)
    one->histogram("took_seconds", "Took.", {0.005, 1, 10}).observe(value);
  many->histogram("took_seconds", "Took.", {0.005, 1, 10}).observe_all(values);
  const auto page = read(all);
  std::map<std::string, double> of_one, of_many;
  for (const auto& [series, value] : page.values) {
    for (auto [id, into] : {std::pair{"one", &of_one}, std::pair{"many", &of_many}}) {
      const auto at = series.find(std::string("\"") + id + "\"");
      if (at != std::string::npos) (*into)[std::string(series).erase(at, std::string(id).size() + 2)] = value;
    }
  }
  CHECK(of_one.size() == 6);
  CHECK(of_one == of_many);
}

TEST_CASE("summaries have quantiles", "[own_metrics]") {
  own_metrics metrics;
  const auto a = metrics.component("x.a");
  summary& s = a->summary("interval_seconds", "Interval.", {{0.5, 0.05}, {0.99, 0.001}});
  for (int i = 1; i <= 100; ++i)
    s.observe(i);
  const auto page = read(metrics);
  const double median = page.values.at(series("interval_seconds", of("x.a", {{"quantile", "0.5"}})));
  CHECK(median >= 45);
  CHECK(median <= 55);
  CHECK(page.values.at(series("interval_seconds_sum", of("x.a"))) == 5050);
  CHECK(page.values.at(series("interval_seconds_count", of("x.a"))) == 100);
  CHECK(page.types.at("interval_seconds") == telemetry::metric_type::summary);
}

TEST_CASE("collectors are asked for each page, as long as they are kept", "[own_metrics]") {
  own_metrics metrics;
  const auto a = metrics.component("x.a");
  double dropped = 1;
  auto kept = a->collect("dropped_total", metric_type::counter, "Dropped.", [&] {
    return std::vector<measured>{{{{"reason", "old"}}, dropped}, {{{"reason", "big"}}, 7}};
  });
  const std::string old = series("dropped_total", of("x.a", {{"reason", "old"}}));
  CHECK(read(metrics).values.at(old) == 1);
  dropped = 2;
  CHECK(read(metrics).values.at(old) == 2);
  CHECK(read(metrics).values.at(series("dropped_total", of("x.a", {{"reason", "big"}}))) == 7);

  SECTION("of two with the same series the later one counts") {
    const auto newer = a->collect("dropped_total", metric_type::counter, "Dropped.", [] {
      return std::vector<measured>{{{{"reason", "old"}}, 9}};
    });
    CHECK(read(metrics).values.at(old) == 9);
  }
  SECTION("one that throws is absent, and counted") {
    const auto bad = a->collect("bad", metric_type::gauge, "Bad.",
                                []() -> std::vector<measured> { throw std::runtime_error("no"); });
    const auto page = read(metrics);
    CHECK_FALSE(page.types.contains("bad"));
    CHECK(page.values.at(old) == 2);
    CHECK(page.values.at(series("troupe_metrics_readers_failed_total", {})) == 1);
  }
  SECTION("they end with what keeps them") {
    kept = collection();
    CHECK_FALSE(read(metrics).values.contains(old));
    // The name is free again.
    a->gauge("dropped_total", "G.");
  }
  SECTION("or with the component") {
    auto b = metrics.component("x.b");
    const auto of_b = b->collect("b", metric_type::gauge, "B.", [] { return std::vector<measured>{{{}, 1}}; });
    CHECK(read(metrics).types.contains("b"));
    b.reset();
    CHECK_FALSE(read(metrics).types.contains("b"));
  }
  CHECK_THROWS_AS(a->collect("h", metric_type::histogram, "H.", [] { return std::vector<measured>(); }),
                  std::invalid_argument);
}

TEST_CASE("texts from outside do not break the page", "[own_metrics]") {
  own_metrics metrics;
  const auto a = metrics.component("x.\"a\\\n");
  a->gauge("g", "Help with \\ and\na line.", {{"k", "a\"b\\c\nd"}}).set(std::nan(""));
  const auto kind = GENERATE(format::prometheus_text, format::open_metrics);
  const auto page = read(metrics, kind);
  CHECK(page.values.contains(series("g", of("x.\"a\\\n", {{"k", "a\"b\\c\nd"}}))));
}

TEST_CASE("pages are written while components count, come and go", "[own_metrics]") {
  own_metrics metrics;
  const auto steady = metrics.component("x.steady");
  counter& n = steady->counter("n_total", "N.");
  std::atomic<bool> over{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 300; ++i) {
        n.add();
        const auto mine = metrics.component("x." + std::to_string(t));
        mine->counter("n_total", "N.").add();
        mine->histogram("h", "H.", {1, 2}).observe(1);
        auto value = std::make_unique<double>(i);
        const auto kept = mine->collect("v", metric_type::gauge, "V.", [&value] {
          return std::vector<measured>{{{}, *value}};
        });
      }
    });
  }
  std::thread reader([&] {
    do {
      if (!exposition::parse_page(metrics.page(format::open_metrics), format::open_metrics)) std::abort();
    } while (!over);
  });
  for (auto& one : threads)
    one.join();
  over = true;
  reader.join();
  CHECK(read(metrics).values.at(series("n_total", of("x.steady"))) == 600);
}
