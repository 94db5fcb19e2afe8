#include "config/source.hpp"

#include "config/limits.hpp"
#include "tests/catch.hpp"

#include <filesystem>
#include <fstream>

#include <unistd.h>

using namespace troupe::config;
using namespace std::string_literals;

TEST_CASE("places are counted from 1, columns in bytes") {
  const auto source = source_file::make("f", "ab\n\xC3\xA4x\n\nend");
  struct place {
    std::uint32_t offset, line, column;
  };
  for (const auto& [offset, line, column] : {place{0, 1, 1}, place{2, 1, 3}, place{3, 2, 1}, place{5, 2, 3},
                                             place{7, 3, 1}, place{8, 4, 1}, place{11, 4, 4}, place{99, 4, 4}}) {
    INFO("offset " << offset);
    CHECK(source->at(offset) == position{line, column});
  }
  CHECK(source->lines() == 4);
  CHECK(source->line(2) == "\xC3\xA4x");
  CHECK(source->line(4) == "end");
  CHECK(source->line(0).empty());
  CHECK(source->line(5).empty());
  CHECK(source_file::make("f", "a\n")->at(2) == position{2, 1});
  CHECK(source_file::make("f", "")->at(0) == position{1, 1});
}

TEST_CASE("a range knows its ends and its text") {
  const auto source = source_file::make("f", "one\ntwo");
  const range two{source.get(), 4, 7};
  CHECK(two.first() == position{2, 1});
  CHECK(two.last() == position{2, 3});
  CHECK(two.text() == "two");
  const range point{source.get(), 4, 4};
  CHECK(point.last() == position{2, 1});
  CHECK_FALSE(range{});
  CHECK(range{}.text().empty());
}

TEST_CASE("texts with a mark of UTF-16 or UTF-32 become UTF-8") {
  CHECK(to_utf8("plain") == "plain");
  CHECK(to_utf8("\xEF\xBB\xBF"
                "a") ==
        "\xEF\xBB\xBF"
        "a");
  CHECK(to_utf8("\xFF\xFE"
                "a\0\xE4\0"s) == "a\xC3\xA4");
  CHECK(to_utf8("\xFE\xFF\0a\0\xE4"s) == "a\xC3\xA4");
  CHECK(to_utf8("\xFF\xFE\0\0a\0\0\0"s) == "a");
  CHECK(to_utf8("\0\0\xFE\xFF\0\0\0a"s) == "a");
  CHECK(to_utf8("\xFF\xFE\x3D\xD8\x00\xDE"s) == "\xF0\x9F\x98\x80");  // a surrogate pair
  CHECK(to_utf8("\xFF\xFE\x3D\xD8"
                "a\0"s) ==
        "\xEF\xBF\xBD"
        "a");  // half of one
  CHECK(to_utf8("\xFF\xFE"
                "a\0b"s) == "a\xEF\xBF\xBD");  // half a unit
}

TEST_CASE("a directory's files are read in order; what can't be read says so") {
  const auto folder =
      std::filesystem::temp_directory_path() / ("troupe_config_source_test." + std::to_string(::getpid()));
  std::filesystem::create_directories(folder / "sub.alloy");
  for (const char* name : {"b.alloy", "a.alloy", "c.txt", ".hidden"})
    std::ofstream(folder / name) << name;
  const auto sources = read_sources(folder.string());
  REQUIRE(sources);
  REQUIRE(sources->size() == 2);
  CHECK((*sources)[0]->text() == "a.alloy");
  CHECK((*sources)[1]->name() == (folder / "b.alloy").string());
  CHECK(read_sources((folder / "c.txt").string())->size() == 1);
  const auto missing = read_source((folder / "none").string());
  REQUIRE_FALSE(missing);
  CHECK(missing.error() == (folder / "none").string() + ": No such file or directory");
  CHECK(read_source(folder.string()).error() == folder.string() + ": is a directory");
  std::ofstream(folder / "large") << std::string(max_source_bytes + 1, ' ');
  CHECK(read_source((folder / "large").string()).error() ==
        (folder / "large").string() + ": is larger than 16777216 bytes");
  std::filesystem::remove_all(folder);
}
