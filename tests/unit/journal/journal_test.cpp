#include <filesystem>
#include <fstream>
#include <map>

#include "protocol/journal/crc32c.hpp"
#include "tests/unit/journal/fixture.hpp"

using namespace troupe;
using namespace troupe::journal;
namespace fs = std::filesystem;

TEST_CASE("crc32c of known texts") {
  CHECK(crc32c("") == 0);
  CHECK(crc32c("123456789") == 0xe3069283u);
  CHECK(crc32c(std::string(32, '\0')) == 0x8a9136aau);
  CHECK(crc32c("56789", crc32c("1234")) == 0xe3069283u);
}

TEST_CASE_METHOD(fixture, "records are read in order, also those appended since, also after opening again") {
  for (const auto& text : numbers(1, 10))
    append(text);
  reader r(*of, 0);
  for (int i = 1; i <= 10; ++i) {
    const auto one = r.next();
    REQUIRE((one && *one));
    CHECK((*one)->number == static_cast<sequence>(i));
    CHECK((*one)->payload == "record " + std::to_string(i));
  }
  CHECK_FALSE(*r.next());
  append("record 11");
  CHECK((*r.next())->payload == "record 11");
  CHECK(read() == numbers(1, 11));
  CHECK(read(5) == numbers(5, 11));
  open();
  CHECK(report.records == 11);
  CHECK(report.torn_bytes == 0);
  CHECK(read() == numbers(1, 11));
  CHECK(append("record 12") == 12);
  CHECK(read() == numbers(1, 12));
}

TEST_CASE_METHOD(fixture, "each segment holds the definitions its records need, once") {
  settings.segment_bytes = 600;
  open();
  for (int i = 1; i <= 30; ++i)
    append("record " + std::to_string(i), {}, {7, 9});
  CHECK(segments().size() >= 3);
  open();
  reader r(*of, 17);
  const auto one = r.next();
  REQUIRE((one && *one));
  CHECK((*one)->number == 17);
  CHECK(r.definition(7) == "definition 7");
  CHECK(r.definition(9) == "definition 9");
  CHECK(r.definition(8).empty());
}

TEST_CASE_METHOD(fixture, "a torn end is cut off, what was whole is kept") {
  for (const auto& text : numbers(1, 5))
    append(text);
  const auto path = segments().back();
  of.reset();
  fs::resize_file(path, fs::file_size(path) - 3);
  open();
  CHECK(report.torn_bytes > 0);
  CHECK(read() == numbers(1, 4));
  append("record 6");
  CHECK(read().back() == "record 6");
  open();
  CHECK(report.torn_bytes == 0);
}

TEST_CASE_METHOD(fixture, "a flipped bit costs its record and is reported; wherever it is") {
  for (const auto& text : numbers(1, 5))
    append(text);
  const auto path = segments().back();
  const auto size = fs::file_size(path);
  of.reset();
  for (std::uint64_t offset = 24; offset < size - 60; ++offset) {
    flip(path, offset);
    open();
    const auto all = read();
    CHECK(all.size() == 4);
    CHECK((report.damaged_bytes > 0 && !report.damage.empty()));
    of.reset();
    flip(path, offset);
    for (const auto& name : segments()) {
      if (name != path) fs::remove(name);
    }
  }
}

TEST_CASE_METHOD(fixture, "a segment whose header is broken is set aside") {
  settings.segment_bytes = 200;
  open();
  for (const auto& text : numbers(1, 20))
    append(text);
  const auto first = segments().front();
  of.reset();
  flip(first, 1);
  open();
  REQUIRE(report.damage.size() == 1);
  CHECK(fs::exists(first + ".damaged"));
  CHECK(read().back() == "record 20");
  CHECK(read().size() < 20);
}

