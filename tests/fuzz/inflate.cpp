#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "protocol/http/inflate.hpp"

using namespace troupe;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

// The first two bytes are the limit; the rest is taken for gzip, then deflated and inflated.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::uint64_t limit = std::uint64_t{data[0]} << 8 | data[1];
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  http::body out;
  const auto fault = http::inflate_gzip(text, limit, out);
  require(out.size() <= limit && out.capacity() <= limit);
  require(fault == http::inflate_fault::none || out.size() == 0);
  if (fault == http::inflate_fault::none) {
    // More room changes nothing.
    http::body again;
    require(http::inflate_gzip(text, limit + 100'000, again) == fault);
    require(again.view() == out.view());
  }
  http::body back;
  require(http::inflate_gzip(http::deflate_gzip(text), text.size() + 1, back) == http::inflate_fault::none);
  require(back.view() == text);
  return 0;
}
