#include "protocol/telemetry/utf8.hpp"

#include "tests/catch.hpp"

using namespace troupe::telemetry;

TEST_CASE("UTF-8 is checked as RFC 3629 says") {
  const std::pair<std::string, bool> table[] = {
      {"", true},
      {"plain ascii longer than eight", true},
      {"12345678\xc3\xa4", true},
      {"\xe2\x82\xac\xf0\x9f\x8e\xad", true},
      {"\xf4\x8f\xbf\xbf", true},
      {"\xc0\x80", false},          // overlong
      {"\xc1\xbf", false},          // overlong
      {"\xe0\x9f\xbf", false},      // overlong
      {"\xf0\x8f\xbf\xbf", false},  // overlong
      {"\xed\xa0\x80", false},      // surrogate
      {"\xf4\x90\x80\x80", false},  // beyond the last
      {"\xf5\x80\x80\x80", false},
      {"\x80", false},
      {"\xc3", false},
      {"\xe2\x82", false},
      {"\xf0\x9f\x8e", false},
      {"12345678\xff", false},
  };
  for (const auto& [text, good] : table) {
    INFO(text);
    CHECK(is_valid_utf8(text) == good);
  }
}

TEST_CASE("what is no UTF-8 is repaired byte by byte") {
  const auto repaired = [](std::string_view text) {
    std::string out = "|";
    append_repaired_utf8(text, out);
    return out;
  };
  const std::string sign = "\xef\xbf\xbd";
  CHECK(repaired("") == "|");
  CHECK(repaired("plain, long enough for words of eight") == "|plain, long enough for words of eight");
  CHECK(repaired("\xe2\x82\xac") == "|\xe2\x82\xac");
  CHECK(repaired("a\xff"
                 "b") == "|a" + sign + "b");
  CHECK(repaired("\xe2\x82") == "|" + sign + sign);
  CHECK(repaired("12345678\xff\xfe"
                 "12345678") == "|12345678" + sign + sign + "12345678");
  CHECK(repaired("\xed\xa0\x80") == "|" + sign + sign + sign);
}
