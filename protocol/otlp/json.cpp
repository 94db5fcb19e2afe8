#include "protocol/otlp/json.hpp"

#include <charconv>
#include <cmath>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "protocol/otlp/json_text.hpp"
#include "protocol/otlp/message_tables.hpp"
#include "protocol/otlp/wire.hpp"
#include "protocol/telemetry/hex.hpp"

namespace troupe::otlp {

namespace {

/// Deeper messages than these are a mistake, or meant to hurt.
constexpr int deepest = 64;

void append_base64(std::string_view from, std::string& out) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  out += '"';
  for (std::size_t i = 0; i < from.size(); i += 3) {
    const auto at = [&](std::size_t j) -> std::uint32_t {
      return i + j < from.size() ? static_cast<unsigned char>(from[i + j]) : 0;
    };
    const std::uint32_t word = at(0) << 16 | at(1) << 8 | at(2);
    out += digits[word >> 18];
    out += digits[word >> 12 & 63];
    out += i + 1 < from.size() ? digits[word >> 6 & 63] : '=';
    out += i + 2 < from.size() ? digits[word & 63] : '=';
  }
  out += '"';
}

void append_real(std::uint64_t bits, std::string& out) {
  double value = 0;
  std::memcpy(&value, &bits, sizeof value);
  if (std::isnan(value)) {
    out += "\"NaN\"";
  } else if (std::isinf(value)) {
    out += value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
  } else {
    char text[32];
    out.append(text, std::to_chars(text, text + sizeof text, value).ptr);
  }
}

void append_number(form how, std::uint64_t value, std::string& out) {
  switch (how) {
    case form::flag:
      out += value != 0 ? "true" : "false";
      return;
    case form::zigzag:
      out += std::to_string(static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1));
      return;
    case form::real:
      return append_real(value, out);
    case form::fixed64:
    case form::whole_unsigned:
      ((out += '"') += std::to_string(value)) += '"';
      return;
    case form::whole:
    case form::sfixed64:
      ((out += '"') += std::to_string(static_cast<std::int64_t>(value))) += '"';
      return;
    default:
      out += std::to_string(value);
  }
}

void append_message(const message_table& of, std::string_view message, int depth, std::string& out);

void append_value(const field_row& row, const wire_field& field, int depth, std::string& out) {
  switch (row.how) {
    case form::text:
      return append_json_text(field.content, out);
    case form::hex:
      ((out += '"') += telemetry::to_hex(field.content)) += '"';
      return;
    case form::base64:
      return append_base64(field.content, out);
    case form::message:
      return append_message(*row.of, field.content, depth + 1, out);
    default:
      return append_number(row.how, field.value, out);
  }
}

bool is_number(form how) {
  return how != form::text && how != form::hex && how != form::base64 && how != form::message;
}

/// Repeated numbers in one field.
void append_packed(const field_row& row, std::string_view packed, bool& first, std::string& out) {
  wire_reader in(packed);
  while (!in.done()) {
    const bool wide = row.how == form::fixed64 || row.how == form::sfixed64 || row.how == form::real;
    const auto value = wide ? in.fixed<std::uint64_t>() : in.number();
    if (in.failed()) return;
    if (!std::exchange(first, false)) out += ',';
    append_number(row.how, value, out);
  }
}

void append_field(const field_row& row, const std::vector<wire_field>& fields, int depth, std::string& out) {
  const wire_field* last = nullptr;
  bool first = true;
  for (const auto& one : fields) {
    if (one.number != row.number || (one.type == bytes) == (is_number(row.how) && !row.repeated)) continue;
    if (!row.repeated) {
      last = &one;
      continue;
    }
    if (first) ((out += '"') += row.name) += "\":[";
    if (is_number(row.how) && one.type == bytes) {
      append_packed(row, one.content, first, out);
    } else {
      if (!std::exchange(first, false)) out += ',';
      append_value(row, one, depth, out);
    }
  }
  if (row.repeated && !first) out += "],";
  if (last == nullptr) return;
  ((out += '"') += row.name) += "\":";
  append_value(row, *last, depth, out);
  out += ',';
}

void append_message(const message_table& of, std::string_view message, int depth, std::string& out) {
  out += '{';
  std::vector<wire_field> fields;
  wire_reader in(message);
  while (auto one = in.next())
    fields.push_back(*one);
  if (depth < deepest && !in.failed()) {
    for (const auto& row : of.fields)
      append_field(row, fields, depth, out);
  }
  if (out.back() == ',') out.pop_back();
  out += '}';
}

}  // namespace

std::string to_json(telemetry::otlp_kind what, std::string_view message) {
  std::string out;
  append_message(request_table(what), message, 0, out);
  return out;
}

}  // namespace troupe::otlp
