#include "protocol/http/inflate.hpp"

#include <string>

#include "tests/catch.hpp"

using namespace troupe;
using http::inflate_fault;

namespace {

std::string noise(std::size_t size) {
  std::string out;
  std::uint64_t state = 88172645463325252;
  while (out.size() < size) {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    out += static_cast<char>(state);
  }
  return out;
}

}  // namespace

TEST_CASE("what was deflated is inflated, at any size, up to the limit and no further") {
  for (const std::size_t size : {0, 1, 100, 5000, 100'000, 3'000'000}) {
    for (const auto& plain : {noise(size), std::string(size, 'a')}) {
      const auto packed = http::deflate_gzip(plain);
      http::body out;
      out.append("left over", 9);
      CHECK(http::inflate_gzip(packed, size + 1, out) == inflate_fault::none);
      CHECK(out.view() == plain);
      if (size == 0) continue;
      CHECK(http::inflate_gzip(packed, size, out) == inflate_fault::none);
      CHECK(http::inflate_gzip(packed, size - 1, out) == inflate_fault::too_large);
      CHECK(out.size() == 0);
    }
  }
}

TEST_CASE("several members are one body, each with its own size") {
  std::string packed, plain;
  for (int i = 0; i < 50; ++i) {
    const std::string piece(static_cast<std::size_t>(i) * 1000 % 7777, static_cast<char>('a' + i % 26));
    packed += http::deflate_gzip(piece);
    plain += piece;
  }
  http::body out;
  CHECK(http::inflate_gzip(packed, plain.size(), out) == inflate_fault::none);
  CHECK(out.view() == plain);
  CHECK(http::inflate_gzip(packed, plain.size() - 1, out) == inflate_fault::too_large);
  CHECK(http::inflate_gzip(packed, 1, out) == inflate_fault::too_large);
}

TEST_CASE("what is no gzip, or no whole one, is malformed") {
  const auto packed = http::deflate_gzip(noise(1000));
  http::body out;
  for (std::size_t cut = 0; cut < packed.size(); ++cut)
    CHECK(http::inflate_gzip(std::string_view(packed).substr(0, cut), 1 << 30, out) != inflate_fault::none);
  for (const std::size_t at :
       {std::size_t{0}, std::size_t{2}, std::size_t{500}, packed.size() - 8, packed.size() - 1}) {
    auto broken = packed;
    broken[at] = static_cast<char>(broken[at] ^ 0x55);
    CHECK(http::inflate_gzip(broken, std::uint64_t{1} << 40, out) == inflate_fault::malformed);
    CHECK(out.size() == 0);
  }
  CHECK(http::inflate_gzip(packed + "trailing garbage of some length", 1 << 20, out) == inflate_fault::malformed);
  CHECK(http::inflate_gzip(packed + std::string(32, '\0'), 1 << 20, out) == inflate_fault::malformed);
  CHECK(http::inflate_gzip("plain text that is longer than a header", 1 << 20, out) == inflate_fault::malformed);
}

TEST_CASE("a bomb allocates no more than its limit, whatever size it claims") {
  auto bomb = http::deflate_gzip(std::string(50 << 20, '\0'));
  for (const std::string& claim : {std::string(), std::string("\1\0\0\0", 4), std::string("\0\0\x0f\0", 4)}) {
    if (!claim.empty()) bomb.replace(bomb.size() - 4, 4, claim);
    http::body out;
    CHECK(http::inflate_gzip(bomb, 1'000'000, out) == inflate_fault::too_large);
    CHECK(out.capacity() <= 1'000'000);
  }
}
