#include "config/conversion.hpp"
#include "config/limits.hpp"
#include "config/stdlib_parts.hpp"
#include "config/unicode.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

namespace troupe::config {

namespace {

/// Builds values while nlohmann reads, so that neither depth nor size gets out of hand. Returning false ends the
/// reading.
class json_reader : public nlohmann::json_sax<nlohmann::json> {
 public:
  bool null() override { return add({}); }
  bool boolean(bool b) override { return add(b); }
  // All numbers of JSON are floats here.
  bool number_integer(number_integer_t i) override { return add(static_cast<double>(i)); }
  bool number_unsigned(number_unsigned_t u) override { return add(static_cast<double>(u)); }
  bool number_float(number_float_t d, const string_t& text) override {
    if (!std::isfinite(d)) return fail("number " + text + " is out of range");
    return add(d);
  }
  bool string(string_t& text) override { return add(std::move(text)); }
  bool binary(binary_t&) override { return fail("binary data"); }

  bool start_object(std::size_t) override { return open(true); }
  bool key(string_t& name) override {
    open_.back().keys.push_back(std::move(name));
    return true;
  }
  bool end_object() override {
    level done = std::move(open_.back());
    open_.pop_back();
    std::vector<object::entry> entries;
    entries.reserve(done.values.size());
    for (std::size_t i = 0; i < done.values.size(); ++i) {
      entries.emplace_back(std::move(done.keys[i]), std::move(done.values[i]));
    }
    return place(object(std::move(entries)));
  }
  bool start_array(std::size_t) override { return open(false); }
  bool end_array() override {
    array done = std::move(open_.back().values);
    open_.pop_back();
    return place(std::move(done));
  }
  bool parse_error(std::size_t at, const std::string&, const nlohmann::json::exception&) override {
    return fail("invalid JSON at byte " + std::to_string(at));
  }

  value root;
  std::string error;

 private:
  struct level {
    bool is_object;
    array values;
    std::vector<std::string> keys;
  };

  bool fail(std::string message) {
    if (error.empty()) error = std::move(message);
    return false;
  }
  bool open(bool is_object) {
    if (open_.size() >= max_value_depth)
      return fail("JSON is nested deeper than " + std::to_string(max_value_depth) + " levels");
    open_.push_back({is_object, {}, {}});
    return count();
  }
  bool count() {
    return ++count_ <= max_elements || fail("JSON has more than " + std::to_string(max_elements) + " values");
  }
  bool add(value v) { return count() && place(std::move(v)); }
  bool place(value v) {
    if (open_.empty()) {
      root = std::move(v);
    } else {
      open_.back().values.push_back(std::move(v));
    }
    return true;
  }

  std::vector<level> open_;
  std::size_t count_ = 0;
};

// As Go escapes: what HTML or JavaScript would take for its own as well.
void write_text(std::string_view text, std::string& out) {
  static constexpr char hex[] = "0123456789abcdef";
  out += '"';
  while (!text.empty()) {
    const decoded d = decode_utf8(text);
    switch (d.point) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\f':
        out += "\\f";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (!d.valid) {
          out += "\\ufffd";
        } else if (d.point < 0x20 || d.point == '<' || d.point == '>' || d.point == '&' || d.point == 0x2028 ||
                   d.point == 0x2029) {
          out += "\\u";
          for (int shift = 12; shift >= 0; shift -= 4)
            out += hex[d.point >> shift & 15U];
        } else {
          out += text.substr(0, d.width);
        }
    }
    text.remove_prefix(d.width);
  }
  out += '"';
}

// Go's encoding/json: without exponent from 1e-6 to below 1e21.
std::string float_text(double d) {
  const double size = std::fabs(d);
  if (d == 0 || (size >= 1e-6 && size < 1e21)) return number(d).text();
  char buffer[64];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, d, std::chars_format::scientific).ptr;
  std::string text(buffer, end);
  const std::size_t exponent = text.find('e');
  if (text[exponent + 1] == '-' && text[exponent + 2] == '0') text.erase(exponent + 2, 1);
  return text;
}

