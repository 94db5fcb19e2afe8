#include "protocol/telemetry/block.hpp"

#include <string>

#include "tests/catch.hpp"

using namespace troupe::telemetry;

namespace {

std::vector<chunk_ref> chunks_of(const std::vector<std::string>& series, metric_type type = metric_type::unknown) {
  chunk_builder builder;
  metric_family family;
  family.type = type;
  builder.family(intern(std::move(family)));
  for (const auto& text : series)
    builder.series(text);
  return builder.finish();
}

std::string labels_of(const std::string& series, const label_set& common, label_conflict conflict,
                      metric_type type = metric_type::unknown) {
  const series_block block(chunks_of({series}, type), common, conflict);
  std::string text;
  block.for_each([&](std::size_t, const label_buffer& labels, const metric_family&) {
    for (const auto& [name, value] : labels.labels()) {
      if (!text.empty()) text += '|';
      text.append(name).append("=").append(value);
    }
  });
  return text;
}

}  // namespace

TEST_CASE("a target's labels are merged into a series' own") {
  constexpr auto honor_target = label_conflict::export_exposed;
  constexpr auto honor_page = label_conflict::keep_exposed;
  struct row {
    std::string series;
    label_set common;
    label_conflict conflict;
    std::string expected;
  };
  const row table[] = {
      {"up ", {{"job", "j"}}, honor_target, "__name__=up|job=j"},
      {R"(up{z="1",A="2"} )", {{"job", "j"}}, honor_target, "A=2|__name__=up|job=j|z=1"},
      {R"(up{z=""} )", {{"job", "j"}}, honor_target, "__name__=up|job=j"},
      {R"(up{job="p"} )", {{"job", "j"}}, honor_target, "__name__=up|exported_job=p|job=j"},
      {R"(up{job=""} )", {{"job", "j"}}, honor_target, "__name__=up|job=j"},
      {R"(up{job="p",exported_job="q"} )",
       {{"job", "j"}},
       honor_target,
       "__name__=up|exported_exported_job=p|exported_job=q|job=j"},
      {R"(up{job="p",exported_job=""} )", {{"job", "j"}}, honor_target, "__name__=up|exported_job=p|job=j"},
      {R"(up{job="p"} )",
       {{"job", "j"}, {"exported_job", "e"}},
       honor_target,
       "__name__=up|exported_exported_job=p|exported_job=e|job=j"},
      // Shortest name first: job takes exported_exported_job, so exported_job needs one prefix more.
      {R"(up{exported_job="q",job="p"} )",
       {{"job", "j"}, {"exported_job", "e"}},
       honor_target,
       "__name__=up|exported_exported_exported_job=q|exported_exported_job=p|exported_job=e|job=j"},
      {R"(up{b="1",a="2",c="3"} )",
       {{"a", "x"}, {"b", "y"}},
       honor_target,
       "__name__=up|a=x|b=y|c=3|exported_a=2|exported_b=1"},
      // A label that is doubled on the page stays doubled, for the scrape to refuse.
      {R"(up{job="p",job="q"} )", {{"job", "j"}}, honor_target, "__name__=up|exported_job=p|job=q|job=j"},
      {R"(up{job="p"} )", {{"job", "j"}, {"x", "y"}}, honor_page, "__name__=up|job=p|x=y"},
      {R"(up{job=""} )", {{"job", "j"}, {"x", "y"}}, honor_page, "__name__=up|x=y"},
      {"up ", {{"job", "j"}}, honor_page, "__name__=up|job=j"},
      {"up ", {}, honor_page, "__name__=up"},
  };
  for (const auto& [series, common, conflict, expected] : table) {
    INFO(series << " with " << common.to_text());
    CHECK(labels_of(series, common, conflict) == expected);
  }
}

TEST_CASE("bounds of a histogram are floats in the final labels") {
  CHECK(labels_of(R"(h_bucket{le="5"} )", {{"job", "j"}}, label_conflict::export_exposed, metric_type::histogram) ==
        "__name__=h_bucket|job=j|le=5.0");
}

TEST_CASE("series are visited in order, over chunk boundaries") {
  std::vector<std::string> series;
  for (int i = 0; i < 500; ++i)
    series.push_back("s{i=\"" + std::to_string(i) + "\"} ");
  const series_block block(chunks_of(series), label_set{{"job", "j"}});
  CHECK(block.size() == 500);
  CHECK(block.chunks().size() > 1);
  std::size_t seen = 0;
  block.for_each([&](std::size_t index, const label_buffer& labels, const metric_family&) {
    CHECK(index == seen++);
    CHECK(labels.get("i") == std::to_string(index));
  });
  CHECK(seen == 500);
}

TEST_CASE("block ids are never the same, lanes are those of the target") {
  const auto chunks = chunks_of({"up "});
  series_block a(chunks, label_set{{"job", "j"}});
  const series_block b(chunks, label_set{{"job", "j"}});
  const series_block c(chunks, label_set{{"job", "k"}});
  CHECK(a.id() != b.id());
  CHECK(a.lane() == b.lane());
  CHECK(a.lane() != c.lane());
  a.set_lane(7);
  CHECK(a.lane() == 7);
}
