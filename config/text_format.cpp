#include "config/conversion.hpp"
#include "config/limits.hpp"
#include "config/stdlib_parts.hpp"
#include "config/unicode.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

namespace troupe::config {

namespace {

constexpr int max_width = 1'000'000;  // as Go has it

struct directive {
  bool minus = false, plus = false, sharp = false, space = false, zero = false;
  std::optional<int> width;
  std::optional<int> precision;
  char32_t verb = 0;
};

std::string_view go_type(const value& v) {
  switch (v.type()) {
    case kind::null:
      return "<nil>";
    case kind::boolean:
      return "bool";
    case kind::string:
      return "string";
    case kind::array:
      return "[]interface {}";
    case kind::object:
      return "map[string]interface {}";
    case kind::number:
      if (v.as_number()->is_float()) return "float64";
      return v.as_number()->exact_int64() ? "int" : "uint64";
    default:
      return "";
  }
}

std::string padded(std::string text, const directive& d, bool zeros_allowed) {
  const auto size = static_cast<int>(count_points(text));
  if (!d.width || *d.width <= size) return text;
  const auto missing = static_cast<std::size_t>(*d.width - size);
  if (d.minus) return text + std::string(missing, ' ');
  if (!d.zero || !zeros_allowed) return std::string(missing, ' ') + text;
  const std::size_t sign = !text.empty() && (text[0] == '-' || text[0] == '+' || text[0] == ' ') ? 1 : 0;
  return text.insert(sign, missing, '0');
}

std::string signed_text(bool negative, std::string digits, const directive& d) {
  const char* sign = negative ? "-" : d.plus ? "+" : d.space ? " " : "";
  return sign + digits;
}

std::optional<std::string> whole_text(const number& n, const directive& d) {
  const bool negative = n.is_signed() && n.to_int64() < 0;
  const std::uint64_t size = negative ? 0 - n.to_uint64() : n.to_uint64();
  const auto in_base = [&](int base, const char* prefix, bool upper = false) {
    char buffer[72];
    std::string digits(buffer, std::to_chars(buffer, buffer + sizeof buffer, size, base).ptr);
    if (upper)
      std::transform(digits.begin(), digits.end(), digits.begin(),
                     [](char c) { return c >= 'a' ? static_cast<char>(c - 32) : c; });
    if (d.precision && *d.precision == 0 && size == 0) digits.clear();
    if (d.precision && static_cast<std::size_t>(*d.precision) > digits.size()) {
      digits.insert(0, static_cast<std::size_t>(*d.precision) - digits.size(), '0');
    } else if (d.zero && d.width && !d.minus && !d.precision) {
      const std::size_t sign = negative || d.plus || d.space ? 1 : 0;
      const auto width = static_cast<std::size_t>(*d.width);
      if (width > digits.size() + sign) digits.insert(0, width - digits.size() - sign, '0');
    }
    return padded(signed_text(negative, prefix + digits, d), d, false);
  };
  const auto as_point = [&] {
    return n.to_uint64() > 0x10FFFF || negative ? char32_t{0xFFFD} : static_cast<char32_t>(size);
  };
  std::string character;
  switch (d.verb) {
    case 'v':
    case 'd':
      return in_base(10, "");
    case 'b':
      return in_base(2, d.sharp ? "0b" : "");
    case 'o':
      return in_base(8, d.sharp ? "0" : "");
    case 'O':
      return in_base(8, "0o");
    case 'x':
      return in_base(16, d.sharp ? "0x" : "");
    case 'X':
      return in_base(16, d.sharp ? "0X" : "", true);
    case 'c':
      append_utf8(character, as_point());
      return padded(character, d, true);
    case 'q': {
      append_utf8(character, as_point());
      if (character == "'")
        character = "\\'";
      else if (character != "\"")
        character = quoted(character), character = character.substr(1, character.size() - 2);
      return padded("'" + character + "'", d, true);
    }
    case 'U': {
      std::string name = code_point_name(static_cast<char32_t>(std::min<std::uint64_t>(size, 0xFFFFFFFF)));
      if (!d.sharp) name = name.substr(0, name.find(' '));
      return padded(name, d, false);
    }
    default:
      return std::nullopt;
  }
}

// The shortest text that reads back, in exponent form below 1e-4 and from 1e6 up.
std::string shortest_text(double d) {
  char buffer[64];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, d, std::chars_format::scientific).ptr;
  const std::string text(buffer, end);
  const int exponent = std::stoi(text.substr(text.find('e') + 1));
  if (exponent < -4 || exponent >= 6) return text;
  return number(d).text();
}

std::optional<std::string> float_text(double f, const directive& d) {
  if (d.verb > 127 || std::string_view("vgGeEfF").find(static_cast<char>(d.verb)) == std::string_view::npos)
    return std::nullopt;
  directive layout = d;
  const double size = std::fabs(f);
  if (!std::isfinite(f)) {
    layout.zero = false;
    if (std::isnan(f)) return padded(signed_text(false, "NaN", d), layout, false);
    return padded(f < 0 ? "-Inf" : d.space && !d.plus ? " Inf" : "+Inf", layout, false);
  }
  const bool upper = d.verb == 'G' || d.verb == 'E';
  std::string text;
  if ((d.verb == 'v' || d.verb == 'g' || d.verb == 'G') && !d.precision) {
    text = shortest_text(size);
  } else {
    const auto form = d.verb == 'f' || d.verb == 'F'   ? std::chars_format::fixed
                      : d.verb == 'e' || d.verb == 'E' ? std::chars_format::scientific
                                                       : std::chars_format::general;
    const int precision = std::min(d.precision.value_or(6), max_width);
    text.resize(static_cast<std::size_t>(precision) + 400);
    text.resize(static_cast<std::size_t>(
        std::to_chars(text.data(), text.data() + text.size(), size, form, precision).ptr - text.data()));
  }
  if (upper) std::replace(text.begin(), text.end(), 'e', 'E');
  return padded(signed_text(std::signbit(f), std::move(text), d), d, true);
}

std::string in_hex(std::string_view text, const directive& d) {
  const char* digits = d.verb == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
  const std::string prefix = !d.sharp ? "" : d.verb == 'X' ? "0X" : "0x";
  std::string out;
  for (const char c : text) {
    if (d.space && !out.empty()) out += ' ';
    if (out.empty() || d.space) out += prefix;
    out += digits[static_cast<unsigned char>(c) >> 4U];
    out += digits[static_cast<unsigned char>(c) & 15U];
  }
  return out;
}

std::optional<std::string> string_text(std::string_view text, const directive& d) {
  if (d.precision && (d.verb == 'x' || d.verb == 'X')) {
    text = text.substr(0, static_cast<std::size_t>(*d.precision));
  } else if (d.precision) {
    std::size_t end = 0;
    for (int i = 0; i < *d.precision && end < text.size(); ++i)
      end += decode_utf8(text.substr(end)).width;
    text = text.substr(0, end);
  }
  switch (d.verb) {
    case 'v':
      if (!d.sharp) return padded(std::string(text), d, true);
      [[fallthrough]];
    case 'q':
      if (d.verb == 'q' && d.sharp && text.find_first_of("`\r\n") == std::string_view::npos) {
        return padded("`" + std::string(text) + "`", d, true);
      }
      return padded(quoted(text), d, true);
    case 's':
      return padded(std::string(text), d, true);
    case 'x':
    case 'X':
      return padded(in_hex(text, d), d, true);
    default:
      return std::nullopt;
  }
}

/// Writes values; a secret or a function has no text.
class value_writer {
 public:
  explicit value_writer(const directive& d) : d_(d) {}

