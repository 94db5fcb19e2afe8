#include "protocol/relabel/block_map.hpp"

#include <memory>
#include <string>
#include <vector>

#include "protocol/relabel/external_labels.hpp"
#include "tests/catch.hpp"

using namespace troupe;
using namespace troupe::telemetry;
using relabel::block_map;
using relabel::map_batch;
using relabel::map_block;
using relabel::rule_options;
using relabel::rules;

namespace {

struct family_lines {
  std::string name;
  std::vector<std::string> series;
  metric_type type = metric_type::unknown;
};

std::shared_ptr<series_block> block_of(const std::vector<family_lines>& page, label_set common,
                                       label_conflict conflict = label_conflict::export_exposed) {
  chunk_builder builder;
  for (const auto& [name, series, type] : page) {
    metric_family family;
    family.name = name;
    family.type = type;
    family.help = "Help of " + name;
    builder.family(intern(std::move(family)));
    for (const auto& text : series)
      builder.series(text);
  }
  return std::make_shared<series_block>(builder.finish(), std::move(common), conflict);
}

/// A thousand series or so in a dozen chunks: `cpu` by mode, then families of one series.
std::vector<family_lines> exporter_page() {
  std::vector<family_lines> page{{"cpu_seconds_total", {}}};
  for (int cpu = 0; cpu < 64; ++cpu) {
    for (const char* mode : {"idle", "user", "system"}) {
      page[0].series.push_back("cpu_seconds_total{cpu=\"" + std::to_string(cpu) + "\",mode=\"" + mode + "\"} ");
    }
  }
  for (int i = 0; i < 400; ++i) {
    const std::string name = "measure_" + std::to_string(i);
    page.push_back({name, {name + " "}});
  }
  return page;
}

label_set host(int number) {
  return {{"instance", "host-" + std::to_string(number) + ":9100"}, {"job", "node"}};
}

rules compiled(const std::vector<rule_options>& all) {
  auto made = rules::compile(all);
  if (!made) FAIL(made.error().message);
  return *made;
}

std::vector<std::string> series_of(const series_block& block) {
  std::vector<std::string> all;
  block.for_each([&](std::size_t, const label_buffer& labels, const metric_family& family) {
    all.push_back(family.name + ": " + labels.to_set().to_text());
  });
  return all;
}

/// What the rules make of each series alone.
std::vector<std::string> series_one_by_one(const rules& by, const series_block& block) {
  std::vector<std::string> all;
  block.for_each([&](std::size_t, label_buffer& labels, const metric_family& family) {
    auto set = labels.to_set();
    if (by.apply(set) && !set.get("__name__").empty()) all.push_back(family.name + ": " + set.to_text());
  });
  return all;
}

std::size_t shared_chunks(const series_block& a, const series_block& b) {
  std::size_t shared = 0;
  for (const auto& chunk : a.chunks()) {
    for (const auto& other : b.chunks())
      shared += chunk == other ? 1 : 0;
  }
  return shared;
}

rule_options replace(std::string source, std::string regex, std::string target, std::string with) {
  return {{std::move(source)}, ";", std::move(regex), 0, std::move(target), std::move(with), "replace"};
}
rule_options by_regex(std::string action, std::string regex) {
  return {{}, ";", std::move(regex), 0, "", "$1", std::move(action)};
}
rule_options drop(std::string source, std::string regex) {
  return {{std::move(source)}, ";", std::move(regex), 0, "", "$1", "drop"};
}

}  // namespace

TEST_CASE("rules that touch only the target's labels share all chunks") {
  const auto block = block_of(exporter_page(), host(1));
  REQUIRE(block->chunks().size() > 3);
  struct row {
    std::vector<rule_options> by;
    label_set common;
  };
  for (const auto& [by, common] :
       std::vector<row>{{{replace("instance", "(.*):.*", "instance", "$1")}, {{"instance", "host-1"}, {"job", "node"}}},
                        {{replace("instance", "(.*):.*", "host", "$1")},
                         {{"host", "host-1"}, {"instance", "host-1:9100"}, {"job", "node"}}},
                        {{by_regex("labeldrop", "instance")}, {{"job", "node"}}},
                        {{replace("instance", "(.*):.*", "host", "$1"), by_regex("labeldrop", "instance|job")},
                         {{"host", "host-1"}}}}) {
    const auto to = map_block(compiled(by), block);
    REQUIRE(to.block);
    CHECK(to.kept.empty());
    CHECK_FALSE(to.unchanged);
    CHECK(to.block->chunks() == block->chunks());
    CHECK(to.block->common() == common);
    CHECK(to.block->conflict() == block->conflict());
    CHECK(series_of(*to.block) == series_one_by_one(compiled(by), *block));
  }
}

