#include "protocol/journal/format.hpp"

#include <bit>
#include <charconv>
#include <cstdio>
#include <cstring>

#include "protocol/journal/crc32c.hpp"

namespace troupe::journal {

static_assert(std::endian::native == std::endian::little, "numbers are stored as they lie in memory");

namespace {

template <class N>
void put(N number, std::string& out) {
  out.append(reinterpret_cast<const char*>(&number), sizeof number);
}
template <class N>
N get(std::string_view bytes, std::size_t at) {
  N number;
  std::memcpy(&number, bytes.data() + at, sizeof number);
  return number;
}

constexpr std::string_view magic = "TRJ1";
constexpr std::uint32_t version = 1, all_durable = std::uint32_t{1} << 16;  // the upper half: flags
constexpr std::string_view suffix = ".seg";

constexpr std::size_t checksum_line_bytes = 9;
std::string checksum_line(std::string_view text) {
  char line[12];
  std::snprintf(line, sizeof line, "%08x\n", crc32c(text));
  return line;
}

}  // namespace

void append_record(const record& what, std::string& out) {
  const std::size_t begin = out.size();
  put(static_cast<std::uint32_t>(what.payload.size()), out);
  put(std::uint32_t{0}, out);
  put(static_cast<std::uint32_t>(what.kind), out);
  put(what.items, out);
  put(what.time_ms, out);
  put(what.id, out);
  put(what.source, out);
  put(what.number, out);
  out.append(what.payload);
  // Over the length, too: a flipped bit there must not make another record of the bytes that follow.
  const auto all = std::string_view(out).substr(begin);
  const std::uint32_t crc = crc32c(all.substr(8), crc32c(all.substr(0, 4)));
  std::memcpy(out.data() + begin + 4, &crc, sizeof crc);
}

std::optional<std::size_t> claimed_size(std::string_view bytes) {
  if (bytes.size() < record_header_bytes) return std::nullopt;
  const auto length = get<std::uint32_t>(bytes, 0);
  const auto kind = get<std::uint32_t>(bytes, 8);
  if (length > max_record_bytes || kind < 1 || kind > 2) return std::nullopt;
  return record_header_bytes + length;
}

std::optional<record> read_record(std::string_view bytes) {
  const auto size = claimed_size(bytes);
  if (!size || bytes.size() < *size) return std::nullopt;
  const auto all = bytes.substr(0, *size);
  if (crc32c(all.substr(8), crc32c(all.substr(0, 4))) != get<std::uint32_t>(all, 4)) return std::nullopt;
  const record read{static_cast<record_kind>(get<std::uint32_t>(all, 8)),
                    get<std::uint32_t>(all, 12),
                    get<std::int64_t>(all, 16),
                    get<std::uint64_t>(all, 24),
                    get<std::uint64_t>(all, 32),
                    get<std::uint64_t>(all, 40),
                    all.substr(record_header_bytes)};
  if (read.kind == record_kind::data && read.id >= max_sequence) return std::nullopt;
  return read;
}

void append_header(const segment_header& what, std::string& out) {
  const std::size_t begin = out.size();
  out += magic;
  put(what.all_durable ? version | all_durable : version, out);
  put(what.first, out);
  put(static_cast<std::uint32_t>(what.origins.size()), out);
  for (const auto& [source, number] : what.origins)
    put(source, out), put(number, out);
  put(crc32c(std::string_view(out).substr(begin)), out);
}

result<std::pair<segment_header, std::size_t>> read_header(std::string_view bytes) {
  constexpr std::size_t fixed = 20;
  if (bytes.size() < fixed + 4) return failure("the header is cut off");
  if (bytes.substr(0, 4) != magic) return failure("this is no segment of a journal");
  const auto v = get<std::uint32_t>(bytes, 4);
  if ((v & ~all_durable) != version) return failure("format version " + std::to_string(v) + " is unknown");
  const std::size_t count = get<std::uint32_t>(bytes, 16);
  const std::size_t size = fixed + 16 * count;
  if (count > max_origins || bytes.size() < size + 4) return failure("the header is cut off");
  if (crc32c(bytes.substr(0, size)) != get<std::uint32_t>(bytes, size))
    return failure("the header's checksum is wrong");
  std::pair<segment_header, std::size_t> read{{get<std::uint64_t>(bytes, 8), {}, (v & all_durable) != 0}, size + 4};
  if (read.first.first >= max_sequence) return failure("no segment begins at so high a number");
  for (std::size_t at = fixed; at < size; at += 16)
    read.first.origins.emplace_back(get<std::uint64_t>(bytes, at), get<std::uint64_t>(bytes, at + 8));
  return read;
}

std::string cursors_text(const std::map<std::string, sequence>& cursors) {
  std::string text;
  for (const auto& [name, at] : cursors) {
    for (const char c : name) {
      if (c == '\n') {
        text += "\\n";
      } else if (c == '\\') {
        text += "\\\\";
      } else {
        text += c;
      }
    }
    text += '\t' + std::to_string(at) + '\n';
  }
  return text + checksum_line(text);
}

result<std::map<std::string, sequence>> read_cursors(std::string_view text) {
  if (text.size() < checksum_line_bytes) return failure("cut off");
  const auto lines = text.substr(0, text.size() - checksum_line_bytes);
  if (text.substr(lines.size()) != checksum_line(lines)) return failure("the checksum is wrong");
  std::map<std::string, sequence> read;
  for (std::size_t at = 0; at < lines.size();) {
    const auto end = lines.find('\n', at);
    if (end == std::string_view::npos) return failure("the last line does not end");
    const auto line = lines.substr(at, end - at);
    const auto tab = line.rfind('\t');
    if (tab == std::string_view::npos) return failure("a line has no number");
    sequence number = 0;
    const auto [stop, problem] = std::from_chars(line.data() + tab + 1, line.data() + line.size(), number);
    if (problem != std::errc() || stop != line.data() + line.size() || number >= max_sequence)
      return failure("a line has no number");
    std::string name;
    for (std::size_t i = 0; i < tab; ++i) {
      if (line[i] == '\\' && i + 1 < tab) {
        ++i;
        name += line[i] == 'n' ? '\n' : line[i];
      } else {
        name += line[i];
      }
    }
    read[std::move(name)] = number;
    at = end + 1;
  }
  return read;
}

std::string segment_name(sequence first) {
  char name[24];
  std::snprintf(name, sizeof name, "%016llx", static_cast<unsigned long long>(first));
  return name + std::string(suffix);
}

std::optional<sequence> first_of_segment(std::string_view name) {
  if (name.size() != 16 + suffix.size() || name.substr(16) != suffix) return std::nullopt;
  sequence first = 0;
  const auto [end, problem] = std::from_chars(name.data(), name.data() + 16, first, 16);
  if (problem != std::errc() || end != name.data() + 16 || first >= max_sequence) return std::nullopt;
  return first;
}

}  // namespace troupe::journal
