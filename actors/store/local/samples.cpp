#include "actors/store/local/samples.hpp"

#include <bit>
#include <cstring>

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
  std::int64_t time = 0, step = 0;
  std::uint64_t bits = 0;
  for (const auto& one : samples) {
    const std::int64_t next = one.time_ms - time;
    put_varint(zigzag(next - step), out);
    time = one.time_ms;
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

}  // namespace troupe::store
