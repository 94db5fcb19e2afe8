#include "actors/prometheus/scrape/page_series.hpp"

#include <map>

#include "tests/catch.hpp"

using namespace troupe;
using namespace troupe::prometheus;
using exposition::format;

namespace {

/// Labels as text -> value, of all batches in order; of a series that comes twice the last.
std::map<std::string, double> samples(const page_outcome& of) {
  std::map<std::string, double> all;
  for (const auto& batch : of.batches) {
    batch->block->for_each([&](std::size_t i, const telemetry::label_buffer& labels, const auto&) {
      all[labels.to_set().to_text()] = batch->values[i];
    });
  }
  return all;
}

struct fixture {
  telemetry::label_set labels{{"instance", "a:1"}, {"job", "j"}};
  page_rules rules;
  page_scratch scratch;
  std::unique_ptr<page_series> series = std::make_unique<page_series>(labels, rules);
  std::int64_t now = 1'700'000'000'000;

  void restart() { series = std::make_unique<page_series>(labels, rules); }
  page_outcome page(std::string_view body, format kind = format::prometheus_text) {
    now += 1000;
    return series->page(body, kind, now, {0.25, 10, static_cast<double>(body.size())}, scratch);
  }
  page_outcome fail(std::string why = "refused") {
    now += 1000;
    return series->failed(std::move(why), now, {0.5, 10, 0});
  }
};

std::string named(const std::string& name, const std::string& more = "") {
  return "{__name__=\"" + name + "\", " + more + "instance=\"a:1\", job=\"j\"}";
}

}  // namespace

TEST_CASE_METHOD(fixture, "a page becomes one batch with the target's labels and the synthetic series") {
  const auto out = page("# TYPE a counter\na{x=\"1\"} 1\na{x=\"2\"} 2\nb 3\n");
  CHECK(out.error.empty());
  REQUIRE(out.batches.size() == 1);
  CHECK(out.batches[0]->timestamp_ms == now);
  const std::map<std::string, double> expected{{"{__name__=\"a\", instance=\"a:1\", job=\"j\", x=\"1\"}", 1},
                                               {"{__name__=\"a\", instance=\"a:1\", job=\"j\", x=\"2\"}", 2},
                                               {named("b"), 3},
                                               {named("up"), 1},
                                               {named("scrape_duration_seconds"), 0.25},
                                               {named("scrape_samples_scraped"), 3},
                                               {named("scrape_samples_post_metric_relabeling"), 3},
                                               {named("scrape_series_added"), 3}};
  CHECK(samples(out) == expected);
}

TEST_CASE_METHOD(fixture, "extra_metrics adds three more") {
  rules.extra_metrics = true;
  rules.sample_limit = 10;
  restart();
  const auto out = samples(page("a 1\n"));
  CHECK(out.size() == 9);
  CHECK(out.at(named("scrape_timeout_seconds")) == 10);
  CHECK(out.at(named("scrape_sample_limit")) == 10);
  CHECK(out.at(named("scrape_body_size_bytes")) == 4);
}

TEST_CASE_METHOD(fixture, "the same lines keep their block, whatever the values") {
  const auto first = page("a 1\nb 2\n");
  const auto second = page("a 10\nb NaN\n");
  REQUIRE(second.batches.size() == 1);
  CHECK(first.batches[0]->block == second.batches[0]->block);
  CHECK(samples(second).at(named("a")) == 10);
  CHECK(samples(second).at(named("scrape_series_added")) == 0);
}

TEST_CASE_METHOD(fixture, "targets with the same lines share their chunks") {
  page_series other({{"instance", "b:1"}, {"job", "j"}}, rules);
  const auto a = page("a 1\nb 2\n");
  const auto b = other.page("a 5\nb 6\n", format::prometheus_text, now, {}, scratch);
  CHECK(a.batches[0]->block != b.batches[0]->block);
  CHECK(a.batches[0]->block->chunks() == b.batches[0]->block->chunks());
}

TEST_CASE_METHOD(fixture, "a series that goes is marked stale once, at the scrape's time") {
  page("a 1\nb 2\n");
  const auto out = page("a 1\n");
  REQUIRE(out.batches.size() == 2);
  REQUIRE(out.batches[0]->items() == 1);
  CHECK(telemetry::is_stale(out.batches[0]->values[0]));
  CHECK(out.batches[0]->timestamp_ms == now);
  CHECK(samples(out).contains(named("b")));
  CHECK(page("a 1\n").batches.size() == 1);
  const auto back = page("a 1\nb 2\n");
  CHECK(back.batches.size() == 1);
  CHECK(samples(back).at(named("scrape_series_added")) == 1);
}

TEST_CASE_METHOD(fixture, "the same series in other words is the same series") {
  page("a{x=\"1\",y=\"2\"} 1\n");
  const auto out = page("a{y=\"2\", x=\"1\"} 2\n");
  CHECK(out.batches.size() == 1);
  CHECK(samples(out).at(named("scrape_series_added")) == 0);
}