  bool write(const value& v) {
    if (out.size() > max_text_bytes) return false;
    std::optional<std::string> text;
    switch (v.type()) {
      case kind::null:
        if (d_.verb == 'v') text = padded("<nil>", d_, true);
        break;
      case kind::boolean:
        if (d_.verb == 'v' || d_.verb == 't') text = padded(*v.as_bool() ? "true" : "false", d_, true);
        break;
      case kind::number: {
        const number& n = *v.as_number();
        text = n.is_float() ? float_text(n.to_double(), d_) : whole_text(n, d_);
        break;
      }
      case kind::string:
        text = string_text(*v.as_string(), d_);
        break;
      case kind::array:
        return write_array(*v.as_array());
      case kind::object:
        return write_object(*v.as_object());
      case kind::function:
        return fail("functions have no text");
      case kind::capsule:
        return write_capsule(v);
    }
    out += text ? *text : mistaken(v);
    return true;
  }

  std::string out;
  std::string error;

 private:
  bool fail(std::string message) {
    error = std::move(message);
    return false;
  }

  // A verb that doesn't fit shows what it was given, as Go does.
  std::string mistaken(const value& v) const {
    std::string text = "%!";
    append_utf8(text, d_.verb);
    text += '(';
    if (!v.is_null()) text += std::string(go_type(v)) + "=";
    directive plain;
    plain.verb = 'v';
    value_writer shown(plain);
    shown.write(v);
    return text + shown.out + ")";
  }

