#include "protocol/remote_write/template.hpp"

#include <snappy.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "protocol/remote_write/snappy_writer.hpp"
#include "protocol/remote_write/wire.hpp"
#include "protocol/telemetry/series_text.hpp"

namespace troupe::remote_write {

void put_labels(const std::vector<telemetry::label_view>& labels, std::string& out) {
  for (const auto& [name, value] : labels) {
    out.push_back(field::labels);
    put_varint(2 + varint_size(name.size()) + name.size() + varint_size(value.size()) + value.size(), out);
    put_text(field::label_name, name, out);
    put_text(field::label_value, value, out);
  }
}

namespace {

constexpr std::size_t value_bytes = 8;
constexpr std::size_t sample_bytes = 2 + value_bytes + time_bytes;  // tag, value, tag, time
constexpr std::size_t tail_bytes = 1 + time_bytes;                  // after the value
/// Copies reach back 64 KiB: a piece ends before that.
constexpr std::size_t most_raw = 60'000;
constexpr std::size_t least_match = 4;

/// A series before compression: [head: all up to the value][value][tail].
struct span_of_series {
  std::size_t begin, value;
  [[nodiscard]] std::size_t tail() const { return value + value_bytes; }
  [[nodiscard]] std::size_t end() const { return tail() + tail_bytes; }
};

/// Compresses the series of one piece: text against earlier text, each tail against the tail before it.
class piece_writer {
 public:
  piece_writer(const std::string& raw, const std::vector<span_of_series>& series, std::string& out)
      : raw_(raw), series_(series), out_(out), begin_(out.size()) {
    last_.fill(none);
  }

  void write(block_template::piece& piece, std::vector<std::uint16_t>& distances) {
    std::size_t at = 0, previous = 0;
    for (std::size_t i = 0; i < series_.size(); ++i) {
      current_ = i;
      at = head(at);
      literal(at, series_[i].tail());
      std::size_t value_at = out_.size() - value_bytes;
      at = series_[i].tail();
      if (i == 0) {
        // The one timestamp that is written out; all others are copies of it.
        out_.resize(literal_begin_);
        literal(literal_from_, series_[i].end());
        value_at = out_.size() - value_bytes - tail_bytes;
        piece.time_at = static_cast<std::uint32_t>(out_.size() - time_bytes);
        piece.value_at = static_cast<std::uint32_t>(value_at);
        distances.push_back(0);
        at = series_[i].end();
      } else {
        distances.push_back(static_cast<std::uint16_t>(value_at - previous));
        const std::size_t offset = series_[i].tail() - series_[i - 1].tail();
        const std::size_t length =
            tail_bytes +
            (i + 1 < series_.size() ? same(series_[i].end() - offset, series_[i].end(), series_[i + 1].value) : 0);
        put_copy(offset, length, out_);
        at += length;
      }
      previous = value_at;
    }
  }

 private:
  static constexpr std::uint32_t none = 0xffffffff;

  /// How many bytes at `a` (earlier) and `b` agree; `b` not beyond `limit`, `a` not into a value or a tail.
  [[nodiscard]] std::size_t same(std::size_t a, std::size_t b, std::size_t limit) const {
    const auto of = std::upper_bound(series_.begin(), series_.end(), a,
                                     [](std::size_t at, const span_of_series& s) { return at < s.begin; }) -
                    1;
    const std::size_t most = std::min(limit - b, a < of->value ? of->value - a : 0);
    std::size_t n = 0;
    while (n < most && raw_[a + n] == raw_[b + n])
      ++n;
    return n;
  }

  /// Writes the head of the current series from `at` on, but for its last literal; returns where that begins.
  std::size_t head(std::size_t at) {
    const std::size_t end = series_[current_].value;
    std::size_t unwritten = at;
    while (at + least_match <= end) {
      std::uint32_t word;
      std::memcpy(&word, raw_.data() + at, sizeof word);
      auto& slot = last_[(word * 0x1e35a7bdu) >> (32 - table_bits)];
      const std::size_t candidate = std::exchange(slot, static_cast<std::uint32_t>(at));
      std::size_t length = 0, from = 0;
      const auto consider = [&](std::size_t earlier) {
        if (earlier >= at || at - earlier > 65535) return;
        // Nothing overlaps; and what is looked at is taken, so that runs of one letter take no square of their length.
        if (const std::size_t n = same(earlier, at, std::min(end, at + (at - earlier))); n > length)
          length = n, from = earlier;
      };
      if (candidate != none) consider(candidate);
      if (current_ > 0 && last_offset_ > 0 && last_offset_ <= at) consider(at - last_offset_);
      if (length < least_match) {
        ++at;
        continue;
      }
      if (unwritten < at) literal(unwritten, at);
      last_offset_ = at - from;
      put_copy(last_offset_, length, out_);
      at += length;
      unwritten = at;
    }
    return unwritten;
  }