TEST_CASE("a label that all lines have stays on the lines") {
  auto page = exporter_page();
  for (auto& [name, series, type] : page) {
    for (std::size_t i = 0; i < series.size(); ++i)
      series[i] = name + "{i=\"" + std::to_string(i) + "\",version=\"1\"} ";
  }
  const auto block = block_of(page, host(1));
  const auto to = map_block(compiled({by_regex("labeldrop", "instance")}), block);
  REQUIRE(to.block);
  CHECK(to.block->chunks() == block->chunks());
  CHECK(to.block->common() == label_set{{"job", "node"}});
}

TEST_CASE("a family goes on after a chunk that stays") {
  family_lines family{"f", {}};
  for (int i = 0; i < 1000; ++i)
    family.series.push_back("f{i=\"" + std::to_string(i) + "\"} ");
  const auto block = block_of({family}, host(1));
  REQUIRE(block->chunks().size() > 2);
  const auto by = compiled({drop("i", "0|999"), replace("i", "1|998", "few", "1")});
  const auto to = map_block(by, block);
  REQUIRE(to.block);
  CHECK(shared_chunks(*to.block, *block) == block->chunks().size() - 2);
  CHECK(series_of(*to.block) == series_one_by_one(by, *block));
}

TEST_CASE("what changes nothing is told so") {
  const auto block = block_of(exporter_page(), host(1));
  for (const auto& by : {std::vector<rule_options>{}, {drop("job", "other")}, {replace("job", "(.*)", "job", "$1")}}) {
    const auto to = map_block(compiled(by), block);
    CHECK(to.unchanged);
    CHECK(to.block == nullptr);
  }
  const auto empty = block_of({}, host(1));
  CHECK(map_block(compiled({drop("job", "node")}), empty).unchanged);
}

TEST_CASE("a block of which nothing is left") {
  const auto to = map_block(compiled({drop("job", "node")}), block_of(exporter_page(), host(1)));
  CHECK(to.block == nullptr);
  CHECK_FALSE(to.unchanged);
  CHECK(to.nameless == 0);
}

TEST_CASE("dropping series keeps the chunks without them") {
  const auto block = block_of(exporter_page(), host(1));
  const auto by = compiled({drop("mode", "idle")});
  const auto to = map_block(by, block);
  REQUIRE(to.block);
  CHECK(to.block->common() == block->common());
  CHECK(to.kept.size() == block->size() - 64);
  CHECK(series_of(*to.block) == series_one_by_one(by, *block));
  std::size_t untouched = 0;
  for (const auto& chunk : block->chunks()) {
    bool idle = false;
    for (std::size_t i = 0; i < chunk->size(); ++i)
      idle = idle || chunk->text(i).find("idle") != std::string_view::npos;
    untouched += idle ? 0 : 1;
  }
  REQUIRE(untouched > 0);
  CHECK(shared_chunks(*to.block, *block) == untouched);
}

TEST_CASE("dropping and a target's label together still share") {
  const auto block = block_of(exporter_page(), host(1));
  const auto by = compiled({drop("__name__", "measure_399"), replace("instance", "(.*):.*", "instance", "$1")});
  const auto to = map_block(by, block);
  REQUIRE(to.block);
  CHECK(to.kept.size() == block->size() - 1);
  CHECK(shared_chunks(*to.block, *block) == block->chunks().size() - 1);
  CHECK(series_of(*to.block) == series_one_by_one(by, *block));
}

