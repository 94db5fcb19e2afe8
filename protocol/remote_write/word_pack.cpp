#include "protocol/remote_write/word_pack.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>

#include "protocol/remote_write/wire.hpp"

namespace troupe::remote_write {

// [size of all][bytes before the words][these][lengths of two words in a byte each][words, high byte first][the rest]

namespace {

constexpr std::size_t word_bytes = 8;

std::uint64_t load(const char* from) {
  std::uint64_t word;
  std::memcpy(&word, from, word_bytes);
  return word;
}

unsigned length_of(std::uint64_t word) {
  return word == 0 ? 0 : word_bytes - static_cast<unsigned>(std::countr_zero(word)) / 8;
}

/// Writes all eight bytes, of which the first `length` count.
char* put_word(std::uint64_t word, unsigned length, char* to) {
  const std::uint64_t high_first = __builtin_bswap64(word);
  std::memcpy(to, &high_first, word_bytes);
  return to + length;
}

tl::unexpected<error> damaged() {
  return failure("packed words are damaged");
}

bool take_number(std::string_view& from, std::uint64_t& out) {
  out = 0;
  for (unsigned shift = 0; shift < 64 && !from.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(from.front());
    from.remove_prefix(1);
    out |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

}  // namespace

void pack_words(std::string_view bytes, std::size_t first, std::string& out) {
  first = std::min(first, bytes.size());
  const std::size_t words = (bytes.size() - first) / word_bytes;
  put_varint(bytes.size(), out);
  put_varint(first, out);
  out += bytes.substr(0, first);
  const std::size_t begin = out.size();
  out.resize(begin + (words + 1) / 2 + (words + 1) * word_bytes);
  char* lengths = out.data() + begin;
  char* to = lengths + (words + 1) / 2;
  const char* from = bytes.data() + first;
  for (std::size_t i = 0; i + 1 < words; i += 2, from += 2 * word_bytes) {
    const std::uint64_t one = load(from), other = load(from + word_bytes);
    const unsigned length = length_of(one), other_length = length_of(other);
    to = put_word(one, length, to);
    to = put_word(other, other_length, to);
    *lengths++ = static_cast<char>(length | other_length << 4);
  }
  if (words % 2 != 0) {
    const std::uint64_t last = load(from);
    *lengths = static_cast<char>(length_of(last));
    to = put_word(last, length_of(last), to);
  }
  out.resize(static_cast<std::size_t>(to - out.data()));
  out += bytes.substr(first + words * word_bytes);
}

result<std::string> unpack_words(std::string_view packed) {
  std::uint64_t size = 0, first = 0;
  std::string_view left = packed;
  if (!take_number(left, size) || !take_number(left, first) || first > size || first > left.size()) return damaged();
  const std::uint64_t words = (size - first) / word_bytes, rest = (size - first) % word_bytes;
  std::string out(left.substr(0, first));
  left.remove_prefix(first);
  const std::uint64_t pairs = words / 2 + words % 2;
  if (pairs > left.size()) return damaged();
  const std::string_view lengths = left.substr(0, pairs);
  left.remove_prefix(pairs);
  out.resize(first + words * word_bytes);
  char* to = out.data() + first;
  for (std::size_t i = 0; i < words; ++i, to += word_bytes) {
    const unsigned length = static_cast<unsigned char>(lengths[i / 2]) >> (i % 2 * 4) & 15;
    if (length > word_bytes || length > left.size()) return damaged();
    std::uint64_t high_first = 0;
    if (left.size() >= word_bytes) {
      high_first = load(left.data());
      if (length < word_bytes) high_first &= (std::uint64_t{1} << (8 * length)) - 1;
    } else if (length > 0) {
      std::memcpy(&high_first, left.data(), length);
    }
    const std::uint64_t word = __builtin_bswap64(high_first);
    std::memcpy(to, &word, word_bytes);
    left.remove_prefix(length);
  }
  if (left.size() != rest) return damaged();
  out += left;
  return out;
}

}  // namespace troupe::remote_write
