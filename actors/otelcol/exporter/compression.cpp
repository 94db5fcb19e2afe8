#include "actors/otelcol/exporter/compression.hpp"

#include <libdeflate.h>
#include <lz4frame.h>
#include <snappy.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <stdexcept>

#include "protocol/http/inflate.hpp"
#include "protocol/journal/crc32c.hpp"

namespace troupe::otelcol {

namespace {

constexpr std::array names{"", "gzip", "zlib", "deflate", "snappy", "x-snappy-framed", "zstd", "lz4"};

std::string deflated(compression how, std::string_view plain, int level) {
  struct release {
    void operator()(libdeflate_compressor* c) const { libdeflate_free_compressor(c); }
  };
  const std::unique_ptr<libdeflate_compressor, release> with(libdeflate_alloc_compressor(level));
  const bool gzip = how == compression::gzip;
  std::string out(gzip ? libdeflate_gzip_compress_bound(with.get(), plain.size())
                       : libdeflate_zlib_compress_bound(with.get(), plain.size()),
                  '\0');
  out.resize(gzip ? libdeflate_gzip_compress(with.get(), plain.data(), plain.size(), out.data(), out.size())
                  : libdeflate_zlib_compress(with.get(), plain.data(), plain.size(), out.data(), out.size()));
  return out;
}

std::string snappy_block(std::string_view plain) {
  std::string out;
  snappy::Compress(plain.data(), plain.size(), &out);
  return out;
}

void put_little_endian(std::uint32_t n, int bytes, std::string& out) {
  for (int i = 0; i < bytes; ++i)
    out += static_cast<char>(n >> 8 * i);
}

/// The stream format of snappy's framing_format.txt: an identifier, then chunks of at most 64 KiB with their checksums.
std::string snappy_stream(std::string_view plain) {
  constexpr std::size_t largest_chunk = 65536;
  constexpr char compressed = 0x00, uncompressed = 0x01;
  std::string out("\xff\x06\x00\x00sNaPpY", 10);
  while (!plain.empty()) {
    const auto some = plain.substr(0, largest_chunk);
    plain.remove_prefix(some.size());
    const auto crc = journal::crc32c(some);
    const auto masked = (crc >> 15 | crc << 17) + 0xa282ead8;
    const auto packed = snappy_block(some);
    const bool worth_it = packed.size() < some.size();
    out += worth_it ? compressed : uncompressed;
    put_little_endian(static_cast<std::uint32_t>((worth_it ? packed.size() : some.size()) + sizeof masked), 3, out);
    put_little_endian(masked, sizeof masked, out);
    out += worth_it ? std::string_view(packed) : some;
  }
  return out;
}

std::string zstd_frame(std::string_view plain, int level) {
  std::string out(ZSTD_compressBound(plain.size()), '\0');
  const auto size = ZSTD_compress(out.data(), out.size(), plain.data(), plain.size(), level);
  if (ZSTD_isError(size) != 0) throw std::runtime_error(std::string("zstd: ") + ZSTD_getErrorName(size));
  out.resize(size);
  return out;
}

std::string lz4_frame(std::string_view plain) {
  std::string out(LZ4F_compressFrameBound(plain.size(), nullptr), '\0');
  const auto size = LZ4F_compressFrame(out.data(), out.size(), plain.data(), plain.size(), nullptr);
  if (LZ4F_isError(size) != 0) throw std::runtime_error(std::string("lz4: ") + LZ4F_getErrorName(size));
  out.resize(size);
  return out;
}

bool is_deflate(compression how) {
  return how == compression::gzip || how == compression::zlib || how == compression::deflate;
}

}  // namespace

const char* name_of(compression how) {
  return names[static_cast<std::size_t>(how)];
}

std::optional<compression> compression_of(std::string_view name) {
  if (name == "none") return compression::none;
  const auto* at = std::find(names.begin(), names.end(), name);
  if (at == names.end()) return std::nullopt;
  return static_cast<compression>(at - names.begin());
}

config::complaints check_compression(const std::string& written, std::initializer_list<compression> supported) {
  const auto how = compression_of(written);
  if (how && (*how == compression::none || std::find(supported.begin(), supported.end(), *how) != supported.end()))
    return {};
  return {{"compression", "unsupported compression type \"" + written + "\""}};
}

bool has_level(compression how, std::int64_t level) {
  if (how == compression::zstd) return true;
  return is_deflate(how) ? level >= -2 && level <= 9 : level == 0;
}

std::string compress(compression how, std::string_view plain, std::int64_t level) {
  const auto at_least_fast = static_cast<int>(std::clamp<std::int64_t>(level, 1, ZSTD_maxCLevel()));
  switch (how) {
    case compression::none:
      return std::string(plain);
    case compression::gzip:
      return at_least_fast == 1 ? http::deflate_gzip(plain) : deflated(how, plain, at_least_fast);
    case compression::zlib:
    case compression::deflate:
      return deflated(how, plain, at_least_fast);
    // The collector's encoding "snappy" was the stream format once, and is the block format since its confighttp has
    // the feature gate confighttp.framedSnappy; its receivers take both by that name. gRPC's is the stream format
    // (mostynb/go-grpc-compression, which the collector's configgrpc uses).
    case compression::snappy:
      return snappy_block(plain);
    case compression::snappy_framed:
      return snappy_stream(plain);
    case compression::zstd:
      return zstd_frame(plain, at_least_fast);
    case compression::lz4:
      return lz4_frame(plain);
  }
  return {};
}

}  // namespace troupe::otelcol