TEST_CASE_METHOD(fixture, "a failed scrape makes all series stale, up 0; the next failure says only that") {
  page("a 1\nb 2\n");
  const auto out = fail("connection refused");
  CHECK(out.error == "connection refused");
  auto all = samples(out);
  CHECK(all.size() == 7);
  CHECK(telemetry::is_stale(all.at(named("a"))));
  CHECK(telemetry::is_stale(all.at(named("b"))));
  CHECK(all.at(named("up")) == 0);
  CHECK(all.at(named("scrape_duration_seconds")) == 0.5);
  CHECK(samples(fail()).size() == 5);
  const auto back = page("a 1\nb 2\n");
  CHECK(samples(back).at(named("up")) == 1);
  CHECK(samples(back).at(named("scrape_series_added")) == 0);
}

TEST_CASE_METHOD(fixture, "a page that is wrong in its last line counts for nothing") {
  page("a 1\n");
  const auto out = page("a 1\nb 2\nc{ 3\n");
  CHECK_FALSE(out.error.empty());
  auto all = samples(out);
  CHECK(telemetry::is_stale(all.at(named("a"))));
  CHECK(all.at(named("up")) == 0);
  CHECK(all.count(named("b")) == 0);
  CHECK(all.at(named("scrape_samples_scraped")) == 2);
}

TEST_CASE_METHOD(fixture, "of a series that stands twice the first counts") {
  const auto out = page("a 1\na 2\nb 3\n");
  CHECK(out.error.empty());
  CHECK(out.duplicates == 1);
  auto all = samples(out);
  CHECK(all.at(named("a")) == 1);
  CHECK(all.at(named("b")) == 3);
  CHECK(all.at(named("scrape_samples_scraped")) == 3);
  all = samples(page("a 5\na 6\nb 7\n"));
  CHECK(all.at(named("a")) == 5);
  CHECK(all.at(named("b")) == 7);
}

TEST_CASE_METHOD(fixture, "honor_labels decides who gives way") {
  CHECK(samples(page("a{job=\"own\"} 1\n")).contains(named("a", "exported_job=\"own\", ")));
  rules.conflict = telemetry::label_conflict::keep_exposed;
  restart();
  CHECK(samples(page("a{job=\"own\"} 1\n")).contains("{__name__=\"a\", instance=\"a:1\", job=\"own\"}"));
  CHECK(samples(page("a{job=\"\"} 1\n")).contains("{__name__=\"a\", instance=\"a:1\"}"));
}

TEST_CASE_METHOD(fixture, "own timestamps are kept or not, and then not followed by stale markers") {
  const auto own = std::to_string(now - 5000);
  auto out = page("a 1 " + own + "\nb 2\n");
  REQUIRE(out.batches.size() == 1);
  CHECK(out.batches[0]->timestamp_of(0) == now - 6000);
  CHECK(out.batches[0]->timestamp_of(1) == now);
  out = page("c 1\n");
  auto all = samples(out);
  CHECK(all.count(named("a")) == 0);
  CHECK(telemetry::is_stale(all.at(named("b"))));

  rules.track_timestamps_staleness = true;
  restart();
  page("a 1 " + own + "\n");
  CHECK(telemetry::is_stale(samples(page("c 1\n")).at(named("a"))));

  rules.honor_timestamps = false;
  restart();
  CHECK(page("a 1 " + own + "\n").batches[0]->timestamp_of(0) == now);
}

TEST_CASE_METHOD(fixture, "a failed scrape leaves series with own timestamps alone") {
  page("a 1 " + std::to_string(now) + "\nb 2\n");
  auto all = samples(fail());
  CHECK(all.count(named("a")) == 0);
  CHECK(telemetry::is_stale(all.at(named("b"))));
  CHECK(all.at(named("up")) == 0);
}

TEST_CASE_METHOD(fixture, "a sample from far in the future is left out, the rest is not") {
  const auto out = page("a 1 " + std::to_string(now + 3'600'000) + "\nb 2\n");
  CHECK(out.error.empty());
  CHECK(out.out_of_bounds == 1);
  auto all = samples(out);
  CHECK(all.count(named("a")) == 0);
  CHECK(all.at(named("b")) == 2);
  CHECK(all.at(named("up")) == 1);
}

TEST_CASE_METHOD(fixture, "each limit fails the scrape with a reason") {
  SECTION("samples") {
    rules.sample_limit = 2;
    restart();
    CHECK(page("a 1\nb 2\n").error.empty());
    const auto out = page("a 1\nb 2\nc 3\n");
    CHECK(out.sample_limit_hit);
    CHECK(out.error.find("sample limit") != std::string::npos);
    CHECK(samples(out).at(named("scrape_samples_scraped")) == 3);
    CHECK(samples(out).at(named("up")) == 0);
  }
  SECTION("labels") {
    rules.label_limit = 4;
    restart();
    CHECK(page("a{x=\"1\"} 1\n").error.empty());
    CHECK(page("a{x=\"1\",y=\"2\"} 1\n").error.find("label_limit") != std::string::npos);
  }
  SECTION("length of a name") {
    rules.label_name_length_limit = 8;
    restart();
    CHECK(page("a{x2345678=\"1\"} 1\n").error.empty());
    CHECK(page("a{x23456789=\"1\"} 1\n").error.find("label_name_length_limit") != std::string::npos);
  }
  SECTION("length of a value") {
    rules.label_value_length_limit = 3;
    restart();
    CHECK(page("a{x=\"123\"} 1\n").error.empty());
    CHECK(page("a{x=\"1234\"} 1\n").error.find("label_value_length_limit") != std::string::npos);
  }
}