  bool write_array(const array& list) {
    const bool syntax = d_.verb == 'v' && d_.sharp;
    out += syntax ? "[]interface {}{" : "[";
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (i > 0) out += syntax ? ", " : " ";
      if (!write(list[i])) return false;
    }
    out += syntax ? '}' : ']';
    return true;
  }

  bool write_object(const object& fields) {
    const bool syntax = d_.verb == 'v' && d_.sharp;
    const object sorted(std::vector<object::entry>(fields.begin(), fields.end()));
    out += syntax ? "map[string]interface {}{" : "map[";
    bool first = true;
    for (const auto& [name, field] : sorted) {
      if (!first) out += syntax ? ", " : " ";
      first = false;
      if (!write(value(name))) return false;
      out += ':';
      if (!write(field)) return false;
    }
    out += syntax ? '}' : ']';
    return true;
  }

  bool write_capsule(const value& v) {
    if (const object* fields = v.as_capsule()->fields()) return write_object(*fields);
    const auto text = to_string(v);
    return text ? write(value(*text)) : fail(text.error().message);
  }

  const directive& d_;
};

/// Go through a pattern as fmt.Sprintf does.
class pattern_run {
 public:
  pattern_run(std::string_view pattern, arguments values) : rest_(pattern), values_(values) {}

  fitted<std::string> run() {
    while (!rest_.empty()) {
      const std::size_t literal = std::min(rest_.find('%'), rest_.size());
      out_ += rest_.substr(0, literal);
      rest_.remove_prefix(literal);
      if (!rest_.empty() && !run_directive()) return refuse(error_, culprit_);
      if (out_.size() > max_text_bytes)
        return refuse("makes a text of more than " + std::to_string(max_text_bytes) + " bytes");
    }
    if (!reordered_ && next_ < values_.size() && !add_extra()) return refuse(error_, culprit_);
    return std::move(out_);
  }

