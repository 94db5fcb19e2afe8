// Where nothing can be written, and where something is missing.

#include <filesystem>

#include "tests/unit/journal/fixture.hpp"

using namespace troupe;
using namespace troupe::journal;
namespace fs = std::filesystem;

TEST_CASE_METHOD(fixture, "to make room the segment that is being written goes, too, when nobody wants any of it") {
  settings.min_age_ms = 1'000'000;
  open();
  of->add_cursor("a");
  for (const auto& text : numbers(1, 10))
    append(text, {7, of->next()});
  of->advance("a", 10);
  CHECK(of->reclaim(now, true).empty());
  CHECK(read() == numbers(1, 10));  // the last is still wanted
  of->advance("a", 11);
  CHECK(of->reclaim(now).empty());
  CHECK(read() == numbers(1, 10));  // without need it keeps its age
  CHECK(of->reclaim(now, true).empty());
  CHECK(read().empty());
  CHECK(of->count().segments == 1);
  CHECK(of->count().bytes < 100);
  CHECK(append("record 11") == 11);
  open();
  CHECK(report.damage.empty());
  CHECK(read() == std::vector<std::string>{"record 11"});
  CHECK(of->next() == 12);
  CHECK(of->last_number(7) == 10);
}

TEST_CASE_METHOD(fixture, "a number that is left out is no record that misses") {
  append("a", {7, 1});
  CHECK(of->leave_out() == 2);
  CHECK(of->leave_out() == 3);
  append("b", {7, 4});
  CHECK(read() == std::vector<std::string>{"a", "b"});
  reader r(*of, 1);
  for (int i = 0; i < 2; ++i)
    (void)r.next();
  CHECK(r.missing() == 0);
  CHECK(r.wanted() == 5);
  // What stood for them may be lost with the process: the numbers of their source behind them do not count.
  open();
  CHECK(report.damage.empty());
  CHECK(of->last_number(7) == 1);
  CHECK(read() == std::vector<std::string>{"a", "b"});
}

TEST_CASE_METHOD(fixture, "records that can't be read any more are counted by who reads on") {
  settings.segment_bytes = 200;
  open();
  for (const auto& text : numbers(1, 30))
    append(text);
  const auto files = segments();
  REQUIRE(files.size() >= 4);
  reader r(*of, 1);
  REQUIRE(r.next());
  const auto in_first = read().size();
  CHECK(in_first == 30);
  flip(files[1], fs::file_size(files[1]) / 2);
  fs::resize_file(files[2], fs::file_size(files[2]) / 2);
  std::size_t more = 1;
  for (;;) {
    const auto one = r.next();
    REQUIRE(one);
    if (!*one) break;
    ++more;
  }
  CHECK(more < 30);
  CHECK(r.missing() == 30 - more);
}

TEST_CASE_METHOD(fixture, "a segment that is gone is said when the journal is opened") {
  settings.segment_bytes = 200;
  open();
  of->add_cursor("a");
  for (const auto& text : numbers(1, 30))
    append(text);
  REQUIRE(of->sync());
  const auto files = segments();
  REQUIRE(files.size() >= 4);
  of.reset();
  SECTION("in the middle") {
    fs::remove(files[1]);
    open();
    REQUIRE(report.damage.size() == 1);
    CHECK(report.damage[0].find("are missing: their file is gone") != std::string::npos);
  }
  SECTION("all of it, but for the name") {
    fs::resize_file(files.back(), 0);
    open();
    REQUIRE(report.damage.size() == 1);
    CHECK(report.damage[0].find("is empty: what it held, if anything, is lost") != std::string::npos);
  }
  SECTION("at the beginning, before it was read") {
    fs::remove(files[0]);
    open();
    REQUIRE(report.damage.size() == 1);
    CHECK(report.damage[0].find("a: records 1 to ") == 0);
    CHECK(report.damage[0].find("were not read yet and are missing") != std::string::npos);
  }
  // It is told: who reads on counts nothing.
  reader r(*of, 1);
  while (*r.next()) {
  }
  CHECK(r.missing() == 0);
}

TEST_CASE_METHOD(fixture, "what was left out is written in its place when that works again") {
  append("a", {7, 1});
  const auto two = of->leave_out(), three = of->leave_out();
  REQUIRE(of->sync());
  CHECK(of->count().durable == 4);
  const auto fill = [&](sequence number, const std::string& text, std::uint64_t of_source) {
    const auto done = of->append(text, 1, {7, of_source}, {}, {}, now, number);
    REQUIRE(done);
    CHECK(*done == number);
    of->left_out_is_done();
  };
  reader r(*of, 1);
  REQUIRE(*r.next());
  fill(two, "b", 2);
  CHECK(of->count().durable == 2);  // what is there now is not on the disk for good
  CHECK(of->next() == 4);
  fill(three, "c", 3);
  append("d", {7, 4});
  CHECK((*r.next())->payload == "b");
  CHECK(read() == std::vector<std::string>{"a", "b", "c", "d"});
  open();
  CHECK(read() == std::vector<std::string>{"a", "b", "c", "d"});
  CHECK(of->last_number(7) == 4);

  // Also behind a segment that was begun to make room.
  of->add_cursor("x");
  const auto five = of->leave_out();
  of->advance("x", five);
  (void)of->reclaim(now, true);
  fill(five, "e", 5);
  append("f", {7, 6});
  CHECK(read() == std::vector<std::string>{"e", "f"});
  open();
  CHECK(report.damage.empty());
  CHECK(read() == std::vector<std::string>{"e", "f"});
  CHECK(of->last_number(7) == 6);
}
