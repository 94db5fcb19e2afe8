#include "protocol/http/verdict.hpp"

#include "tests/catch.hpp"

using namespace troupe::http;
using kind = verdict::kind;
using namespace std::chrono_literals;

TEST_CASE("what a status means") {
  struct row {
    int status;
    kind with_429, without_429;
  };
  for (const auto& [status, with, without] :
       {row{0, kind::retry, kind::retry}, row{100, kind::refused, kind::refused},
        row{200, kind::delivered, kind::delivered}, row{204, kind::delivered, kind::delivered},
        row{301, kind::refused, kind::refused}, row{400, kind::refused, kind::refused},
        row{401, kind::refused, kind::refused}, row{404, kind::refused, kind::refused},
        row{408, kind::refused, kind::refused}, row{413, kind::refused, kind::refused},
        row{429, kind::retry, kind::refused}, row{500, kind::retry, kind::retry}, row{503, kind::retry, kind::retry},
        row{599, kind::retry, kind::retry}}) {
    INFO(status);
    CHECK(classify(status, "", true, 0).what == with);
    CHECK(classify(status, "", false, 0).what == without);
  }
}

TEST_CASE("Retry-After in seconds and as a date") {
  const std::int64_t now = 1'700'000'000'000;  // Tue, 14 Nov 2023 22:13:20 GMT
  const auto after = [&](const char* header) { return classify(503, header, true, now).after; };
  CHECK(after("7") == 7s);
  CHECK(after("Tue, 14 Nov 2023 22:13:50 GMT") == 30s);
  CHECK(after("Tuesday, 14-Nov-23 22:13:50 GMT") == 30s);
  CHECK(after("Tue Nov 14 22:13:50 2023") == 30s);
  CHECK(after("Wed Nov  1 00:00:00 2124") == 24h);
  CHECK_FALSE(after("Tue, 14 Nov 2023 22:13:00 GMT"));
  CHECK_FALSE(after("Tue, 14 Nov 2023 22:13:50 GMT, or later"));
  CHECK_FALSE(after("7.5"));
  CHECK_FALSE(after("99999999999999999999999"));
  CHECK_FALSE(after("0"));
  CHECK_FALSE(after("-5"));
  CHECK_FALSE(after("soon"));
  CHECK_FALSE(after(""));
  CHECK(after("99999999999") == 24h);
  CHECK_FALSE(classify(400, "7", true, now).after);
  CHECK_FALSE(classify(429, "7", false, now).after);
  CHECK(classify(429, "7", true, now).after == 7s);
}
