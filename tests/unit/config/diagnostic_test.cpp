#include "config/diagnostic.hpp"

#include "config/limits.hpp"
#include "tests/catch.hpp"

#include <algorithm>

using namespace troupe::config;

namespace {

// Lines and columns as messages have them, the last one included.
range between(const source_ref& source, position first, position last) {
  range where{source.get(), 0, 0};
  const auto size = static_cast<std::uint32_t>(source->text().size());
  while (where.begin < size && !(source->at(where.begin) == first))
    ++where.begin;
  where.end = where.begin;
  while (where.end < size && !(source->at(where.end) == last))
    ++where.end;
  ++where.end;
  return where;
}

std::string shown(const std::string& text, position first, position last) {
  const auto source = source_file::make("file", text);
  return pretty(diagnostic(severity::error, between(source, first, last), "message"));
}

}  // namespace

TEST_CASE("the one-line form") {
  const auto source = source_file::make("dir/a.alloy", "x\n\tyy = 1");
  diagnostics list;
  CHECK(list.summary() == "no errors");
  list.error({source.get(), 3, 5}, "wrong");
  CHECK(list.summary() == "dir/a.alloy:2:2: wrong");
  list.warning({source.get(), 0, 1}, "odd");
  list.error({source.get(), 0, 1}, "bad");
  CHECK(list.summary() == "dir/a.alloy:2:2: wrong (and 2 more diagnostics)");
  list.sort();
  CHECK(list.summary() == "dir/a.alloy:1:1: odd (and 2 more diagnostics)");
  CHECK(diagnostic(severity::error, {}, "no place").text() == "no place");
  CHECK(diagnostic(severity::error, {}, "no place").place() == "-");
  CHECK(diagnostic(severity::error, {source_file::make("", "x").get(), 0, 1}, "m").text() == "1:1: m");
}

TEST_CASE("sorting goes by source, then place, and drops repetitions") {
  const auto one = source_file::make("one", "abcdef");
  const auto two = source_file::make("two", "abcdef");
  diagnostics list;
  list.error({two.get(), 4, 5}, "d");
  list.error({one.get(), 3, 4}, "b");
  list.error({two.get(), 0, 1}, "c");
  list.error({one.get(), 3, 4}, "b");
  list.warning({one.get(), 3, 4}, "b");
  list.sort();
  std::string order;
  for (const auto& d : list)
    order += d.source->name() + d.message + (d.level == severity::error ? "! " : "? ");
  CHECK(order == "twoc! twod! oneb! oneb? ");
  CHECK(list.has_errors());
}

TEST_CASE("of very many the first are kept, the others counted") {
  const auto source = source_file::make("f", "x");
  diagnostics list;
  for (int i = 0; i < 5; ++i)
    list.warning({source.get(), 0, 1}, "odd");
  for (std::size_t i = 0; i < max_errors + 3; ++i)
    list.error({source.get(), 0, 1}, std::to_string(i));
  CHECK(list.size() == max_errors + 5);
  CHECK(list.errors() == max_errors + 3);
  list.sort();
  CHECK(list.size() == max_errors + 1);
  diagnostics both;
  both.warning({source.get(), 0, 1}, "first");
  both.add(list);
  both.add(list);
  CHECK(both.errors() == 2 * (max_errors + 3));
  CHECK(both.left_out() == max_errors + 6);
  CHECK(both.rest() == "1006 more not shown");
  CHECK(both.summary() == "f:1:1: first (and 2008 more diagnostics)");
  CHECK(both.text("; ").starts_with("f:1:1: first; f:1:1: odd; f:1:1: 0; "));
  CHECK(both.text("; ").ends_with("; 1006 more not shown"));
  CHECK(pretty(both).ends_with("\n\n1006 more not shown\n"));
  CHECK(diagnostics().rest().empty());
}

TEST_CASE("a diagnostic keeps its source alive") {
  diagnostics list;
  {
    const auto source = source_file::make("gone", "text");
    list.error({source.get(), 0, 4}, "m");
  }
  CHECK(pretty(list) == "Error: gone:1:1: m\n\n1 | text\n  | ^^^^\n");
}

