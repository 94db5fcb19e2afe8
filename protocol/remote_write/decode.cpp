#include "protocol/remote_write/decode.hpp"

#include <snappy.h>

#include <cstring>
#include <optional>

namespace troupe::remote_write {

namespace {

/// The fields of one protobuf message, in order.
class fields {
 public:
  explicit fields(std::string_view bytes) : p_(bytes.data()), end_(p_ + bytes.size()) {}

  struct field {
    std::uint32_t number = 0;
    std::uint32_t type = 0;  ///< 0 varint, 1 fixed 64, 2 bytes, 5 fixed 32
    std::uint64_t integer = 0;
    std::string_view bytes;
    [[nodiscard]] double real() const {
      double d;
      std::memcpy(&d, &integer, sizeof d);
      return d;
    }
  };
  /// False: the end, or something is wrong.
  bool next(field& out) {
    if (p_ == end_) return false;
    std::uint64_t tag = 0;
    if (!varint(tag) || tag >> 3 == 0 || tag >> 3 > most_number) return fail();
    out.number = static_cast<std::uint32_t>(tag >> 3);
    out.type = tag & 7;
    switch (out.type) {
      case 0:
        return varint(out.integer) || fail();
      case 1:
        return fixed(8, out.integer) || fail();
      case 5:
        return fixed(4, out.integer) || fail();
      case 2: {
        std::uint64_t length = 0;
        if (!varint(length) || length > static_cast<std::uint64_t>(end_ - p_)) return fail();
        out.bytes = {p_, static_cast<std::size_t>(length)};
        p_ += length;
        return true;
      }
      default:
        return fail();
    }
  }
  [[nodiscard]] bool good() const { return good_; }

 private:
  bool fail() {
    good_ = false;
    return false;
  }
  static constexpr std::uint64_t most_number = (1u << 29) - 1;
  bool varint(std::uint64_t& out) {
    out = 0;
    for (unsigned shift = 0; shift < 64 && p_ != end_; shift += 7) {
      const auto byte = static_cast<unsigned char>(*p_++);
      if (shift == 63 && byte > 1) return false;
      out |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return true;
    }
    return false;
  }
  bool fixed(std::size_t size, std::uint64_t& out) {
    if (static_cast<std::size_t>(end_ - p_) < size) return false;
    out = 0;
    std::memcpy(&out, p_, size);
    p_ += size;
    return true;
  }
  const char* p_;
  const char* end_;
  bool good_ = true;
};

/// Puts parts together while there may be more of them; says the first thing that is wrong.
class decoder {
 public:
  explicit decoder(const decode_limits& limits) : limits_(limits), parts_left_(limits.parts) {}

  [[nodiscard]] const char* wrong() const { return wrong_; }
  bool fail(const char* what) {
    if (wrong_ == nullptr) wrong_ = what;
    return false;
  }
  bool one_more() {
    if (parts_left_ == 0) return fail("too many parts");
    --parts_left_;
    return true;
  }

  bool series(std::string_view bytes, time_series& out) {
    telemetry::label_set::container labels;
    fields all(bytes);
    for (fields::field f; all.next(f);) {
      if (f.type != 2) continue;
      if (f.number == 1 && !label(f.bytes, labels)) return false;
      if (f.number == 2 && !(one_more() && sample(f.bytes, out.samples.emplace_back()))) return false;
      if (f.number == 3 && !(one_more() && exemplar(f.bytes, out.exemplars.emplace_back()))) return false;
    }
    return take(std::move(labels), out.labels) && whole(all);
  }

  bool metadata(std::string_view bytes, metadata_entry& out) {
    fields all(bytes);
    for (fields::field f; all.next(f);) {
      if (f.number == 1 && f.type == 0) out.type = static_cast<std::uint32_t>(f.integer);
      if (f.number == 2 && f.type == 2) out.name = f.bytes;
      if (f.number == 4 && f.type == 2) out.help = f.bytes;
      if (f.number == 5 && f.type == 2) out.unit = f.bytes;
    }
    return whole(all);
  }

 private:
  bool whole(const fields& all) { return all.good() || fail("not protobuf"); }

  bool label(std::string_view bytes, telemetry::label_set::container& out) {
    if (out.size() >= limits_.labels_per_series) return fail("too many labels");
    if (!one_more()) return false;
    std::string name, value;
    fields all(bytes);
    for (fields::field f; all.next(f);) {
      if (f.number == 1 && f.type == 2) name = f.bytes;
      if (f.number == 2 && f.type == 2) value = f.bytes;
    }
    if (!whole(all)) return false;
    if (name.empty()) return fail("a label without a name");
    if (!value.empty()) out.emplace_back(std::move(name), std::move(value));
    return true;
  }

  bool take(telemetry::label_set::container&& labels, telemetry::label_set& out) {
    const std::size_t count = labels.size();
    out = telemetry::label_set(std::move(labels));
    return out.size() == count || fail("a label stands there twice");
  }

  bool sample(std::string_view bytes, remote_write::sample& out) {
    fields all(bytes);
    for (fields::field f; all.next(f);) {
      if (f.number == 1 && f.type == 1) out.value = f.real();
      if (f.number == 2 && f.type == 0) out.timestamp_ms = static_cast<std::int64_t>(f.integer);
    }
    return whole(all);
  }

  bool exemplar(std::string_view bytes, remote_write::exemplar& out) {
    telemetry::label_set::container labels;
    fields all(bytes);
    for (fields::field f; all.next(f);) {
      if (f.number == 1 && f.type == 2 && !label(f.bytes, labels)) return false;
      if (f.number == 2 && f.type == 1) out.value = f.real();
      if (f.number == 3 && f.type == 0) out.timestamp_ms = static_cast<std::int64_t>(f.integer);
    }
    return take(std::move(labels), out.labels) && whole(all);
  }

  const decode_limits& limits_;
  std::size_t parts_left_;
  const char* wrong_ = nullptr;
};

}  // namespace

result<write_request> decode_request(std::string_view body, const decode_limits& limits) {
  std::size_t size = 0;
  if (!snappy::GetUncompressedLength(body.data(), body.size(), &size)) return failure("the body is not snappy");
  if (size > limits.raw_bytes)
    return failure("the body has " + std::to_string(size) + " bytes uncompressed, the limit is " +
                   std::to_string(limits.raw_bytes));
  std::string raw;
  if (!snappy::Uncompress(body.data(), body.size(), &raw)) return failure("the body is not snappy");
  write_request request;
  decoder decode(limits);
  const auto failed = [&](const char* kind, std::size_t number) {
    return failure(std::string(kind) + " " + std::to_string(number) + " of the message: " + decode.wrong());
  };
  fields all(raw);
  for (fields::field f; all.next(f);) {
    if (f.type != 2) continue;
    if (f.number == 1) {
      auto& one = request.series.emplace_back();
      if (!decode.one_more() || !decode.series(f.bytes, one)) return failed("series", request.series.size());
    } else if (f.number == 3) {
      auto& one = request.metadata.emplace_back();
      if (!decode.one_more() || !decode.metadata(f.bytes, one)) return failed("metadata", request.metadata.size());
    }
  }
  if (!all.good())
    return failure("the message is no protobuf after " + std::to_string(request.series.size()) + " series");
  return request;
}

}  // namespace troupe::remote_write
