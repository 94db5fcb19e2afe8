#include <atomic>
#include <set>
#include <string>
#include <thread>

#include "protocol/telemetry/block.hpp"
#include "protocol/telemetry/series_chunk.hpp"
#include "tests/catch.hpp"

using namespace troupe::telemetry;

namespace {

series_chunk chunk_of(const std::string& name, const std::string& series) {
  metric_family family;
  family.name = name;
  return {series, {static_cast<std::uint32_t>(series.size())}, {{0, intern(std::move(family))}}};
}

struct page {
  struct family {
    std::string name;
    int series;
  };
  std::vector<family> families;
};

/// A page as an exporter prints it: mostly small families, now and then a long one.
page exporter_page(int families) {
  page made;
  for (int i = 0; i < families; ++i)
    made.families.push_back({"metric_" + std::to_string(i), i % 11 == 0 ? 40 : 1 + i % 4});
  return made;
}

std::vector<chunk_ref> chunks_of(const page& from) {
  chunk_builder builder;
  for (const auto& [name, count] : from.families) {
    metric_family family;
    family.name = name;
    family.page_text = "# TYPE " + name + " gauge\n";
    builder.family(intern(std::move(family)));
    for (int i = 0; i < count; ++i)
      builder.series(name + "{i=\"" + std::to_string(i) + "\"} ");
  }
  return builder.finish();
}

std::size_t only_in_first(const std::vector<chunk_ref>& a, const std::vector<chunk_ref>& b) {
  const std::set<chunk_ref> known(b.begin(), b.end());
  return static_cast<std::size_t>(std::count_if(a.begin(), a.end(), [&](const auto& c) { return !known.contains(c); }));
}

std::string page_text(const std::vector<chunk_ref>& chunks) {
  std::string text;
  for (const auto& chunk : chunks) {
    auto start = chunk->families().begin();
    for (std::size_t i = 0; i < chunk->size(); ++i) {
      if (start != chunk->families().end() && start->first == i) text += (start++)->family->page_text;
      text.append(chunk->text(i)).append("1\n");
    }
  }
  return text;
}

}  // namespace

TEST_CASE("equal chunks are one object, and what nobody holds is forgotten") {
  const interned_counts before = interned();
  {
    const chunk_ref a = intern(chunk_of("f", "f 1"));
    const chunk_ref b = intern(chunk_of("f", "f 1"));
    const chunk_ref c = intern(chunk_of("f", "f 2"));
    const chunk_ref other_family = intern(chunk_of("g", "f 1"));
    CHECK(a == b);
    CHECK(a != c);
    CHECK(a != other_family);
    CHECK(interned().chunks == before.chunks + 3);
    CHECK(interned().families == before.families + 2);
    CHECK(interned().chunk_bytes > before.chunk_bytes);
  }
  CHECK(interned().chunks == before.chunks);
  CHECK(interned().families == before.families);
  CHECK(interned().chunk_bytes == before.chunk_bytes);
}

TEST_CASE("interning while other threads release the same objects") {
  const interned_counts before = interned();
  std::atomic<bool> wrong{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&wrong] {
      for (int i = 0; i < 20'000; ++i) {
        const std::string text = "series_" + std::to_string(i % 3) + " ";
        const chunk_ref mine = intern(chunk_of("race", text));
        const chunk_ref again = intern(chunk_of("race", text));
        if (mine != again || mine->text(0) != text || mine->family(0).name != "race") wrong = true;
      }
    });
  }
  for (auto& thread : threads)
    thread.join();
  CHECK_FALSE(wrong);
  CHECK(interned().chunks == before.chunks);
  CHECK(interned().families == before.families);
}

TEST_CASE("chunks give back what was put in, in order") {
  const page source = exporter_page(300);
  const auto chunks = chunks_of(source);
  std::string expected;
  for (const auto& [name, count] : source.families) {
    expected += "# TYPE " + name + " gauge\n";
    for (int i = 0; i < count; ++i)
      expected += name + "{i=\"" + std::to_string(i) + "\"} 1\n";
  }
  CHECK(page_text(chunks) == expected);
  CHECK(chunks.size() > 10);
  for (const auto& chunk : chunks) {
    CHECK(chunk->size() <= 128);
    REQUIRE_FALSE(chunk->families().empty());
    CHECK(chunk->families()[0].first == 0);
    for (std::size_t i = 0; i < chunk->size(); ++i)
      CHECK(chunk->text(i).starts_with(chunk->family(i).name));
  }
}

TEST_CASE("one family or series more changes a chunk or two, wherever it comes") {
  const auto original = chunks_of(exporter_page(300));
  CHECK(only_in_first(chunks_of(exporter_page(300)), original) == 0);
  std::size_t changed = 0;
  for (std::size_t at = 0; at < 300; at += 10) {
    page with_family = exporter_page(300);
    with_family.families.insert(with_family.families.begin() + static_cast<std::ptrdiff_t>(at), {"new_one", 1});
    page with_series = exporter_page(300);
    ++with_series.families[at].series;
    for (const auto& changed_page : {with_family, with_series}) {
      const std::size_t different = only_in_first(chunks_of(changed_page), original);
      CHECK(different >= 1);
      changed += different;
    }
  }
  INFO("chunks changed in 60 insertions: " << changed);
  CHECK(changed < 60 * 3);
}

TEST_CASE("an unbroken run of one family is cut, its comments stay with its first chunk") {
  chunk_builder builder;
  metric_family family;
  family.name = "big";
  family.type = metric_type::counter;
  family.page_text = "# TYPE big counter\n";
  builder.family(intern(family));
  for (int i = 0; i < 1000; ++i)
    builder.series("big{i=\"" + std::to_string(i) + "\"} ");
  const auto chunks = builder.finish();
  REQUIRE(chunks.size() > 7);
  CHECK(chunks[0]->family(0).page_text == family.page_text);
  for (std::size_t i = 1; i < chunks.size(); ++i) {
    CHECK(chunks[i]->family(0).page_text.empty());
    CHECK(chunks[i]->family(0).name == "big");
    CHECK(chunks[i]->family(0).type == metric_type::counter);
  }
}

TEST_CASE("long lines make short chunks, and a builder without families or series works") {
  chunk_builder builder;
  CHECK(builder.finish().empty());
  metric_family unused;
  unused.name = "unused";
  builder.family(intern(unused));
  CHECK(builder.finish().empty());
  for (int i = 0; i < 20; ++i)
    builder.series("x{a=\"" + std::string(20'000, static_cast<char>('a' + i)) + "\"} ");
  const auto chunks = builder.finish();
  CHECK(chunks.size() == 10);
  CHECK(chunks[0]->family(0).name.empty());
}
