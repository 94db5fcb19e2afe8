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
    if (!varint(tag)) return fail();
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
  bool varint(std::uint64_t& out) {
    out = 0;
    for (unsigned shift = 0; shift < 64 && p_ != end_; shift += 7) {
      const auto byte = static_cast<unsigned char>(*p_++);
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

bool decode_label(std::string_view bytes, telemetry::label_set::container& out) {
  std::string name, value;
  fields all(bytes);
  for (fields::field f; all.next(f);) {
    if (f.number == 1 && f.type == 2) name = f.bytes;
    if (f.number == 2 && f.type == 2) value = f.bytes;
  }
  out.emplace_back(std::move(name), std::move(value));
  return all.good();
}

bool decode_sample(std::string_view bytes, sample& out) {
  fields all(bytes);
  for (fields::field f; all.next(f);) {
    if (f.number == 1 && f.type == 1) out.value = f.real();
    if (f.number == 2 && f.type == 0) out.timestamp_ms = static_cast<std::int64_t>(f.integer);
  }
  return all.good();
}

bool decode_exemplar(std::string_view bytes, exemplar& out) {
  telemetry::label_set::container labels;
  fields all(bytes);
  for (fields::field f; all.next(f);) {
    if (f.number == 1 && f.type == 2 && !decode_label(f.bytes, labels)) return false;
    if (f.number == 2 && f.type == 1) out.value = f.real();
    if (f.number == 3 && f.type == 0) out.timestamp_ms = static_cast<std::int64_t>(f.integer);
  }
  out.labels = telemetry::label_set(std::move(labels));
  return all.good();
}

bool decode_series(std::string_view bytes, const decode_limits& limits, time_series& out) {
  telemetry::label_set::container labels;
  fields all(bytes);
  for (fields::field f; all.next(f);) {
    if (f.type != 2) continue;
    if (f.number == 1 && (labels.size() >= limits.labels_per_series || !decode_label(f.bytes, labels))) return false;
    if (f.number == 2 && !decode_sample(f.bytes, out.samples.emplace_back())) return false;
    if (f.number == 3 && !decode_exemplar(f.bytes, out.exemplars.emplace_back())) return false;
  }
  out.labels = telemetry::label_set(std::move(labels));
  return all.good();
}

bool decode_metadata(std::string_view bytes, metadata_entry& out) {
  fields all(bytes);
  for (fields::field f; all.next(f);) {
    if (f.number == 1 && f.type == 0) out.type = static_cast<std::uint32_t>(f.integer);
    if (f.number == 2 && f.type == 2) out.name = f.bytes;
    if (f.number == 4 && f.type == 2) out.help = f.bytes;
    if (f.number == 5 && f.type == 2) out.unit = f.bytes;
  }
  return all.good();
}

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
  fields all(raw);
  for (fields::field f; all.next(f);) {
    if (f.type != 2) continue;
    if (f.number == 1 && !decode_series(f.bytes, limits, request.series.emplace_back())) {
      return failure("series " + std::to_string(request.series.size()) + " is malformed");
    }
    if (f.number == 3 && !decode_metadata(f.bytes, request.metadata.emplace_back())) {
      return failure("metadata " + std::to_string(request.metadata.size()) + " is malformed");
    }
  }
  if (!all.good())
    return failure("the message is malformed after " + std::to_string(request.series.size()) + " series");
  return request;
}

}  // namespace troupe::remote_write