TEST_CASE_METHOD(fixture, "a label that stands twice, and a name beyond the legacy characters, fail the scrape") {
  CHECK_FALSE(page("a{x=\"1\",x=\"2\"} 1\n").error.empty());
  CHECK_FALSE(page("{\"a.b\"} 1\n").error.empty());
  rules.legacy_names = false;
  restart();
  CHECK(page("{\"a.b\"} 1\n").error.empty());
}

TEST_CASE_METHOD(fixture, "rules that change: what is no longer sent becomes stale") {
  page("a{job=\"own\"} 1\n");
  rules.conflict = telemetry::label_conflict::keep_exposed;
  series->set(rules);
  auto all = samples(page("a{job=\"own\"} 1\n"));
  CHECK(telemetry::is_stale(all.at(named("a", "exported_job=\"own\", "))));
  CHECK(all.at("{__name__=\"a\", instance=\"a:1\", job=\"own\"}") == 1);
}

TEST_CASE_METHOD(fixture, "a target that is gone leaves stale markers for all it had") {
  page("a 1\n");
  page_outcome last;
  last.batches = series->gone(now + 1);
  const auto all = samples(last);
  CHECK(all.size() == 6);
  for (const auto& [labels, value] : all)
    CHECK(telemetry::is_stale(value));
}

TEST_CASE_METHOD(fixture, "exemplars go with their series") {
  const auto out = page("# TYPE a counter\na_total 1 # {trace_id=\"x\"} 0.5\na_total 2 # {trace_id=\"y\"} 0.7\n# EOF\n",
                        format::open_metrics);
  REQUIRE(out.batches.size() == 1);
  REQUIRE(out.batches[0]->exemplars.size() == 1);
  CHECK(out.batches[0]->exemplars[0].series == 0);
  CHECK(out.batches[0]->exemplars[0].timestamp_ms == now);
}

TEST_CASE_METHOD(fixture, "an exemplar that a page goes on showing is sent once, also when other series come and go") {
  const auto sent = [&](const std::string& before, const std::string& trace) {
    const auto out =
        page("# TYPE a counter\n" + before + "a_total{x=\"2\"} 2 # {trace_id=\"" + trace + "\"} 0.7 5\n# EOF\n",
             format::open_metrics);
    CHECK(out.error.empty());
    return out.batches.back()->exemplars.size();
  };
  CHECK(sent("", "y") == 1);
  CHECK(sent("", "y") == 0);
  CHECK(sent("a_total{x=\"1\"} 1\n", "y") == 0);
  CHECK(sent("a_total{x=\"1\"} 1\n", "z") == 1);
  CHECK(sent("", "z") == 0);
}

TEST_CASE_METHOD(fixture, "a series that stood twice and stands there once is not gone") {
  rules.track_timestamps_staleness = true;
  restart();
  page("h 1 1700000000500\nh 2 1700000000600\ng 1 1700000000500\ng 2 1700000000600\n");
  const auto out = page("h 3\n");
  std::vector<std::string> marked;
  for (const auto& batch : out.batches) {
    batch->block->for_each([&](std::size_t i, const telemetry::label_buffer& of, const auto&) {
      if (telemetry::is_stale(batch->values[i])) marked.emplace_back(of.get("__name__"));
    });
  }
  CHECK(marked == std::vector<std::string>{"g"});
}

TEST_CASE_METHOD(fixture, "what stands there twice counts once against the limit of samples") {
  rules.sample_limit = 2;
  restart();
  CHECK(page("a 1\na 1\nb 1\n").error.empty());
  CHECK_FALSE(page("a 1\na 1\nb 1\nc 1\n").error.empty());
}

TEST_CASE_METHOD(fixture, "a page that goes beyond a limit of labels says so") {
  CHECK_FALSE(page("a{x=\"1\"} 1\n").label_limit_hit);
  CHECK_FALSE(page("not a page").label_limit_hit);
  const auto limited = [&](auto set) {
    rules = {};
    set(rules);
    restart();
    return page("a{x=\"1234567\"} 1\n");
  };
  CHECK(limited([](page_rules& r) { r.label_limit = 3; }).label_limit_hit);
  CHECK(limited([](page_rules& r) { r.label_name_length_limit = 7; }).label_limit_hit);
  CHECK(limited([](page_rules& r) { r.label_value_length_limit = 6; }).label_limit_hit);
  CHECK_FALSE(limited([](page_rules& r) { r.sample_limit = 0, r.label_limit = 4; }).label_limit_hit);
}
