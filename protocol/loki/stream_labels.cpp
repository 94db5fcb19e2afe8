#include "protocol/loki/stream_labels.hpp"

#include "protocol/telemetry/utf8.hpp"

namespace troupe::loki {

namespace {

void append_quoted(std::string_view value, std::string& out) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string repaired;
  telemetry::append_repaired_utf8(value, repaired);
  out += '"';
  for (const char c : repaired) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      (out += '\\') += c;
    } else if (byte >= '\a' && byte <= '\r') {
      (out += '\\') += "abtnvfr"[byte - '\a'];
    } else if (byte < ' ' || byte == 0x7f) {
      ((out += "\\x") += digits[byte >> 4]) += digits[byte & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

void append_label(const std::pair<std::string, std::string>& label, std::string& out) {
  if (label.first.starts_with("__")) return;
  if (out.size() > 1) out += ", ";
  telemetry::append_repaired_utf8(label.first, out);
  out += '=';
  append_quoted(label.second, out);
}

}  // namespace

std::string stream_labels(const telemetry::label_set& of, const telemetry::label_set& external) {
  std::string out = "{";
  auto other = external.begin();
  for (const auto& label : of) {
    for (; other != external.end() && other->first < label.first; ++other)
      append_label(*other, out);
    if (other != external.end() && other->first == label.first) ++other;
    append_label(label, out);
  }
  for (; other != external.end(); ++other)
    append_label(*other, out);
  out += '}';
  return out;
}

}  // namespace troupe::loki