  void literal(std::size_t from, std::size_t to) {
    literal_from_ = from;
    literal_begin_ = out_.size();
    put_literal(std::string_view(raw_).substr(from, to - from), out_);
  }

  static constexpr unsigned table_bits = 12;
  const std::string& raw_;
  const std::vector<span_of_series>& series_;
  std::string& out_;
  std::size_t begin_;
  std::size_t current_ = 0, last_offset_ = 0;
  std::size_t literal_from_ = 0, literal_begin_ = 0;
  std::array<std::uint32_t, 1u << table_bits> last_;
};

}  // namespace

block_template::block_template(const telemetry::block_ref& block, std::vector<std::uint32_t> columns,
                               std::size_t max_series)
    : columns_(std::move(columns)) {
  std::string raw, labels;
  std::vector<span_of_series> series;
  std::uint32_t first = 0;
  const auto close = [&] {
    if (series.empty()) return;
    piece made;
    made.first = first;
    made.count = static_cast<std::uint32_t>(series.size());
    made.raw_bytes = static_cast<std::uint32_t>(raw.size());
    made.begin = static_cast<std::uint32_t>(wire_.size());
    piece_writer(raw, series, wire_).write(made, distances_);
    made.end = static_cast<std::uint32_t>(wire_.size());
    pieces_.push_back(made);
    first += made.count;
    raw.clear();
    series.clear();
  };
  block->for_each([&](std::size_t, const telemetry::label_buffer& of, const telemetry::metric_family&) {
    labels.clear();
    put_labels(of.labels(), labels);
    const std::size_t body = labels.size() + 2 + sample_bytes;
    if (series.size() >= max_series || raw.size() + body > most_raw) close();
    span_of_series one{raw.size(), 0};
    raw.push_back(field::series);
    put_varint(body, raw);
    raw += labels;
    raw.push_back(field::samples);
    raw.push_back(static_cast<char>(sample_bytes));
    raw.push_back(field::sample_value);
    one.value = raw.size();
    raw.append(value_bytes, '\0');
    raw.push_back(field::sample_time);
    raw.append(time_bytes, '\xff');
    series.push_back(one);
  });
  close();
  wire_.shrink_to_fit();
  pieces_.shrink_to_fit();
  distances_.shrink_to_fit();
  columns_.shrink_to_fit();
}

namespace {

auto exemplar_from(const telemetry::metrics_batch& batch, std::uint32_t series) {
  return std::lower_bound(batch.exemplars.begin(), batch.exemplars.end(), series,
                          [](const telemetry::exemplar& e, std::uint32_t s) { return e.series < s; });
}

}  // namespace

std::size_t block_template::bytes() const {
  return sizeof *this + wire_.capacity() + pieces_.capacity() * sizeof(piece) +
         distances_.capacity() * sizeof(std::uint16_t) + columns_.capacity() * sizeof(std::uint32_t);
}

block_template::way block_template::way_of(std::size_t index, const telemetry::metrics_batch& batch,
                                           bool exemplars) const {
  const piece& of = pieces_[index];
  if (exemplars && !batch.exemplars.empty()) {
    const std::uint32_t first = column(of.first), last = column(of.first + of.count - 1);
    const auto at = exemplar_from(batch, first);
    if (at != batch.exemplars.end() && at->series <= last) return way::slow;
  }
  if (batch.own_timestamps_ms.empty()) return time_has_six_bytes(batch.timestamp_ms) ? way::one_time : way::slow;
  bool own = false;
  for (std::uint32_t i = of.first; i < of.first + of.count; ++i) {
    const std::int64_t time = batch.timestamp_of(column(i));
    if (!time_has_six_bytes(time)) return way::slow;
    own = own || time != batch.timestamp_ms;
  }
  return own ? way::own_times : way::one_time;
}

void block_template::append(std::size_t index, const telemetry::metrics_batch& batch, std::string& out) const {
  const piece& of = pieces_[index];
  const std::size_t begin = out.size();
  out.append(wire_, of.begin, of.end - of.begin);
  char* const bytes = out.data() + begin - of.begin;
  write_time(batch.timestamp_ms, bytes + of.time_at);
  char* to = bytes + of.value_at;
  const double* const values = batch.values.data();
  for (std::uint32_t i = of.first; i < of.first + of.count; ++i) {
    to += distances_[i];
    std::memcpy(to, values + column(i), value_bytes);
  }
}

namespace {

struct copy_element {
  std::size_t length, offset, bytes;
};

/// What put_copy() wrote first.
copy_element read_copy(const char* at) {
  const auto byte = [at](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>(at[i])); };
  if ((byte(0) & 3) == 1) return {4 + (byte(0) >> 2 & 7), (byte(0) >> 5 << 8) + byte(1), 2};
  return {1 + (byte(0) >> 2), byte(1) + (byte(2) << 8), 3};
}

/// The end of a sample as a literal: the element, the tag, the time.
constexpr std::size_t own_tail_bytes = 1 + tail_bytes;
constexpr std::size_t long_copy_bytes = 3;

}  // namespace