TEST_CASE("the pretty form, byte for byte") {
  SECTION("one line between its neighbours, tabs as four spaces") {
    CHECK(shown("a.b \"c\" {\n\tname  = 1\n\tother = 2\n}", {2, 2}, {2, 5}) ==
          "Error: file:2:2: message\n\n"
          "1 | a.b \"c\" {\n"
          "2 |     name  = 1\n"
          "  |     ^^^^\n"
          "3 |     other = 2\n");
  }
  SECTION("numbers are as wide as the widest") {
    CHECK(shown("1\n2\n3\n4\n5\n6\n7\n8\nnine\n10", {9, 1}, {9, 4}) ==
          "Error: file:9:1: message\n\n"
          " 8 | 8\n"
          " 9 | nine\n"
          "   | ^^^^\n"
          "10 | 10\n");
  }
  SECTION("several lines, from the start of a line") {
    CHECK(shown("before\nSTART\nx\n\tx\n\t\t\tDONE here\nafter", {2, 1}, {5, 7}) ==
          "Error: file:2:1: message\n\n"
          "1 |   before\n"
          "2 |   START\n"
          "  |  _^^^^^\n"
          "3 | | x\n"
          "4 | |     x\n"
          "5 | |             DONE here\n"
          "  | |_____________^^^^\n"
          "6 |   after\n");
  }
  SECTION("several lines, from the middle of a line") {
    CHECK(shown("k = START\nx\nDONE", {1, 5}, {3, 4}) ==
          "Error: file:1:5: message\n\n"
          "1 |   k = START\n"
          "  |  _____^^^^^\n"
          "2 | | x\n"
          "3 | | DONE\n"
          "  | |_^^^^\n");
  }
  SECTION("a point has one mark, also past the end of its line") {
    const auto source = source_file::make("file", "ab\ncd");
    CHECK(pretty(diagnostic(severity::warning, {source.get(), 1, 1}, "m")) ==
          "Warning: file:1:2: m\n\n1 | ab\n  |  ^\n2 | cd\n");
    CHECK(pretty(diagnostic(severity::error, {source.get(), 5, 5}, "m")) ==
          "Error: file:2:3: m\n\n1 | ab\n2 | cd\n  |   ^\n");
  }
  SECTION("characters of several bytes have one mark; control characters are harmless") {
    CHECK(shown("a\xC3\xA4\x1B[31mb\r", {1, 2}, {1, 3}) ==
          "Error: file:1:2: message\n\n1 | a\xC3\xA4\xEF\xBF\xBD[31mb\n  |  ^\n");
  }
  SECTION("several diagnostics, several files, none") {
    const auto one = source_file::make("one", "x = 1\n");
    diagnostics list;
    list.error({one.get(), 0, 1}, "first");
    list.error({}, "second");
    CHECK(pretty(list) == "Error: one:1:1: first\n\n1 | x = 1\n  | ^\n2 | \n\nError: second\n");
    CHECK(pretty(diagnostics()).empty());
  }
  SECTION("long lines and long ranges are cut") {
    const std::string line(5000, 'x');
    CHECK(shown(line, {1, 2}, {1, 2}) == "Error: file:1:2: message\n\n1 | " + line.substr(0, 1000) + "\n  |  ^\n");
    CHECK(shown(line, {1, 2000}, {1, 2000}) == "Error: file:1:2000: message\n");
    std::string lines;
    for (int i = 0; i < 300; ++i)
      lines += "x\n";
    const std::string cut = shown(lines, {1, 1}, {300, 1});
    CHECK(std::count(cut.begin(), cut.end(), '\n') == 107);
    CHECK(cut.find(" 50 | | x\n    | | ...\n250 | | x\n") != std::string::npos);
    const auto large = source_file::make("file", std::string((16 << 20) + 1, 'x'));
    CHECK(pretty(diagnostic(severity::error, {large.get(), 0, 0}, "m")) == "Error: file:1:1: m\n");
  }
  SECTION("colour") {
    CHECK(pretty(diagnostic(severity::error, {}, "m"), {.colour = true}) ==
          "\033[31;1mError: \033[0m\033[1mm\033[0m\n");
  }
}