 private:
  bool take(char c) {
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  std::optional<int> take_digits() {
    std::optional<int> n;
    while (!rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9') {
      n = std::min(n.value_or(0) * 10 + (rest_[0] - '0'), max_width + 1);
      rest_.remove_prefix(1);
    }
    return n && *n > max_width ? std::nullopt : n;
  }

  void take_flags(directive& d) {
    for (;;) {
      if (take('-'))
        d.minus = true;
      else if (take('+'))
        d.plus = true;
      else if (take('#'))
        d.sharp = true;
      else if (take(' '))
        d.space = true;
      else if (take('0'))
        d.zero = true;
      else
        return;
    }
  }

  // `[n]`: the next value is the n-th.
  void take_index() {
    if (rest_.empty() || rest_[0] != '[') return;
    reordered_ = true;
    const std::size_t close = rest_.find(']');
    if (close == std::string_view::npos) {
      bad_index_ = true;
      rest_.remove_prefix(1);
      return;
    }
    const std::string_view digits = rest_.substr(1, close - 1);
    std::size_t n = 0;
    const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), n);
    rest_.remove_prefix(close + 1);
    if (failed != std::errc{} || end != digits.data() + digits.size() || n == 0 || n > values_.size()) {
      bad_index_ = true;
    } else {
      next_ = n - 1;
    }
  }

  std::optional<int> take_star(const char* complaint) {
    const number* n = next_ < values_.size() ? values_[next_].as_number() : nullptr;
    if (next_ < values_.size()) ++next_;
    const auto whole = n != nullptr && !n->is_float() ? n->exact_int64() : std::nullopt;
    if (whole && *whole >= -max_width && *whole <= max_width) return static_cast<int>(*whole);
    out_ += complaint;
    return std::nullopt;
  }

  void take_layout(directive& d) {
    take_index();
    if (take('*')) {
      d.width = take_star("%!(BADWIDTH)");
      if (d.width && *d.width < 0) d.minus = true, d.zero = false, d.width = -*d.width;
    } else {
      d.width = take_digits();
    }
    if (!take('.')) return;
    take_index();
    if (take('*')) {
      d.precision = take_star("%!(BADPREC)");
      if (d.precision && *d.precision < 0) {
        d.precision.reset();
        out_ += "%!(BADPREC)";
      }
    } else {
      d.precision = take_digits();
      if (!d.precision) d.precision = 0;
    }
  }

  bool run_directive() {
    rest_.remove_prefix(1);  // %
    directive d;
    bad_index_ = false;
    take_flags(d);
    take_layout(d);
    take_index();
    if (rest_.empty()) {
      out_ += "%!(NOVERB)";
      return true;
    }
    const decoded verb = decode_utf8(rest_);
    rest_.remove_prefix(verb.width);
    d.verb = verb.point;
    if (d.minus) d.zero = false;
    if (d.verb == '%') {
      out_ += '%';
      return true;
    }
    if (bad_index_ || next_ >= values_.size()) {
      out_ += "%!";
      append_utf8(out_, d.verb);
      out_ += bad_index_ ? "(BADINDEX)" : "(MISSING)";
      return true;
    }
    return add_value(d);
  }

  bool add_value(const directive& d) {
    const value& v = values_[next_++];
    if (d.verb == 'T') {
      directive plain;
      plain.verb = 's';
      plain.width = d.width;
      plain.minus = d.minus;
      out_ += *string_text(v.is(kind::capsule) ? describe(v) : go_type(v), plain);
      return true;
    }
    value_writer writer(d);
    if (!writer.write(v)) {
      culprit_ = writer.error.empty() ? misfit::no_argument : next_ - 1;
      error_ = writer.error.empty() ? "makes a text of more than " + std::to_string(max_text_bytes) + " bytes"
                                    : writer.error;
      return false;
    }
    out_ += writer.out;
    return true;
  }

  bool add_extra() {
    out_ += "%!(EXTRA ";
    for (bool first = true; next_ < values_.size(); first = false) {
      if (!first) out_ += ", ";
      const value& v = values_[next_];
      if (!v.is_null()) out_ += std::string(go_type(v)) + "=";
      directive plain;
      plain.verb = 'v';
      if (!add_value(plain)) return false;
    }
    out_ += ')';
    return true;
  }

  std::string_view rest_;
  arguments values_;
  std::size_t next_ = 0;
  bool reordered_ = false;
  bool bad_index_ = false;
  std::string out_;
  std::string error_;
  std::size_t culprit_ = misfit::no_argument;
};

}  // namespace

fitted<std::string> format_text(const std::string& pattern, arguments values) {
  return pattern_run(pattern, values).run();
}

}  // namespace troupe::config
