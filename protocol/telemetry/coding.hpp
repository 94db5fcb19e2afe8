#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "protocol/telemetry/batch.hpp"
#include "protocol/telemetry/result.hpp"

/// What the parts of the codec share: how numbers and texts lie in its bytes.
namespace troupe::telemetry::coding {

static_assert(std::endian::native == std::endian::little, "columns are copied as they lie in memory");

inline constexpr std::uint8_t version = 1;

enum batch_flag : std::uint8_t { sampled = 1, self_telemetry = 2, own_timestamps = 4 };

class writer {
 public:
  explicit writer(std::string& out) : out_(out) { fixed(version); }

  template <class T>
  void fixed(T value) {
    static_assert(std::is_trivially_copyable_v<T>);
    out_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void number(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7)
      out_ += static_cast<char>(value | 0x80);
    out_ += static_cast<char>(value);
  }
  void text(std::string_view value) {
    number(value.size());
    out_ += value;
  }
  /// Of labels: how many, then each name and value.
  template <class Pairs>
  void pairs(const Pairs& all) {
    number(all.size());
    for (const auto& [name, value] : all) {
      text(name);
      text(value);
    }
  }
  template <class T>
  void column(const std::vector<T>& values) {
    out_.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
  }

 private:
  std::string& out_;
};

/// Reads until something does not fit; from then on it gives zeros and says so.
class reader {
 public:
  explicit reader(std::string_view bytes) : left_(bytes) {
    if (fixed<std::uint8_t>() != version) ok_ = false;
  }

  template <class T>
  T fixed() {
    T value{};
    if (!has(sizeof value)) return value;
    std::memcpy(&value, left_.data(), sizeof value);
    left_.remove_prefix(sizeof value);
    return value;
  }
  std::uint64_t number() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const auto byte = fixed<std::uint8_t>();
      if (shift == 63 && byte > 1) break;
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    ok_ = false;
    return 0;
  }
  /// A count of things that take at least `least` bytes each.
  std::size_t count(std::size_t least) {
    const std::uint64_t value = number();
    if (value > left_.size() / least) ok_ = false;
    return ok_ ? static_cast<std::size_t>(value) : 0;
  }
  std::string_view raw(std::uint64_t size) {
    if (!has(size)) return {};
    const std::string_view value = left_.substr(0, size);
    left_.remove_prefix(size);
    return value;
  }
  std::string_view text() { return raw(number()); }
  /// Into a vector of pairs of strings, or of views into the bytes.
  template <class Pairs>
  void pairs(Pairs& into) {
    into.resize(count(2));
    for (auto& [name, value] : into) {
      name = text();
      value = text();
    }
  }
  template <class T>
  std::vector<T> column(std::size_t count) {
    if (count > left_.size() / sizeof(T)) ok_ = false;
    if (!ok_ || count == 0) return {};
    std::vector<T> values(count);
    std::memcpy(values.data(), left_.data(), count * sizeof(T));
    left_.remove_prefix(count * sizeof(T));
    return values;
  }

  [[nodiscard]] bool ok() const { return ok_; }
  void refuse() { ok_ = false; }
  [[nodiscard]] bool whole() const { return ok_ && left_.empty(); }

 private:
  bool has(std::uint64_t size) {
    if (size > left_.size()) ok_ = false;
    return ok_;
  }

  std::string_view left_;
  bool ok_ = true;
};

[[nodiscard]] inline tl::unexpected<error> damaged(const char* what) {
  return failure(std::string("cannot decode a ") + what + ": its bytes are damaged, or from another version");
}

/// What every batch has: whose work it is. `more`: flags of this kind of batch.
inline void put_origin(writer& put, const batch& of, std::uint8_t more = 0) {
  put.fixed(
      static_cast<std::uint8_t>((of.context.sampled ? sampled : 0) | (of.self_telemetry ? self_telemetry : 0) | more));
  put.fixed(of.context.trace_id);
  put.fixed(of.context.span_id);
}
/// Returns the flags; those that are neither common nor in `more` are refused.
inline std::uint8_t read_origin(reader& in, batch& of, std::uint8_t more = 0) {
  const auto flags = in.fixed<std::uint8_t>();
  if ((flags & ~(sampled | self_telemetry | more)) != 0) in.refuse();
  of.context.sampled = (flags & sampled) != 0;
  of.self_telemetry = (flags & self_telemetry) != 0;
  of.context.trace_id = in.fixed<std::array<std::uint8_t, 16>>();
  of.context.span_id = in.fixed<std::array<std::uint8_t, 8>>();
  return flags;
}

}  // namespace troupe::telemetry::coding
