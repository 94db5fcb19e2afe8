#include "actors/store/local/samples.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace troupe::store {

namespace {

void put_varint(std::uint64_t n, std::string& out) {
  for (; n >= 0x80; n >>= 7)
    out.push_back(static_cast<char>(n | 0x80));
  out.push_back(static_cast<char>(n));
}
bool get_varint(const char*& p, const char* end, std::uint64_t& n) {
  n = 0;
  for (unsigned shift = 0; shift < 64 && p != end; shift += 7) {
    const auto byte = static_cast<unsigned char>(*p++);
    n |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}
std::uint64_t zigzag(std::int64_t n) {
  return (static_cast<std::uint64_t>(n) << 1) ^ static_cast<std::uint64_t>(n >> 63);
}
std::int64_t unzigzag(std::uint64_t n) {
  return static_cast<std::int64_t>(n >> 1) ^ -static_cast<std::int64_t>(n & 1);
}

}  // namespace

std::string pack(const std::vector<sample>& samples) {
  std::string out;
  std::uint64_t time = 0, step = 0, bits = 0;  // differences may wrap around: a target's timestamps can be anything
  for (const auto& one : samples) {
    const std::uint64_t next = static_cast<std::uint64_t>(one.time_ms) - time;
    put_varint(zigzag(static_cast<std::int64_t>(next - step)), out);
    time = static_cast<std::uint64_t>(one.time_ms);
    step = next;
    const auto now = std::bit_cast<std::uint64_t>(one.value);
    const std::uint64_t changed = now ^ bits;
    bits = now;
    // [zero bytes at the top, zero bytes at the bottom], then what is between.
    const unsigned top = changed == 0 ? 8 : static_cast<unsigned>(std::countl_zero(changed)) / 8;
    const unsigned bottom = changed == 0 ? 0 : static_cast<unsigned>(std::countr_zero(changed)) / 8;
    out.push_back(static_cast<char>(top << 4 | bottom));
    for (unsigned i = bottom; i < 8 - top; ++i)
      out.push_back(static_cast<char>(changed >> (8 * i)));
  }
  return out;
}

bool unpack(std::string_view bytes, std::vector<sample>& out) {
  const char* p = bytes.data();
  const char* const end = p + bytes.size();
  std::int64_t time = 0, step = 0;
  std::uint64_t bits = 0;
  while (p != end) {
    std::uint64_t delta = 0;
    if (!get_varint(p, end, delta) || p == end) return false;
    step = static_cast<std::int64_t>(static_cast<std::uint64_t>(step) + static_cast<std::uint64_t>(unzigzag(delta)));
    time = static_cast<std::int64_t>(static_cast<std::uint64_t>(time) + static_cast<std::uint64_t>(step));
    const auto control = static_cast<unsigned char>(*p++);
    const unsigned top = control >> 4, bottom = control & 15;
    if (top > 8 || bottom > 8 || top + bottom > 8) return false;
    if (end - p < static_cast<std::ptrdiff_t>(8 - top - bottom)) return false;
    for (unsigned i = bottom; i < 8 - top; ++i)
      bits ^= static_cast<std::uint64_t>(static_cast<unsigned char>(*p++)) << (8 * i);
    out.push_back({time, std::bit_cast<double>(bits)});
  }
  return true;
}

void sort_by_time(std::vector<sample>& samples) {
  const auto earlier = [](const sample& a, const sample& b) { return a.time_ms < b.time_ms; };
  if (!std::is_sorted(samples.begin(), samples.end(), earlier))
    std::stable_sort(samples.begin(), samples.end(), earlier);
  std::size_t kept = 0;
  for (const auto& one : samples) {
    if (kept > 0 && samples[kept - 1].time_ms == one.time_ms) --kept;
    samples[kept++] = one;
  }
  samples.resize(kept);
}

std::vector<sample> thin(const std::vector<sample>& all, std::int64_t from_ms, std::int64_t to_ms, std::size_t points) {
  if (points == 0 || all.size() <= points) return all;
  const double begins = static_cast<double>(from_ms);
  const std::size_t pieces = std::max<std::size_t>(1, points / 4);
  const double width = std::max(1.0, static_cast<double>(to_ms) - begins + 1) / static_cast<double>(pieces);
  const auto piece_of = [&](const sample& s) {
    const double piece = (static_cast<double>(s.time_ms) - begins) / width;
    return static_cast<std::size_t>(std::clamp(piece, 0.0, static_cast<double>(pieces - 1)));
  };
  std::vector<sample> kept;
  for (std::size_t begin = 0; begin < all.size();) {
    const auto piece = piece_of(all[begin]);
    std::size_t end = begin, least = all.size(), most = all.size();
    for (; end < all.size() && piece_of(all[end]) == piece; ++end) {
      if (std::isnan(all[end].value)) continue;  // neither small nor large
      if (least == all.size() || all[end].value < all[least].value) least = end;
      if (most == all.size() || all[end].value > all[most].value) most = end;
    }
    // In the order of their worth, for those who ask for fewer than four.
    std::vector<std::size_t> chosen;
    for (const std::size_t one : {end - 1, begin, most, least}) {
      if (one < all.size() && chosen.size() < points && std::find(chosen.begin(), chosen.end(), one) == chosen.end())
        chosen.push_back(one);
    }
    std::sort(chosen.begin(), chosen.end());
    for (const std::size_t one : chosen)
      kept.push_back(all[one]);
    begin = end;
  }
  return kept;
}

}  // namespace troupe::store