TEST_CASE("hosts with one exporter share what is rewritten, and the rest stays") {
  const auto by = compiled({replace("mode", "(.+)", "cpu_mode", "$1"), by_regex("labeldrop", "mode"),
                            replace("instance", "(.*):.*", "host", "$1")});
  const auto one = block_of(exporter_page(), host(1));
  const auto two = block_of(exporter_page(), host(2));
  REQUIRE(one->chunks() == two->chunks());
  const auto to_one = map_block(by, one);
  const auto to_two = map_block(by, two);
  REQUIRE(to_one.block);
  REQUIRE(to_two.block);
  CHECK(to_one.kept.empty());
  CHECK(to_one.block->chunks() == to_two.block->chunks());
  CHECK(to_one.block->common() == label_set{{"host", "host-1"}, {"instance", "host-1:9100"}, {"job", "node"}});
  CHECK(to_two.block->common() == label_set{{"host", "host-2"}, {"instance", "host-2:9100"}, {"job", "node"}});
  CHECK(shared_chunks(*to_one.block, *one) > 0);  // those without a mode
  CHECK(shared_chunks(*to_one.block, *one) < one->chunks().size());
  CHECK(series_of(*to_one.block) == series_one_by_one(by, *one));
  CHECK(series_of(*to_two.block) == series_one_by_one(by, *two));
}

TEST_CASE("a label that a few series lose stays common for the others") {
  const auto by = compiled({{{"__name__"}, ";", "measure_3", 0, "instance", "", "replace"}});
  const auto block = block_of(exporter_page(), host(1));
  const auto to = map_block(by, block);
  REQUIRE(to.block);
  CHECK(to.block->common() == block->common());
  CHECK(shared_chunks(*to.block, *block) == block->chunks().size() - 1);
  CHECK(series_of(*to.block) == series_one_by_one(by, *block));
}

TEST_CASE("a series' own labels are told from its target's") {
  using enum label_conflict;
  struct row {
    std::string what;
    std::vector<std::string> series;
    label_set common;
    std::vector<rule_options> by;
  };
  const std::vector<row> rows{
      {"own equal to the target's, dropped", {"a{job=\"x\"} ", "b "}, {{"job", "x"}}, {by_regex("labeldrop", "job")}},
      {"own equal to the target's, changed",
       {"a{job=\"x\"} ", "b "},
       {{"job", "x"}},
       {replace("job", "x", "job", "y")}},
      {"own other than the target's", {"a{job=\"own\"} ", "b "}, {{"job", "x"}}, {replace("job", "x", "job", "y")}},
      {"the exported one, dropped", {"a{job=\"own\"} ", "b "}, {{"job", "x"}}, {by_regex("labeldrop", "exported_.*")}},
      {"the exported one put back",
       {"a{job=\"own\"} ", "b{job=\"too\"} "},
       {{"job", "x"}},
       {replace("exported_job", "(.+)", "job", "$1"), by_regex("labeldrop", "exported_job")}},
      {"exposed as empty, then given",
       {"a{z=\"\"} ", "b{z=\"\"} "},
       {{"job", "x"}},
       {replace("job", "(.*)", "z", "$1")}},
      {"exposed as empty keeps away",
       {"a{job=\"\"} ", "b ", "c "},
       {{"job", "x"}},
       {replace("__name__", "c", "job", "y")}},
      {"own becomes the target's", {"a{z=\"1\"} ", "b "}, {{"job", "x"}}, {replace("job", "(.*)", "z", "1")}},
      {"one series", {"a{z=\"1\"} "}, {{"job", "x"}}, {replace("z", "(.*)", "y", "$1")}},
      {"renamed", {"a{z=\"1\"} ", "b "}, {{"job", "x"}}, {replace("__name__", "(.*)", "__name__", "new:$1")}},
      {"renamed all alike",
       {"a{z=\"1\"} ", "a{z=\"2\"} "},
       {{"job", "x"}},
       {replace("__name__", "(.*)", "__name__", "b")}},
      {"a name that needs quotes",
       {"a{z=\"1\"} ", "b "},
       {{"job", "x"}},
       {replace("__name__", "a", "__name__", "a.b c")}},
      {"a value that needs escapes",
       {"a{z=\"q\\\"\\\\\\n\"} ", "b "},
       {{"job", "x"}},
       {replace("z", "(.*)", "y", "$1\"\n\\")}},
      {"half of them", {"a ", "b ", "c ", "d "}, {{"job", "x"}}, {replace("__name__", "[ab]", "job", "y")}},
      {"most of them", {"a ", "b ", "c ", "d "}, {{"job", "x"}}, {replace("__name__", "[abc]", "job", "y")}},
      {"most of them get a new one", {"a ", "b{z=\"2\"} ", "c ", "d "}, {}, {replace("z", "", "z", "1")}},
      {"one loses all",
       {"a ", "b ", "c "},
       {{"i", "1"}, {"job", "x"}},
       {replace("__name__", "a", "job", ""), replace("__name__", "a", "i", "")}},
      {"blanks on the line",
       {"a { z = \"1\" , y=\"2\", }\t", "b "},
       {{"job", "x"}},
       {replace("__name__", "b", "w", "1")}},
  };
  for (const auto& [what, series, common, all] : rows) {
    for (const auto conflict : {export_exposed, keep_exposed}) {
      INFO(what << (conflict == keep_exposed ? ", honoured" : ""));
      const auto block = block_of({{"f", series}}, common, conflict);
      const auto by = compiled(all);
      const auto to = map_block(by, block);
      const auto wanted = series_one_by_one(by, *block);
      CHECK(series_of(to.unchanged ? *block : *to.block) == wanted);
      CHECK(wanted.size() == series.size());
    }
  }
}

