#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

/// protobuf's wire format, for the few messages that are read without objects of protobuf.
namespace troupe::otlp {

enum wire : std::uint8_t { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

/// A field as it lies in a message.
struct wire_field {
  std::uint32_t number = 0;
  std::uint8_t type = 0;
  std::uint64_t value = 0;   ///< of a number
  std::string_view content;  ///< of bytes
};

/// Reads fields until something does not fit.
class wire_reader {
 public:
  explicit wire_reader(std::string_view in) : in_(in) {}
  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] std::size_t left() const { return in_.size(); }  ///< bytes

  std::optional<wire_field> next() {
    if (in_.empty() || failed_) return std::nullopt;
    wire_field made;
    const auto tag = number();
    made.number = static_cast<std::uint32_t>(tag >> 3);
    made.type = static_cast<std::uint8_t>(tag & 7);
    if (made.type == varint) {
      made.value = number();
    } else if (made.type == fixed64) {
      made.value = fixed<std::uint64_t>();
    } else if (made.type == fixed32) {
      made.value = fixed<std::uint32_t>();
    } else if (made.type == bytes) {
      made.content = take(number());
    } else {
      failed_ = true;
    }
    return failed_ ? std::nullopt : std::optional(made);
  }
  [[nodiscard]] bool done() const { return in_.empty() || failed_; }

  std::uint64_t number() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (in_.empty()) break;
      const auto byte = static_cast<unsigned char>(in_.front());
      in_.remove_prefix(1);
      value |= std::uint64_t{byte & 0x7fu} << shift;
      if (byte < 0x80) return value;
    }
    failed_ = true;
    return 0;
  }
  template <class T>
  T fixed() {
    T value{};
    const auto from = take(sizeof value);
    if (!failed_) std::memcpy(&value, from.data(), sizeof value);
    return value;
  }

 private:
  std::string_view take(std::uint64_t size) {
    if (size > in_.size()) {
      failed_ = true;
      return {};
    }
    const auto taken = in_.substr(0, size);
    in_.remove_prefix(size);
    return taken;
  }
  std::string_view in_;
  bool failed_ = false;
};

}  // namespace troupe::otlp
