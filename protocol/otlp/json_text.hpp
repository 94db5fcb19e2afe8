#pragma once

#include <string>
#include <string_view>

#include "protocol/telemetry/utf8.hpp"

namespace troupe::otlp {

/// Appends a JSON string; what is not UTF-8 becomes U+FFFD.
inline void append_json_text(std::string_view text, std::string& out) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string repaired;
  telemetry::append_repaired_utf8(text, repaired);
  out += '"';
  for (const char c : repaired) {
    if (c == '"' || c == '\\') {
      (out += '\\') += c;
    } else if (static_cast<unsigned char>(c) < ' ') {
      ((out += "\\u00") += digits[static_cast<unsigned char>(c) >> 4]) += digits[c & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

}  // namespace troupe::otlp