// The code unit of `\uXXXX` at that place; none: it is something else.
std::optional<std::uint32_t> escaped_unit(std::string_view text, std::size_t at) {
  constexpr std::size_t digits = 4;
  std::uint32_t unit = 0;
  const auto escape = text.substr(std::min(at, text.size()), 2 + digits);
  if (escape.size() != 2 + digits || !escape.starts_with("\\u")) return std::nullopt;
  const auto [end, error] = std::from_chars(escape.data() + 2, escape.data() + escape.size(), unit, 16);
  if (error != std::errc() || end != escape.data() + escape.size()) return std::nullopt;
  return unit;
}

// Halves of surrogate pairs as U+FFFD, as Go reads them; nlohmann refuses them.
std::string without_lone_surrogates(std::string text) {
  constexpr std::size_t length = 6;
  for (auto at = text.find('\\'); at != std::string::npos; at = text.find('\\', at)) {
    const auto unit = escaped_unit(text, at);
    if (!unit) {
      at = std::min(at + 2, text.size());
      continue;
    }
    const auto next = escaped_unit(text, at + length);
    const bool high = *unit >= 0xD800 && *unit < 0xDC00, low = *unit >= 0xDC00 && *unit < 0xE000;
    const bool pair = high && next && *next >= 0xDC00 && *next < 0xE000;
    if ((high && !pair) || low) text.replace(at, length, "\\uFFFD");
    at += pair ? 2 * length : length;
  }
  return text;
}

class json_writer {
 public:
  fitted<std::string> write(const value& v) {
    const bool written = add(v, 0);
    if (!written) {
      why_.path = path_;
      return tl::make_unexpected(why_);
    }
    return std::move(out_);
  }

 private:
  bool fail(std::string message) {
    why_.message = std::move(message);
    return false;
  }

  bool add(const value& v, std::size_t depth) {
    if (depth > max_value_depth) return fail("nested deeper than " + std::to_string(max_value_depth) + " levels");
    if (out_.size() > max_text_bytes)
      return fail("makes a text of more than " + std::to_string(max_text_bytes) + " bytes");
    switch (v.type()) {
      case kind::null:
        out_ += "null";
        return true;
      case kind::boolean:
        out_ += *v.as_bool() ? "true" : "false";
        return true;
      case kind::string:
        write_text(*v.as_string(), out_);
        return true;
      case kind::number:
        return add_number(*v.as_number());
      case kind::array:
        return add_array(*v.as_array(), depth);
      case kind::object:
        return add_object(*v.as_object(), depth);
      case kind::function:
        return fail("functions have no JSON");
      case kind::capsule:
        break;
    }
    if (const object* fields = v.as_capsule()->fields()) return add_object(*fields, depth);
    const auto text = to_string(v);
    if (!text) return fail(text.error().message);
    write_text(*text, out_);
    return true;
  }

  bool add_number(const number& n) {
    if (n.is_float() && !std::isfinite(n.to_double())) return fail("json: unsupported value: " + n.text());
    out_ += n.is_float() ? float_text(n.to_double()) : n.text();
    return true;
  }

  bool add_array(const array& list, std::size_t depth) {
    out_ += '[';
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (i > 0) out_ += ',';
      path_.push_back({i});
      if (!add(list[i], depth + 1)) return false;
      path_.pop_back();
    }
    out_ += ']';
    return true;
  }

  bool add_object(const object& fields, std::size_t depth) {
    const object sorted(std::vector<object::entry>(fields.begin(), fields.end()));
    out_ += '{';
    bool first = true;
    for (const auto& [name, field] : sorted) {
      if (!first) out_ += ',';
      first = false;
      write_text(name, out_);
      out_ += ':';
      path_.push_back({name});
      if (!add(field, depth + 1)) return false;
      path_.pop_back();
    }
    out_ += '}';
    return true;
  }

  std::string out_;
  misfit why_;
  std::vector<path_step> path_;
};

}  // namespace

fitted<value> from_json(const std::string& text) {
  json_reader reader;
  if (nlohmann::json::sax_parse(without_lone_surrogates(text), &reader)) return std::move(reader.root);
  return refuse(reader.error.empty() ? "invalid JSON" : reader.error);
}

fitted<std::string> to_json(const value& v) {
  return json_writer().write(v);
}

}  // namespace troupe::config