TEST_CASE("a series keeps its family and its type's numbers") {
  const auto block =
      block_of({{"h", {"h_bucket{le=\"1\"} ", "h_bucket{le=\"+Inf\"} ", "h_count "}, metric_type::histogram},
                {"up", {"up "}, metric_type::gauge}},
               {{"job", "x"}});
  const auto by = compiled(
      {drop("__name__", "h_count"), replace("__name__", "(.*)", "__name__", "p_$1"), by_regex("labelmap", "(le)")});
  const auto to = map_block(by, block);
  REQUIRE(to.block);
  CHECK(series_of(*to.block) == std::vector<std::string>{R"(h: {__name__="p_h_bucket", job="x", le="1.0"})",
                                                         R"(h: {__name__="p_h_bucket", job="x", le="+Inf"})",
                                                         R"(up: {__name__="p_up", job="x"})"});
  REQUIRE(to.block->chunks().size() == 1);
  const auto& chunk = *to.block->chunks()[0];
  CHECK(chunk.family(0).type == metric_type::histogram);
  CHECK(chunk.family(2).help == "Help of up");
  CHECK(&chunk.family(2) == &block->chunks()[0]->family(3));
}

TEST_CASE("series that become the same stay two, series without a name go") {
  const auto block = block_of({{"f", {"a{z=\"1\"} ", "a{z=\"2\"} ", "b "}}}, {{"job", "x"}});
  const auto twins = map_block(compiled({by_regex("labeldrop", "z")}), block);
  REQUIRE(twins.block);
  CHECK(twins.kept.empty());
  CHECK(series_of(*twins.block)[0] == series_of(*twins.block)[1]);
  const auto named = map_block(compiled({replace("__name__", "b", "__name__", "")}), block);
  REQUIRE(named.block);
  CHECK(named.kept == std::vector<std::uint32_t>{0, 1});
  CHECK(named.nameless == 1);
  const auto none = map_block(compiled({by_regex("labeldrop", "__name__")}), block);
  CHECK(none.block == nullptr);
  CHECK(none.nameless == 3);
}

TEST_CASE("the lane is the source's") {
  const auto block = block_of(exporter_page(), host(1));
  block->set_lane(4711);
  CHECK(map_block(compiled({by_regex("labeldrop", "instance")}), block).block->lane() == 4711);
  CHECK(map_block(compiled({drop("mode", "idle")}), block).block->lane() == 4711);
  CHECK(map_block(compiled({replace("mode", "(.+)", "m", "$1")}), block).block->lane() == 4711);
  CHECK(relabel::with_external_labels(block, {{"cluster", "c"}})->lane() == 4711);
}