TEST_CASE_METHOD(fixture, "a cursor goes on where it was saved") {
  for (const auto& text : numbers(1, 10))
    append(text);
  CHECK(of->add_cursor("a") == 1);
  of->advance("a", 6);
  of->advance("a", 4);  // never back
  REQUIRE(of->sync());
  of->advance("a", 9);  // not saved
  open();
  CHECK(of->cursors().at("a") == 6);
  CHECK(of->add_cursor("a") == 6);
  CHECK(of->add_cursor("b") == 1);
  CHECK(of->add_cursor("c", 4) == 4);
  CHECK(of->add_cursor("d", 99) == 11);
  of->remove_cursor("a");
  REQUIRE(of->sync());
  open();
  CHECK(of->cursors().count("a") == 0);
}

TEST_CASE_METHOD(fixture, "damaged cursors begin at the oldest record, and it is said") {
  for (const auto& text : numbers(1, 3))
    append(text);
  of->add_cursor("a");
  of->advance("a", 3);
  REQUIRE(of->sync());
  of.reset();
  flip(directory.file("j/cursors"), 2);
  open();
  CHECK(report.damage.size() == 1);
  CHECK(of->add_cursor("a") == 1);
}

TEST_CASE_METHOD(fixture, "what all cursors have passed is removed, unless it is too young") {
  settings.segment_bytes = 200;
  settings.min_age_ms = 1000;
  open();
  of->add_cursor("a");
  of->add_cursor("b");
  for (const auto& text : numbers(1, 20))
    append(text);
  const auto before = of->count().segments;
  of->advance("a", 21);
  of->advance("b", 10);
  CHECK(of->reclaim(now).empty());
  CHECK(of->count().segments == before);
  CHECK(of->reclaim(now + 1000).empty());
  CHECK(of->count().segments < before);
  CHECK(read().back() == "record 20");
  CHECK(of->first() <= 10);
}

TEST_CASE_METHOD(fixture, "beyond the bounds the oldest goes, and what was not sent is counted for whom it was lost") {
  settings.segment_bytes = 200;
  settings.max_bytes = 700;
  open();
  of->add_cursor("slow");
  of->add_cursor("fast");
  for (const auto& text : numbers(1, 20))
    append(text);
  of->advance("fast", 21);
  of->advance("slow", 3);
  const auto lost = of->reclaim(now);
  std::uint64_t records = 0;
  for (const auto& one : lost) {
    CHECK(one.cursor == "slow");
    CHECK(one.reason == "size");
    records += one.records;
  }
  CHECK(records == of->first() - 3);
  CHECK(of->cursors().at("slow") == of->first());
  CHECK(of->count().bytes <= 700 + 300);

  settings.max_bytes = 1 << 20;
  settings.max_age_ms = 5000;
  open();
  const auto old = of->reclaim(now + 6000);
  for (const auto& one : old)
    CHECK(one.reason == "age");
}

TEST_CASE_METHOD(fixture, "a reader whose segment was removed goes on with the next one") {
  settings.segment_bytes = 200;
  settings.max_bytes = 700;
  open();
  for (const auto& text : numbers(1, 5))
    append(text);
  reader r(*of, 0);
  CHECK((*r.next())->number == 1);
  for (const auto& text : numbers(6, 40))
    append(text);
  (void)of->reclaim(now);
  sequence last = 1;
  for (;;) {
    const auto one = r.next();
    REQUIRE(one);
    if (!*one) break;
    CHECK((*one)->number > last);
    last = (*one)->number;
  }
  CHECK(last == 40);
}

TEST_CASE_METHOD(fixture, "the last number of each source is remembered, even when its segments are gone") {
  settings.segment_bytes = 200;
  open();
  for (std::uint64_t n = 1; n <= 20; ++n)
    append("x", {5, n});
  append("y", {6, 3});
  CHECK(of->last_number(5) == 20);
  CHECK(of->last_number(6) == 3);
  CHECK(of->last_number(7) == 0);
  open();
  CHECK(of->last_number(5) == 20);
  append("z");
  for (int i = 0; i < 10; ++i)
    append("filler");
  (void)of->reclaim(now + 1);
  CHECK(of->count().segments < 3);
  open();
  CHECK(of->last_number(5) == 20);
  CHECK(of->last_number(6) == 3);
}

