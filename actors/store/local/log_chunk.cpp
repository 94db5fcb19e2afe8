#include "actors/store/local/log_chunk.hpp"

#include "protocol/http/inflate.hpp"
#include "protocol/telemetry/coding.hpp"

namespace troupe::store {

namespace {

using telemetry::coding::reader;
using telemetry::coding::writer;

enum form : char { plain = 0, gzip = 1 };
constexpr std::size_t worth_compressing = 1024;
/// Time, sizes of line and metadata: at most.
constexpr std::uint64_t entry_overhead = 24;

}  // namespace

std::string encode_metadata(std::span<const telemetry::label_view> all) {
  std::string out;
  if (all.empty()) return out;
  writer(out).pairs(all);
  return out;
}

std::vector<telemetry::label_view> metadata_of(std::string_view encoded) {
  std::vector<telemetry::label_view> all;
  if (encoded.empty()) return all;
  reader in(encoded);
  in.pairs(all);
  if (!in.whole()) all.clear();
  return all;
}

std::uint64_t bytes_of(std::span<const log_entry> entries) {
  std::uint64_t bytes = 8;
  for (const auto& one : entries)
    bytes += entry_overhead + one.line.size() + one.metadata.size();
  return bytes;
}

std::string pack(std::span<const log_entry> entries) {
  std::string out(1, plain);
  out.reserve(bytes_of(entries) + 1);
  writer put(out);
  std::uint64_t before = 0;  // differences may wrap around: an entry's time can be anything
  for (const auto& one : entries) {
    const auto time = static_cast<std::uint64_t>(one.time_ns);
    const auto step = static_cast<std::int64_t>(time - before);
    put.number(static_cast<std::uint64_t>(step) << 1 ^ static_cast<std::uint64_t>(step >> 63));
    put.text(one.line);
    put.text(one.metadata);
    before = time;
  }
  if (out.size() < worth_compressing) return out;
  auto smaller = http::deflate_gzip(std::string_view(out).substr(1));
  if (smaller.size() + 1 >= out.size()) return out;
  smaller.insert(smaller.begin(), gzip);
  return smaller;
}

bool unpack(std::string_view packed, std::uint64_t bytes, http::body& room, std::vector<log_entry>& out) {
  if (packed.empty()) return false;
  auto text = packed.substr(1);
  if (packed.front() == gzip) {
    if (http::inflate_gzip(text, bytes, room) != http::inflate_fault::none) return false;
    text = room.view();
  }
  reader in(text);
  std::uint64_t time = 0;
  while (in.ok() && !in.whole()) {
    const auto step = in.number();
    time += step >> 1 ^ (~(step & 1) + 1);
    log_entry one{static_cast<std::int64_t>(time), in.text(), {}};
    one.metadata = in.text();
    if (in.ok()) out.push_back(one);
  }
  return in.ok();
}

}  // namespace troupe::store