TEST_CASE("a batch follows its block") {
  const auto block = block_of({{"f", {"a ", "b ", "c ", "d "}}}, {{"job", "x"}});
  metrics_batch in;
  in.block = block;
  in.timestamp_ms = 1000;
  in.values = {1, 2, 3, 4};
  in.own_timestamps_ms = {metrics_batch::no_timestamp, 20, 30, 40};
  in.exemplars = {{1, "{t=\"1\"}", 0.5, 7}, {2, "{t=\"2\"}", 0.25, 8}, {3, "{t=\"3\"}", 0.125, 9}};
  in.context.trace_id[0] = 9;
  in.context.sampled = true;
  in.self_telemetry = true;
  in.source_waits = true;
  const auto batch = std::make_shared<const metrics_batch>(in);

  const auto fewer = map_batch(map_block(compiled({drop("__name__", "a|c")}), block), batch);
  REQUIRE(fewer);
  CHECK(series_of(*fewer->block).size() == 2);
  CHECK(fewer->values == std::vector<double>{2, 4});
  CHECK(fewer->own_timestamps_ms == std::vector<std::int64_t>{20, 40});
  CHECK(fewer->exemplars == std::vector<exemplar>{{0, "{t=\"1\"}", 0.5, 7}, {1, "{t=\"3\"}", 0.125, 9}});

  const auto all = map_batch(map_block(compiled({by_regex("labeldrop", "job")}), block), batch);
  REQUIRE(all);
  CHECK(all->values == in.values);
  CHECK(all->own_timestamps_ms == in.own_timestamps_ms);
  CHECK(all->exemplars == in.exemplars);
  for (const auto& made : {fewer, all}) {
    CHECK(made->timestamp_ms == 1000);
    CHECK(made->context == in.context);
    CHECK(made->self_telemetry);
    CHECK(made->source_waits);
  }
  CHECK(map_batch(map_block(rules(), block), batch) == batch);
  CHECK(map_batch(map_block(compiled({drop("job", "x")}), block), batch) == nullptr);
}

TEST_CASE("a block is mapped once while it lives") {
  block_map map(compiled({by_regex("labeldrop", "instance")}));
  auto block = block_of(exporter_page(), host(1));
  const auto first = map.map(block);
  CHECK(map.map(block) == first);
  CHECK(map.hits() == 1);
  CHECK(map.misses() == 1);
  const std::weak_ptr<const series_block> watched = block;
  block.reset();
  CHECK(watched.expired());  // the map holds no source
  CHECK(first->block->size() == 592);
}

TEST_CASE("blocks that are gone are forgotten, and the bound holds") {
  const auto page = std::vector<family_lines>{{"up", {"up "}}};
  SECTION("short-lived blocks leave nothing behind") {
    block_map map(compiled({by_regex("labeldrop", "instance")}));
    std::size_t most = 0;
    for (int i = 0; i < 5000; ++i) {
      (void)map.map(block_of(page, host(i)));
      most = std::max(most, map.size());
    }
    CHECK(most <= 64);
  }
  SECTION("blocks in use are kept") {
    block_map map(compiled({by_regex("labeldrop", "instance")}));
    std::vector<block_ref> alive;
    for (int i = 0; i < 1000; ++i) {
      alive.push_back(block_of(page, host(i)));
      (void)map.map(alive.back());
      (void)map.map(block_of(page, host(-i)));
    }
    const auto misses = map.misses();
    for (const auto& one : alive)
      (void)map.map(one);
    CHECK(map.misses() == misses);
    CHECK(map.size() <= 2 * alive.size() + 64);
  }
  SECTION("beyond the bound nothing is kept, and all is mapped") {
    block_map map(compiled({by_regex("labeldrop", "instance")}), 10);
    std::vector<block_ref> alive;
    for (int i = 0; i < 100; ++i) {
      alive.push_back(block_of(page, host(i)));
      CHECK(map.map(alive.back())->block->common() == label_set{{"job", "node"}});
      CHECK(map.size() <= 10);
    }
    CHECK(map.map(alive[0])->block->common() == label_set{{"job", "node"}});
    CHECK(map.hits() == 1);
    // When they are gone there is room again, a few misses later.
    alive.clear();
    const auto fresh = block_of(page, host(7));
    for (int i = 0; i < 64; ++i)
      (void)map.map(fresh);
    const auto hits = map.hits();
    (void)map.map(fresh);
    CHECK(map.hits() == hits + 1);
    CHECK(map.size() <= 10);
  }
}

TEST_CASE("external labels are for those who have none") {
  using enum label_conflict;
  const label_set external{{"cluster", "c1"}, {"job", "never"}, {"replica", "r"}};
  const auto page = exporter_page();
  for (const auto conflict : {export_exposed, keep_exposed}) {
    const auto block = block_of(page, host(1), conflict);
    const auto to = relabel::with_external_labels(block, external);
    CHECK(to->chunks() == block->chunks());
    CHECK(to->common() == label_set{{"cluster", "c1"}, {"instance", "host-1:9100"}, {"job", "node"}, {"replica", "r"}});
  }
  const auto block = block_of(page, host(1));
  CHECK(relabel::with_external_labels(block, {}) == block);
  CHECK(relabel::with_external_labels(block, {{"job", "other"}}) == block);
}

