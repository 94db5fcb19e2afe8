#include "protocol/telemetry/label.hpp"

#include <string>

#include "tests/catch.hpp"

using troupe::telemetry::label_buffer;
using troupe::telemetry::label_set;

TEST_CASE("a label set is sorted, its names are unique, empty values are absent") {
  const label_set set(label_set::container{{"b", "1"}, {"a", "2"}, {"b", "3"}, {"c", ""}, {"d", "4"}, {"d", ""}});
  CHECK(set.to_text() == R"({a="2", b="3"})");
  CHECK(set.get("b") == "3");
  CHECK(set.get("c").empty());
  CHECK(set == label_set{{"a", "2"}, {"b", "3"}});
}

TEST_CASE("set and erase keep the order") {
  label_set set;
  set.set("m", "1");
  set.set("a", "2");
  set.set("z", "3");
  set.set("m", "4");
  CHECK(set.to_text() == R"({a="2", m="4", z="3"})");
  set.set("a", "");
  set.erase("nothing");
  set.erase("z");
  CHECK(set.to_text() == R"({m="4"})");
}

TEST_CASE("the text escapes what would end a value") {
  CHECK(label_set{{"a", "q\"b\\n\n"}}.to_text() == R"({a="q\"b\\n\n"})");
}

TEST_CASE("hashes tell names from values and agree between set and buffer") {
  CHECK(label_set{{"ab", "c"}}.hash() != label_set{{"a", "bc"}}.hash());
  CHECK(label_set{{"a", "b"}, {"c", "d"}}.hash() != label_set{{"a", "b"}, {"c", "e"}}.hash());
  for (const std::size_t size : {1, 100, 2000}) {
    const label_set set{{"name", std::string(size, 'x')}, {"a", "b"}};
    label_buffer buffer;
    buffer.add("name", set.get("name"));
    buffer.add("a", "b");
    buffer.sort();
    CHECK(buffer.hash() == set.hash());
    CHECK(buffer.to_set() == set);
  }
  // Stored on disks: must not change.
  CHECK(label_set{}.hash() == 0x2d06800538d394c2);
}

TEST_CASE("a buffer keeps texts of any size until it is cleared, and then uses its memory again") {
  label_buffer buffer;
  for (int round = 0; round < 3; ++round) {
    buffer.clear();
    std::vector<std::string> originals;
    std::vector<std::string_view> kept;
    for (const std::size_t size : {5, 4000, 200, 9000, 1, 100'000, 3, 70'000}) {
      originals.emplace_back(size, static_cast<char>('a' + originals.size()));
      kept.push_back(buffer.keep(originals.back()));
    }
    for (std::size_t i = 0; i < kept.size(); ++i)
      CHECK(kept[i] == originals[i]);
  }
  CHECK(buffer.keep("").empty());
}

TEST_CASE("a buffer sorts few labels and many alike") {
  for (const int count : {3, 32, 33, 300}) {
    label_buffer buffer;
    for (int i = 0; i < count; ++i)
      buffer.add(buffer.keep("l" + std::to_string((i * 7919) % 1000)), "v");
    buffer.sort();
    CHECK(std::is_sorted(buffer.labels().begin(), buffer.labels().end(),
                         [](const auto& a, const auto& b) { return a.name < b.name; }));
    CHECK(buffer.labels().size() == static_cast<std::size_t>(count));
  }
}
