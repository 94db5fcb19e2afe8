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

namespace {

/// Samples [begin, end) of a series, and how many of them to keep.
struct stretch {
  std::size_t begin = 0, end = 0, points = 0;
  [[nodiscard]] std::size_t size() const { return end - begin; }
};

bool nothing(const sample& s) {
  return std::isnan(s.value);
}

/// The usual time from one sample to the next.
double usual_step(const std::vector<sample>& all) {
  std::vector<double> steps;
  steps.reserve(all.size());
  for (std::size_t i = 1; i < all.size(); ++i)
    steps.push_back(static_cast<double>(all[i].time_ms) - static_cast<double>(all[i - 1].time_ms));
  const auto middle = steps.begin() + static_cast<std::ptrdiff_t>(steps.size() / 2);
  std::nth_element(steps.begin(), middle, steps.end());
  return *middle;
}

/// Cut where there is nothing for longer than `width`: what is NaN there is a stretch of its own.
std::vector<stretch> cut_at_gaps(const std::vector<sample>& all, double width) {
  std::vector<stretch> cut;
  std::size_t begin = 0;
  const auto end_at = [&](std::size_t end) {
    if (end > begin) cut.push_back({begin, end});
    begin = end;
  };
  for (std::size_t i = 0; i < all.size();) {
    if (!nothing(all[i])) {
      ++i;
      continue;
    }
    std::size_t end = i;
    while (end < all.size() && nothing(all[end]))
      ++end;
    const auto left = static_cast<double>(all[i > 0 ? i - 1 : 0].time_ms);
    const auto right = static_cast<double>(all[std::min(end, all.size() - 1)].time_ms);
    if (right - left > width) {
      end_at(i);
      end_at(end);
    }
    i = end;
  }
  end_at(all.size());
  return cut;
}

/// Deals `points` out by size, to each at least one.
void deal(std::vector<stretch>& to, std::size_t points) {
  std::size_t all = 0, before = 0;
  for (const auto& one : to)
    all += one.size();
  const std::size_t extra = points - to.size();
  for (auto& one : to) {
    const auto up_to = [&](std::size_t n) { return extra * n / all; };
    one.points = std::min(one.size(), 1 + up_to(before + one.size()) - up_to(before));
    before += one.size();
  }
}

/// In the order of their worth, for a piece that has fewer points than four; what is left over goes between.
void keep_shape(const std::vector<sample>& all, const stretch& of, std::vector<std::size_t>& kept) {
  const std::size_t none = all.size();
  std::size_t first = none, last = none, least = none, most = none;
  for (std::size_t i = of.begin; i < of.end; ++i) {
    if (nothing(all[i])) continue;  // neither small nor large
    if (first == none) first = i;
    last = i;
    if (least == none || all[i].value < all[least].value) least = i;
    if (most == none || all[i].value > all[most].value) most = i;
  }
  const bool empty = first == none;
  if (empty || of.begin == 0) first = of.begin;
  if (empty || of.end == all.size()) last = of.end - 1;  // whether a series has ended is seen at its end
  std::vector<std::size_t> chosen;
  const auto choose = [&](std::size_t one) {
    if (one != none && chosen.size() < of.points && std::find(chosen.begin(), chosen.end(), one) == chosen.end())
      chosen.push_back(one);
  };
  for (const std::size_t one : {last, first, most, least})
    choose(one);
  const auto taken = [&](std::size_t one) {
    return (!empty && nothing(all[one])) || std::find(chosen.begin(), chosen.end(), one) != chosen.end();
  };
  for (std::size_t part = 1; part < of.points; ++part) {
    auto between = of.begin + of.size() * part / of.points;
    while (between < of.end && taken(between))
      ++between;
    if (between < of.end) choose(between);
  }
  std::sort(chosen.begin(), chosen.end());
  kept.insert(kept.end(), chosen.begin(), chosen.end());
}

}  // namespace

std::vector<sample> thin(const std::vector<sample>& all, std::size_t points) {
  if (points == 0 || all.size() <= points) return all;
  // So much time a point stands for; more of it where more gaps are wider than there is room for.
  double width = usual_step(all) * static_cast<double>(all.size()) / static_cast<double>(points);
  auto stretches = cut_at_gaps(all, width);
  while (stretches.size() > std::max<std::size_t>(1, points / 2)) {
    width = std::max(1.0, 2 * width);
    stretches = cut_at_gaps(all, width);
  }
  deal(stretches, points);
  std::vector<std::size_t> kept;
  for (const auto& one : stretches) {
    std::vector<stretch> pieces;
    const std::size_t parts = std::max<std::size_t>(1, one.points / 4);
    for (std::size_t i = 0; i < parts; ++i)
      pieces.push_back({one.begin + one.size() * i / parts, one.begin + one.size() * (i + 1) / parts});
    deal(pieces, one.points);
    for (const auto& piece : pieces)
      keep_shape(all, piece, kept);
  }
  std::vector<sample> few;
  few.reserve(kept.size());
  for (const std::size_t one : kept)
    few.push_back(all[one]);
  return few;
}

}  // namespace troupe::store