TEST_CASE("a series' own label wins over the external one") {
  using enum label_conflict;
  for (const auto conflict : {export_exposed, keep_exposed}) {
    auto page = exporter_page();
    page[3].series[0].insert(page[3].series[0].size() - 1, "{cluster=\"own\"}");
    page[4].series[0].insert(page[4].series[0].size() - 1, "{cluster=\"\"}");
    page[5].series[0].insert(page[5].series[0].size() - 1, "{job=\"mine\"}");
    const auto block = block_of(page, host(1), conflict);
    const auto to = relabel::with_external_labels(block, {{"cluster", "c1"}});
    auto wanted = std::vector<std::string>{};
    block->for_each([&](std::size_t, const label_buffer& labels, const metric_family& family) {
      auto set = labels.to_set();
      if (set.get("cluster").empty()) set.set("cluster", "c1");
      wanted.push_back(family.name + ": " + set.to_text());
    });
    CHECK(series_of(*to) == wanted);
    CHECK(wanted[194] == R"(measure_2: {__name__="measure_2", cluster="own", instance="host-1:9100", job="node"})");
    CHECK(wanted[195] == R"(measure_3: {__name__="measure_3", cluster="c1", instance="host-1:9100", job="node"})");
    CHECK(to->common().get("cluster") == "c1");
    CHECK(shared_chunks(*to, *block) >= block->chunks().size() - 1);
  }
}

TEST_CASE("whatever the page and the rules, a mapped block reads as if each series had been relabelled alone") {
  auto next = [seed = std::uint64_t{42}](std::uint64_t below) mutable {
    seed = seed * 6364136223846793005U + 1442695040888963407U;
    return (seed >> 33) % below;
  };
  const std::vector<std::string> names{"a", "b", "c", "exported_a", "job"};
  const std::vector<std::string> values{"", "1", "2", "a", "x\\\"y"};
  const auto any = [&next](const auto& of) { return of[next(of.size())]; };
  const std::vector<std::string> actions{"replace", "replace",  "replace",   "keep",
                                         "drop",    "labelmap", "labeldrop", "lowercase"};
  std::size_t changed = 0, shared = 0;
  for (int round = 0; round < 3000; ++round) {
    std::vector<family_lines> page;
    for (std::size_t f = 0; f < 1 + next(3); ++f) {
      page.push_back({"f" + std::to_string(f), {}});
      for (std::size_t i = 0; i < 1 + next(60); ++i) {
        std::string text = "m" + std::to_string(next(4)) + "{n=\"" + std::to_string(i) + "\"";
        for (const auto& name : names) {
          if (next(4) == 0) text += "," + name + "=\"" + any(values) + "\"";
        }
        page.back().series.push_back(text + "} ");
      }
    }
    label_set common;
    for (const auto& name : names) {
      if (next(2) == 0) common.set(name, std::to_string(next(2) + 1));
    }
    const auto conflict = next(2) == 0 ? label_conflict::export_exposed : label_conflict::keep_exposed;
    const auto block = block_of(page, common, conflict);
    std::vector<rule_options> all;
    for (std::size_t i = 0; i < 1 + next(3); ++i) {
      rule_options one;
      one.action = any(actions);
      const bool by_name = one.action == "labelmap" || one.action == "labeldrop";
      if (one.action == "replace" || one.action == "lowercase") one.target_label = any(names);
      if (!by_name) one.source_labels = {next(3) == 0 ? std::string("__name__") : any(names)};
      if (one.action != "lowercase")
        one.regex = by_name ? any(names) : any(std::vector<std::string>{"(.*)", "m[01]", "[12]", "(.+)"});
      if (one.action == "labelmap") one.replacement = any(names);
      if (one.action == "replace") one.replacement = any(std::vector<std::string>{"$1", "", "1", "new"});
      all.push_back(std::move(one));
    }
    const auto by = compiled(all);
    const auto to = map_block(by, block);
    const auto wanted = series_one_by_one(by, *block);
    if (wanted.empty()) {
      REQUIRE(to.block == nullptr);
      continue;
    }
    INFO("round " << round);
    const auto& got = to.unchanged ? *block : *to.block;
    REQUIRE(series_of(got) == wanted);
    REQUIRE(got.size() == (to.kept.empty() ? block->size() : to.kept.size()));
    changed += to.unchanged ? 0 : 1;
    shared += to.unchanged ? 0 : shared_chunks(got, *block);
  }
  CHECK(changed > 1000);
  CHECK(shared > 100);
}
