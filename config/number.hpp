#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace troupe::config {

/// An integer with or without sign, or a float; kept apart because they compute and print differently.
class number {
 public:
  number(std::int64_t i) : v_(i) {}
  number(std::uint64_t u) : v_(u) {}
  number(double d) : v_(d) {}

  [[nodiscard]] bool is_unsigned() const { return std::holds_alternative<std::uint64_t>(v_); }
  [[nodiscard]] bool is_signed() const { return std::holds_alternative<std::int64_t>(v_); }
  [[nodiscard]] bool is_float() const { return std::holds_alternative<double>(v_); }

  /// Converted: wraps around, truncates towards zero; a float out of range becomes the nearest limit, NaN 0.
  [[nodiscard]] std::int64_t to_int64() const;
  [[nodiscard]] std::uint64_t to_uint64() const;
  [[nodiscard]] double to_double() const;

  /// Nothing when the number isn't exactly representable (a fraction, out of range): what a decoder should use.
  [[nodiscard]] std::optional<std::int64_t> exact_int64() const;
  [[nodiscard]] std::optional<std::uint64_t> exact_uint64() const;

  /// Decimal; floats as the shortest text without exponent that reads back (`NaN`, `+Inf`, `-Inf`).
  [[nodiscard]] std::string text() const;

  /// By value: 3 == 3.0.
  friend bool operator==(const number& a, const number& b);

 private:
  std::variant<std::int64_t, std::uint64_t, double> v_;
};

/// What a text converts to: a leading `-` means signed, `.`, `e` or `E` float, else unsigned. Nothing when it is none.
std::optional<number> number_from_text(std::string_view text);

/// What a literal means: a leading 0 is octal; what fits no 64-bit integer is a float.
std::optional<number> number_from_literal(std::string_view text, bool floating);

}  // namespace troupe::config
