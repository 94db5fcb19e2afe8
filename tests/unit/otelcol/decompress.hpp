#pragma once

#include <lz4frame.h>
#include <snappy.h>
#include <zlib.h>
#include <zstd.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// What a server does with a body, by its Content-Encoding. None of it is the program's own code.
namespace troupe::testing {

inline std::optional<std::string> read_deflate(std::string_view in, int window_bits) {
  z_stream with{};
  if (inflateInit2(&with, window_bits) != Z_OK) return std::nullopt;
  with.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
  with.avail_in = static_cast<uInt>(in.size());
  std::string out;
  char some[4096];
  int how = Z_OK;
  while (how == Z_OK) {
    with.next_out = reinterpret_cast<Bytef*>(some);
    with.avail_out = sizeof some;
    how = inflate(&with, Z_NO_FLUSH);
    out.append(some, sizeof some - with.avail_out);
  }
  const bool whole = how == Z_STREAM_END && with.avail_in == 0;
  inflateEnd(&with);
  return whole ? std::optional(out) : std::nullopt;
}

inline std::optional<std::string> read_snappy(std::string_view in) {
  std::string out;
  return snappy::Uncompress(in.data(), in.size(), &out) ? std::optional(out) : std::nullopt;
}

/// Bit by bit, of the reversed polynomial.
inline std::uint32_t slow_crc32c(std::string_view bytes) {
  std::uint32_t crc = ~0u;
  for (const unsigned char c : bytes) {
    crc ^= c;
    for (int bit = 0; bit < 8; ++bit)
      crc = crc >> 1 ^ ((crc & 1) != 0 ? 0x82f63b78u : 0u);
  }
  return ~crc;
}

inline std::uint32_t little_endian(std::string_view from, std::size_t bytes) {
  std::uint32_t n = 0;
  for (std::size_t i = bytes; i > 0; --i)
    n = n << 8 | static_cast<unsigned char>(from[i - 1]);
  return n;
}

/// framing_format.txt of snappy, with all its checks.
inline std::optional<std::string> read_snappy_stream(std::string_view in) {
  const std::string_view identifier("\xff\x06\x00\x00sNaPpY", 10);
  if (!in.starts_with(identifier)) return std::nullopt;
  in.remove_prefix(identifier.size());
  std::string out;
  while (!in.empty()) {
    if (in.size() < 8) return std::nullopt;
    const auto size = little_endian(in.substr(1), 3);
    if (in.size() < 4 + size) return std::nullopt;
    const auto sum = little_endian(in.substr(4), 4);
    const auto data = in.substr(8, size - 4);
    const auto plain = in[0] == 0 ? read_snappy(data) : std::optional<std::string>(data);
    if (!plain || plain->size() > 65536 || (in[0] != 0 && in[0] != 1)) return std::nullopt;
    const auto crc = slow_crc32c(*plain);
    if (sum != (crc >> 15 | crc << 17) + 0xa282ead8u) return std::nullopt;
    out += *plain;
    in.remove_prefix(4 + size);
  }
  return out;
}

inline std::optional<std::string> read_zstd(std::string_view in) {
  const auto size = ZSTD_getFrameContentSize(in.data(), in.size());
  if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN || size > (1 << 24)) return std::nullopt;
  std::string out(size, '\0');
  if (ZSTD_decompress(out.data(), out.size(), in.data(), in.size()) != size) return std::nullopt;
  return out;
}

inline std::optional<std::string> read_lz4(std::string_view in) {
  LZ4F_dctx* with = nullptr;
  if (LZ4F_isError(LZ4F_createDecompressionContext(&with, LZ4F_VERSION)) != 0) return std::nullopt;
  std::string out(1 << 20, '\0');
  std::size_t made = out.size(), read = in.size();
  const bool whole = LZ4F_decompress(with, out.data(), &made, in.data(), &read, nullptr) == 0 && read == in.size();
  LZ4F_freeDecompressionContext(with);
  out.resize(made);
  return whole ? std::optional(out) : std::nullopt;
}

/// Nothing: it is not what it says it is.
inline std::optional<std::string> decompress(std::string_view encoding, std::string_view in) {
  if (encoding.empty()) return std::string(in);
  if (encoding == "gzip") return read_deflate(in, 16 + MAX_WBITS);
  if (encoding == "zlib" || encoding == "deflate") return read_deflate(in, MAX_WBITS);
  if (encoding == "snappy") return read_snappy(in);
  if (encoding == "x-snappy-framed") return read_snappy_stream(in);
  if (encoding == "zstd") return read_zstd(in);
  if (encoding == "lz4") return read_lz4(in);
  return std::nullopt;
}

}  // namespace troupe::testing