TEST_CASE_METHOD(fixture, "only one process at a time") {
  open_report other;
  const auto second = journal::journal::open(disk, directory.file("j"), settings, other);
  REQUIRE_FALSE(second);
  CHECK(second.error().message.find("in use") != std::string::npos);
  CHECK(second.error().message.find(directory.file("j")) != std::string::npos);
}

TEST_CASE_METHOD(fixture, "syncing says how far the disk has it") {
  append("a");
  CHECK(of->needs_sync());
  const auto ticket = of->begin_sync();
  append("b");
  ticket->run();
  REQUIRE(of->finish_sync(*ticket));
  CHECK(of->count().durable == 2);
  CHECK(of->needs_sync());
  REQUIRE(of->sync());
  CHECK(of->count().durable == 3);
  CHECK_FALSE(of->needs_sync());
}

TEST_CASE_METHOD(fixture, "what was written before it was opened counts as durable only when it was synced") {
  append("a");
  append("b");
  open();
  CHECK(of->count().durable == 1);
  CHECK(of->needs_sync());
  REQUIRE(of->sync());
  CHECK(of->count().durable == 3);
  CHECK_FALSE(of->needs_sync());
}

TEST_CASE_METHOD(fixture, "nobody opens a journal while something of it is still being synced") {
  append("a");
  const auto ticket = of->begin_sync();
  of.reset();
  CHECK_FALSE(journal::journal::open(disk, directory.file("j"), settings, report));
  ticket->run();
  open();
  CHECK(read() == std::vector<std::string>{"a"});
}

TEST_CASE_METHOD(fixture, "behind a gap the numbers of sources do not count: what was lost is taken again") {
  settings.segment_bytes = 100;
  open();
  for (std::uint64_t n = 1; n <= 10; ++n)
    append("record", {5, n});
  const auto all = segments();
  REQUIRE(all.size() == 5);
  of.reset();
  fs::resize_file(all[2], fs::file_size(all[2]) - 10);  // number 6 is gone, 7 to 10 are there
  open();
  CHECK(of->last_number(5) == 5);
  CHECK(of->count().durable == of->next());
  for (std::uint64_t n = 6; n <= 12; ++n)
    append("record", {5, n});
  open();
  CHECK(of->last_number(5) == 12);
}

TEST_CASE_METHOD(fixture, "a segment that came to nothing does not confuse who reads on") {
  append("a", {5, 1}, {7});
  open();
  append("b", {6, 1}, {7});
  const auto path = segments().back();
  of.reset();
  fs::resize_file(path, fs::file_size(path) - 1);
  open();
  reader r(*of, 0);
  REQUIRE(*r.next());
  CHECK_FALSE(*r.next());
  append("c", {6, 1}, {7, 9});
  const auto one = r.next();
  REQUIRE((one && *one));
  CHECK((*one)->payload == "c");
  CHECK(r.definition(9) == "definition 9");
}

TEST_CASE_METHOD(fixture, "a gap is remembered when what shows it is removed") {
  settings.segment_bytes = 100;
  open();
  for (std::uint64_t n = 1; n <= 6; ++n)
    append("record", {5, n});
  const auto all = segments();
  REQUIRE(all.size() == 3);
  of.reset();
  fs::resize_file(all[1], fs::file_size(all[1]) - 10);  // number 4 is gone, 5 and 6 are there
  open();
  CHECK(of->last_number(5) == 3);
  of->add_cursor("a");
  of->advance("a", of->next());
  CHECK(of->reclaim(now).empty());
  CHECK(of->first() > 4);
  open();
  CHECK(of->last_number(5) == 3);
}
