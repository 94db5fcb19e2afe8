#include "protocol/remote_write/word_pack.hpp"

#include <cstring>
#include <random>
#include <vector>

#include "tests/catch.hpp"

using namespace troupe;
using namespace troupe::remote_write;

namespace {

std::string column(const std::vector<double>& values) {
  std::string bytes(values.size() * sizeof(double), '\0');
  if (!values.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

std::string packed(std::string_view bytes, std::size_t first) {
  std::string out;
  pack_words(bytes, first, out);
  return out;
}

}  // namespace

TEST_CASE("how many bytes values take") {
  struct row {
    double value;
    std::size_t bytes;
  };
  // Two values, so that half a byte of length counts.
  for (const auto& [value, bytes] : {row{0, 0}, row{1, 2}, row{-0.0, 1}, row{100, 2}, row{255, 3}, row{65'535, 4},
                                     row{1e6, 4}, row{0.5, 2}, row{0.1, 8}, row{1'700'000'000, 5}}) {
    INFO(value);
    CHECK(packed(column({value, value}), 0).size() == 2 + 1 + 2 * bytes);
  }
}

TEST_CASE("any bytes come back, wherever their words begin") {
  std::mt19937_64 random(11);
  for (int round = 0; round < 3000; ++round) {
    std::string bytes(random() % 200, '\0');
    for (auto& byte : bytes)
      byte = random() % 3 == 0 ? static_cast<char>(random()) : '\0';
    const std::size_t first = random() % 250;
    const auto made = packed(bytes, first);
    REQUIRE(made.size() <= bytes.size() + bytes.size() / 16 + 6);
    const auto back = unpack_words(made);
    REQUIRE(back);
    REQUIRE(*back == bytes);
  }
}

TEST_CASE("it is appended to what is there") {
  std::string out = "before";
  pack_words(column({1, 2, 3}), 0, out);
  CHECK(out.substr(0, 6) == "before");
  CHECK(unpack_words(out.substr(6)).value() == column({1, 2, 3}));
}

TEST_CASE("damaged words are refused") {
  const auto good = packed("head" + column({1, 2.5, 0.1, 7}) + "rest", 4);
  REQUIRE(unpack_words(good));
  for (std::size_t size = 0; size < good.size(); ++size) {
    INFO(size);
    CHECK_FALSE(unpack_words(std::string_view(good).substr(0, size)));
  }
  CHECK_FALSE(unpack_words(good + "x"));
  std::string wrong = good;
  wrong[2 + 4] = '\x09';  // nine bytes of eight
  CHECK_FALSE(unpack_words(wrong));
  CHECK_FALSE(unpack_words(std::string("\x04\x05zzzzz", 7)));  // more before than there is
  CHECK_FALSE(unpack_words(std::string("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\0", 11)));  // a size of 2^64 - 1
  CHECK_FALSE(unpack_words(std::string(12, '\xff')));
}
