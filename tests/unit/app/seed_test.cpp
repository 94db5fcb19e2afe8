#include "actors/app/seed.hpp"

#include <fstream>
#include <regex>

#include "tests/catch.hpp"
#include "tests/temporary_directory.hpp"

using troupe::app::collector_uid;

TEST_CASE("a collector has one UUID for its storage path, whatever stood there") {
  troupe::testing::temporary_directory there, elsewhere;
  const auto first = collector_uid(there.file(""), "1.0");
  REQUIRE(first);
  CHECK(std::regex_match(*first, std::regex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")));
  CHECK(collector_uid(there.file(""), "2.0") == *first);
  CHECK(collector_uid(elsewhere.file(""), "1.0") != *first);

  const auto file = there.file("seed.json");
  for (const char* text :
       {"", "{", "[]", "{\"UID\": 1}", "{\"UID\": \"x\"}", "{\"UID\": \"0000000-00000-0000-0000-000000000000\"}"}) {
    std::ofstream(file, std::ios::trunc) << text;
    const auto fresh = collector_uid(there.file(""), "1.0");
    REQUIRE(fresh);
    CHECK(*fresh != *first);
    CHECK(collector_uid(there.file(""), "1.0") == *fresh);
  }
  std::ofstream(file, std::ios::trunc) << "{\"UID\": \"F81D4FAE-7dec-11d0-a765-00a0c91e6bf6\", \"more\": {}}";
  CHECK(collector_uid(there.file(""), "1.0") == "F81D4FAE-7dec-11d0-a765-00a0c91e6bf6");
}

TEST_CASE("a UUID that can't be kept is an error") {
  troupe::testing::temporary_directory there;
  const auto said = collector_uid(there.file("none"), "1.0");
  REQUIRE_FALSE(said);
  CHECK(said.error().message == "can't write " + there.file("none/seed.json"));
}