void block_template::append_own_times(std::size_t index, const telemetry::metrics_batch& batch,
                                      std::string& out) const {
  const piece& of = pieces_[index];
  const std::size_t begin = out.size();
  // Where a time is another one than that of the series before, what copies the tail becomes a literal and a copy of
  // the rest.
  out.resize(begin + (of.end - of.begin) + of.count * (own_tail_bytes + long_copy_bytes));
  char* to = out.data() + begin;
  const char* from = wire_.data() + of.begin;
  const auto copy_up_to = [&](const char* end) {
    std::memcpy(to, from, static_cast<std::size_t>(end - from));
    to += end - from;
    from = end;
  };
  const char* value = wire_.data() + of.value_at;
  std::int64_t before = batch.timestamp_of(column(of.first));
  for (std::uint32_t i = of.first; i < of.first + of.count; ++i) {
    value += distances_[i];
    copy_up_to(value);
    std::memcpy(to, &batch.values[column(i)], value_bytes);
    to += value_bytes;
    from += value_bytes;
    const std::int64_t time = batch.timestamp_of(column(i));
    if (i == of.first) {
      copy_up_to(from + 1);
      write_time(time, to);
      to += time_bytes;
      from += time_bytes;
    } else if (time != before) {
      const copy_element tail = read_copy(from);
      from += tail.bytes;
      *to++ = static_cast<char>((tail_bytes - 1) << 2);
      *to++ = field::sample_time;
      write_time(time, to);
      to += time_bytes;
      if (tail.length > tail_bytes) {
        *to++ = static_cast<char>(2 | ((tail.length - tail_bytes - 1) << 2));
        *to++ = static_cast<char>(tail.offset);
        *to++ = static_cast<char>(tail.offset >> 8);
      }
    }
    before = time;
  }
  copy_up_to(wire_.data() + of.end);
  out.resize(static_cast<std::size_t>(to - out.data()));
}

namespace {

bool put_exemplar(const telemetry::exemplar& one, std::string& out) {
  std::string body;
  telemetry::label_buffer labels;
  if (!telemetry::parse_labels_text(one.labels, labels)) return false;
  labels.sort();
  put_labels(labels.labels(), body);
  put_double(field::exemplar_value, one.value, body);
  body.push_back(field::exemplar_time);
  put_varint(static_cast<std::uint64_t>(one.timestamp_ms), body);
  put_text(field::exemplars, body, out);
  return true;
}

/// The series of a piece before compression, with zeros for numbers.
std::string uncompressed(std::string_view elements, std::size_t raw_bytes) {
  std::string packed, raw;
  put_varint(raw_bytes, packed);
  packed += elements;
  snappy::Uncompress(packed.data(), packed.size(), &raw);
  return raw;
}

/// Takes the first series off `raw`; returns its labels as they are encoded.
std::string_view take_labels(std::string_view& raw) {
  std::size_t body = 0, at = 1;
  for (unsigned shift = 0;; shift += 7) {
    const auto byte = static_cast<unsigned char>(raw[at++]);
    body |= static_cast<std::size_t>(byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  const auto labels = raw.substr(at, body - 2 - sample_bytes);
  raw.remove_prefix(at + body);
  return labels;
}

}  // namespace

block_template::slow block_template::append_slow(std::size_t index, const telemetry::metrics_batch& batch,
                                                 bool exemplars, std::string& out) const {
  const piece& of = pieces_[index];
  const std::string steady = uncompressed(std::string_view(wire_).substr(of.begin, of.end - of.begin), of.raw_bytes);
  std::string_view left = steady;
  std::string raw, body;
  raw.reserve(steady.size() + steady.size() / 4);
  slow sent;
  for (std::uint32_t i = of.first; i < of.first + of.count; ++i) {
    const std::uint32_t in = column(i);
    const auto time = static_cast<std::uint64_t>(batch.timestamp_of(in));
    body = take_labels(left);
    body.push_back(field::samples);
    body.push_back(static_cast<char>(2 + value_bytes + varint_size(time)));
    put_double(field::sample_value, batch.values[in], body);
    body.push_back(field::sample_time);
    put_varint(time, body);
    if (exemplars) {
      const auto at = exemplar_from(batch, in);
      if (at != batch.exemplars.end() && at->series == in && put_exemplar(*at, body)) ++sent.exemplars;
    }
    put_text(field::series, body, raw);
  }
  std::string packed;
  snappy::Compress(raw.data(), raw.size(), &packed);
  out.append(packed, varint_size(raw.size()));  // the message has a length of its own
  sent.raw_bytes = raw.size();
  return sent;
}

}  // namespace troupe::remote_write
