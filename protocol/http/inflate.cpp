#include "protocol/http/inflate.hpp"

#include <libdeflate.h>

#include <algorithm>
#include <cstring>
#include <memory>

namespace troupe::http {

namespace {

// RFC 1952: the smallest member is a 10-byte header, an empty block of 2 bytes and the 8-byte trailer.
constexpr std::size_t smallest_member = 20;
// No deflate stream is longer than 1032 times its compressed bytes (zlib's technical notes).
constexpr std::uint64_t largest_ratio = 1032;

libdeflate_decompressor* decompressor() {
  struct release {
    void operator()(libdeflate_decompressor* d) const { libdeflate_free_decompressor(d); }
  };
  thread_local const std::unique_ptr<libdeflate_decompressor, release> mine(libdeflate_alloc_decompressor());
  return mine.get();
}

// RFC 1952, ISIZE: the last member's inflated size modulo 2^32, little endian.
std::uint64_t claimed_size(std::string_view compressed) {
  std::uint64_t size = 0;
  for (std::size_t i = 1; i <= 4; ++i)
    size = size << 8 | static_cast<unsigned char>(compressed[compressed.size() - i]);
  return size;
}

}  // namespace

inflate_fault inflate_gzip(std::string_view compressed, std::uint64_t limit, body& out) {
  out.clear();
  if (compressed.size() < smallest_member) return inflate_fault::malformed;
  // An honest bomb costs nothing; a claim that these bytes can't keep shows that some are missing or foreign.
  const std::uint64_t claimed = claimed_size(compressed);
  const std::uint64_t possible = compressed.size() * largest_ratio;
  if (claimed > possible) return inflate_fault::malformed;
  if (claimed > limit && static_cast<unsigned char>(compressed[0]) == 0x1f) return inflate_fault::too_large;
  const std::uint64_t most = std::min(limit, possible);
  std::uint64_t room = std::min<std::uint64_t>(std::max<std::uint64_t>(claimed, compressed.size()), most);

  while (!compressed.empty()) {
    std::size_t used = 0;
    std::size_t made = 0;
    const std::size_t before = out.size();
    out.reserve(before + room);
    const std::size_t space = std::min<std::uint64_t>(out.capacity(), limit) - before;
    const auto status = libdeflate_gzip_decompress_ex(decompressor(), compressed.data(), compressed.size(),
                                                      out.data() + before, space, &used, &made);
    if (status == LIBDEFLATE_INSUFFICIENT_SPACE) {
      if (space >= limit - before || before + space >= most) {
        out.clear();
        return before + space >= limit ? inflate_fault::too_large : inflate_fault::malformed;
      }
      room = std::min<std::uint64_t>(std::max<std::uint64_t>(space * 4, 4096), most - before);
      continue;
    }
    if (status != LIBDEFLATE_SUCCESS) {
      out.clear();
      return inflate_fault::malformed;
    }
    out.resize_for_overwrite(before + made);
    compressed.remove_prefix(used);
    room = std::min<std::uint64_t>(compressed.size(), limit - out.size());
  }
  return inflate_fault::none;
}

std::string deflate_gzip(std::string_view plain) {
  struct release {
    void operator()(libdeflate_compressor* c) const { libdeflate_free_compressor(c); }
  };
  thread_local const std::unique_ptr<libdeflate_compressor, release> mine(libdeflate_alloc_compressor(1));
  std::string out(libdeflate_gzip_compress_bound(mine.get(), plain.size()), '\0');
  out.resize(libdeflate_gzip_compress(mine.get(), plain.data(), plain.size(), out.data(), out.size()));
  return out;
}

}  // namespace troupe::http
