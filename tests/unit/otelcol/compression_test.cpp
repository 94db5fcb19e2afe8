#include "actors/otelcol/exporter/compression.hpp"

#include <random>

#include "tests/catch.hpp"
#include "tests/unit/otelcol/decompress.hpp"

using namespace troupe;
using namespace troupe::otelcol;

namespace {

/// Words, and every now and then bytes that can't be made smaller, as much as needs several chunks of each format.
std::string sample(std::size_t size) {
  std::mt19937 random(static_cast<unsigned>(size));
  std::string made;
  while (made.size() < size) {
    if (made.size() % 200'000 < 65536) {
      made += "word" + std::to_string(random() % 500) + ' ';
    } else {
      made += static_cast<char>(random());
    }
  }
  made.resize(size);
  return made;
}

}  // namespace

TEST_CASE("what is compressed comes out as it was") {
  using enum compression;
  for (const auto how : {none, gzip, zlib, deflate, snappy, snappy_framed, zstd, lz4}) {
    for (const std::size_t size : {0, 1, 1000, 65536, 65537, 300'000}) {
      CAPTURE(name_of(how), size);
      const auto plain = sample(size);
      CHECK(testing::decompress(name_of(how), compress(how, plain)) == plain);
      if (how != none && size == 65536) CHECK(compress(how, plain).size() < size / 2);
    }
  }
}

TEST_CASE("levels of compression") {
  using enum compression;
  const auto plain = sample(60'000);
  for (const auto how : {gzip, zlib, zstd}) {
    for (const std::int64_t level : {-2, 0, 1, 9, 1000}) {
      if (!has_level(how, level)) continue;
      CAPTURE(name_of(how), level);
      CHECK(testing::decompress(name_of(how), compress(how, plain, level)) == plain);
    }
    CHECK(compress(how, plain, 9).size() < compress(how, plain, 1).size());
    CHECK(compress(how, plain, 0) == compress(how, plain, 1));
  }
  CHECK_FALSE(has_level(gzip, 10));
  CHECK_FALSE(has_level(snappy, 1));
  CHECK(has_level(snappy, 0));
  CHECK(has_level(zstd, 1000));
}

TEST_CASE("names of compressions") {
  CHECK(compression_of("") == compression::none);
  CHECK(compression_of("none") == compression::none);
  CHECK(compression_of("x-snappy-framed") == compression::snappy_framed);
  CHECK(compression_of("brotli") == std::nullopt);
  CHECK(std::string(name_of(compression::lz4)) == "lz4");
  CHECK(check_compression("none", {}).empty());
  CHECK(check_compression("zstd", {compression::zstd}).empty());
  CHECK(check_compression("lz4", {compression::zstd}).at(0).message == "unsupported compression type \"lz4\"");
}
