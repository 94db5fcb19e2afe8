#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace troupe::exposition {

namespace detail {

inline constexpr double powers_of_ten[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                           1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
inline constexpr std::uint64_t small_powers[] = {1, 10, 100, 1'000, 10'000, 100'000, 1'000'000, 10'000'000};

/// Eight decimal digits, given as the numbers 0 to 9, the first one in the lowest byte.
inline std::uint64_t eight_digits(std::uint64_t digits) {
  digits = digits * 10 + (digits >> 8);
  const std::uint64_t mask = 0x000000ff000000ff;
  return (((digits & mask) * 0x000f424000000064) + (((digits >> 16) & mask) * 0x0000271000000001)) >> 32;
}

/// Appends the digits at p to `number` (which may overflow: the caller counts them); reads at most 31 bytes.
[[gnu::always_inline]] inline const char* take_digits(const char* p, std::uint64_t& number) {
  for (int round = 0; round < 3; ++round) {
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, p, sizeof bytes);
    bytes ^= 0x3030303030303030;
    const std::uint64_t others = ((bytes + 0x7676767676767676) | bytes) & 0x8080808080808080;
    if (others != 0) {
      const int count = std::countr_zero(others) >> 3;
      if (count == 0) return p;
      number = number * small_powers[count] + eight_digits(bytes << (64 - 8 * count));
      return p + count;
    }
    number = number * 100'000'000 + eight_digits(bytes);
    p += 8;
  }
  return p;
}

/// Adds the exponent after an `e`; p itself if there is none that could matter.
inline const char* take_exponent(const char* p, std::ptrdiff_t& exponent) {
  const bool negative = *p == '-';
  p += negative || *p == '+' ? 1 : 0;
  const auto first = static_cast<unsigned>(p[0] - '0');
  const auto second = static_cast<unsigned>(p[1] - '0');
  if (first > 9) return p - 1;
  const std::ptrdiff_t read = second > 9 ? first : first * 10 + second;
  exponent += negative ? -read : read;
  return p + (second > 9 ? 1 : 2);
}

/// The general case; `parse_value` has the contract.
const char* parse_any_value(const char* begin, const char* end, double& out);
/// The digits of [begin, end) are known to be a number without a sign; only too large or too small they can be.
const char* parse_long_value(const char* begin, const char* end, bool negative, double& out);

}  // namespace detail

/// Reads a value at `begin` (Go float syntax without `p`, `P`, `_`; Inf and NaN in any case; every NaN is the normal
/// one) up to a blank, a newline or `end`. Returns the end of the number, or null if there is none or it is out of
/// range. Exactly rounded.
[[gnu::always_inline]] inline const char* parse_value(const char* begin, const char* end, double& out) {
  // Loads below go beyond the number, but less than this.
  constexpr std::ptrdiff_t room = 80;
  if (end - begin < room) return detail::parse_any_value(begin, end, out);
  const bool negative = *begin == '-';
  const char* const digits = begin + (negative ? 1 : 0);
  std::uint64_t mantissa = 0;
  const char* p = detail::take_digits(digits, mantissa);
  std::ptrdiff_t count = p - digits;
  // Whole numbers are what most lines have.
  constexpr std::ptrdiff_t exact_digits = 15;
  if (*p == '\n' && count > 0 && count <= exact_digits) {
    const auto value = static_cast<double>(static_cast<std::int64_t>(mantissa));
    out = negative ? -value : value;
    return p;
  }
  std::ptrdiff_t exponent = 0;
  if (*p == '.') {
    const char* const fraction = p + 1;
    p = detail::take_digits(fraction, mantissa);
    exponent = fraction - p;
    count -= exponent;
  }
  if ((*p | 0x20) == 'e') p = detail::take_exponent(p + 1, exponent);
  constexpr std::ptrdiff_t digits_that_fit = 19;
  if (count == 0 || (*p != '\n' && *p != ' ' && *p != '\t')) [[unlikely]] {
    return detail::parse_any_value(begin, end, out);
  }
  // With both exact one operation rounds once (Clinger, "How to read floating point numbers accurately").
  constexpr std::uint64_t exact_integers = std::uint64_t{1} << 53;
  if (count > digits_that_fit || mantissa > exact_integers || exponent < -22 || exponent > 22) [[unlikely]] {
    return detail::parse_long_value(digits, p, negative, out);
  }
  double value = static_cast<double>(static_cast<std::int64_t>(mantissa));
  if (exponent < 0) {
    value /= detail::powers_of_ten[-exponent];
  } else {
    value *= detail::powers_of_ten[exponent];
  }
  out = negative ? -value : value;
  return p;
}

}  // namespace troupe::exposition
