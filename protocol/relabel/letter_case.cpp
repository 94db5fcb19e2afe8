#include "protocol/relabel/letter_case.hpp"

#include <locale.h>  // newlocale, the POSIX one
#include <wctype.h>

#include <cstdint>

namespace troupe::relabel {

namespace {

/// Unicode's properties, whatever the environment says; null where the C library has none.
locale_t unicode() {
  static const locale_t found = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  return found;
}

struct decoded {
  wint_t letter;
  std::size_t bytes;  ///< 0: no UTF-8
};

decoded decode(std::string_view text) {
  const auto byte = [&text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {first, 1};
  const std::size_t bytes = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < bytes) return {0, 0};
  auto letter = static_cast<std::uint32_t>(first) & (0xffU >> (bytes + 1));
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {0, 0};
    letter = letter << 6 | (byte(i) & 0x3fU);
  }
  return {static_cast<wint_t>(letter), bytes};
}

void encode(std::uint32_t letter, std::string& out) {
  const auto tail = [&](unsigned shift) { out += static_cast<char>(0x80 | (letter >> shift & 0x3f)); };
  if (letter < 0x80) {
    out += static_cast<char>(letter);
  } else if (letter < 0x800) {
    out += static_cast<char>(0xc0 | letter >> 6);
    tail(0);
  } else if (letter < 0x10000) {
    out += static_cast<char>(0xe0 | letter >> 12);
    tail(6), tail(0);
  } else {
    out += static_cast<char>(0xf0 | letter >> 18);
    tail(12), tail(6), tail(0);
  }
}

template <class Ascii, class Wide>
std::string map_letters(std::string_view text, Ascii ascii, Wide wide) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const decoded next = decode(text);
    if (next.bytes == 1) {
      out += ascii(text[0]);
    } else if (next.bytes == 0 || unicode() == nullptr) {
      out.append(text.substr(0, next.bytes == 0 ? 1 : next.bytes));
    } else {
      encode(static_cast<std::uint32_t>(wide(next.letter, unicode())), out);
    }
    text.remove_prefix(next.bytes == 0 ? 1 : next.bytes);
  }
  return out;
}

}  // namespace

std::string to_lower(std::string_view text) {
  return map_letters(
      text, [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }, towlower_l);
}

std::string to_upper(std::string_view text) {
  return map_letters(
      text, [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }, towupper_l);
}

std::size_t letter_or_digit(std::string_view text) {
  if (text.empty()) return 0;
  const decoded next = decode(text);
  if (next.bytes == 1) {
    const char c = text[0];
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ? 1 : 0;
  }
  return next.bytes > 0 && unicode() != nullptr && iswalnum_l(next.letter, unicode()) != 0 ? next.bytes : 0;
}

}  // namespace troupe::relabel
