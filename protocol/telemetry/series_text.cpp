#include "protocol/telemetry/series_text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "protocol/telemetry/number.hpp"
#include "protocol/telemetry/utf8.hpp"

namespace troupe::telemetry {
namespace {

enum : std::uint8_t { label_start = 1, label_part = 2, metric_start = 4, metric_part = 8 };

constexpr std::array<std::uint8_t, 256> make_classes() {
  std::array<std::uint8_t, 256> classes{};
  for (int c = 'a'; c <= 'z'; ++c)
    classes[c] = classes[c - 'a' + 'A'] = 15;
  classes['_'] = 15;
  classes[':'] = metric_start | metric_part;
  for (int c = '0'; c <= '9'; ++c)
    classes[c] = label_part | metric_part;
  return classes;
}
constexpr auto classes = make_classes();

bool is(std::uint8_t kind, char c) {
  return (classes[static_cast<unsigned char>(c)] & kind) != 0;
}

bool is_name(std::string_view name, std::uint8_t start, std::uint8_t part) {
  return !name.empty() && is(start, name[0]) &&
         std::all_of(name.begin(), name.end(), [part](char c) { return is(part, c); });
}

/// Replaces the escapes of `text`; `to` has room for text.size() characters. Returns how many were written.
std::size_t unescape_into(std::string_view text, char* to) {
  char* const begin = to;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char next = i + 1 < text.size() ? text[i + 1] : '\0';
    if (text[i] == '\\' && (next == '\\' || next == '"' || next == 'n')) {
      *to++ = next == 'n' ? '\n' : next;
      ++i;
    } else {
      *to++ = text[i];
    }
  }
  return static_cast<std::size_t>(to - begin);
}

/// The float of a `le` or `quantile` label; false where the text is no number.
bool append_open_metrics_float(std::string_view number, std::string& out) {
  double value = 0;
  const char* const end = number.data() + number.size();
  if (parse_number(number.data(), end, value) != end) return false;
  const std::size_t before = out.size();
  append_number(value, out);
  if (out.find_first_of(".eIN", before) == std::string::npos) out += ".0";
  return true;
}

/// Reads one series; with a buffer it collects the labels, without one it only checks.
class series_reader {
 public:
  series_reader(std::string_view text, series_syntax syntax, metric_type type, label_buffer* out)
      : p_(text.data()),
        end_(p_ + text.size()),
        strict_(syntax == series_syntax::open_metrics),
        type_(type),
        out_(out) {}

  result<const char*> series() {
    skip_blanks();
    if (out_ != nullptr) out_->add("__name__", {});
    if (p_ != end_ && is(metric_start, *p_)) {
      named_ = true;
      name(take_name(metric_part));
    }
    const char* const after_name = p_;
    skip_blanks();
    if (p_ == end_ || *p_ != '{') {
      if (!named_) return failure("expected a metric name or {, got " + here());
      return after_name;
    }
    return braces(true);
  }

  result<const char*> labels() {
    skip_blanks();
    if (p_ == end_ || *p_ != '{') return failure("expected {, got " + here());
    return braces(false);
  }

 private:
  result<const char*> braces(bool with_name) {
    ++p_;
    skip_blanks();
    while (p_ == end_ || *p_ != '}') {
      if (auto read = label(with_name); !read) return tl::unexpected(read.error());
    }
    ++p_;
    if (with_name && !named_) return failure("the series has no metric name");
    return p_;
  }

  /// A label, or the metric's name in quotes, and the comma after it.
  result<void> label(bool with_name) {
    std::string_view key;
    const bool quoted = p_ != end_ && *p_ == '"';
    if (quoted) {
      auto text = take_quoted(false);
      if (!text) return tl::unexpected(text.error());
      if (text->empty()) return failure("a name is empty");
      key = *text;
    } else if (p_ != end_ && is(label_start, *p_)) {
      key = take_name(label_part);
    } else {
      return failure("expected a label name, got " + here());
    }
    skip_blanks();
    if (p_ != end_ && (*p_ == ',' || *p_ == '}')) {
      if (!quoted || !with_name) return failure("the label " + std::string(key.substr(0, 80)) + " has no value");
      if (named_) return failure("the series has two metric names");
      named_ = true;
      name(key);
    } else {
      if (p_ == end_ || *p_ != '=') return failure("expected = after a label name, got " + here());
      ++p_;
      skip_blanks();
      if (p_ == end_ || *p_ != '"') return failure("expected a label value in quotes, got " + here());
      auto text = take_quoted(true);
      if (!text) return tl::unexpected(text.error());
      if (++count_ > max_labels_per_series) {
        return failure("the series has more than " + std::to_string(max_labels_per_series) + " labels");
      }
      if (out_ != nullptr) out_->add(key, value(key, *text));
    }
    skip_blanks();
    if (p_ != end_ && *p_ == ',') {
      ++p_;
      skip_blanks();
    } else if (strict_ && (p_ == end_ || *p_ != '}')) {
      return failure("expected a comma or } after a label, got " + here());
    }
    return {};
  }

  void skip_blanks() {
    while (!strict_ && p_ != end_ && (*p_ == ' ' || *p_ == '\t'))
      ++p_;
  }

  std::string_view take_name(std::uint8_t part) {
    const char* const begin = p_;
    while (p_ != end_ && is(part, *p_))
      ++p_;
    return {begin, static_cast<std::size_t>(p_ - begin)};
  }

  /// The text between quotes, unescaped; a view into the line, or into the buffer if there were escapes.
  result<std::string_view> take_quoted(bool is_value) {
    const std::string what = is_value ? "a label value" : "a name";
    const char* const begin = ++p_;
    bool escaped = false;
    for (; p_ != end_ && *p_ != '"'; ++p_) {
      if (*p_ == '\\') {
        escaped = true;
        // The reference reads over NULs in label values, also between a backslash and what it escapes.
        do {
          ++p_;
        } while (is_value && p_ != end_ && *p_ == '\0');
        if (p_ == end_) break;
        if (*p_ == '\n') return failure(what + " has a backslash before a line's end");
      }
      if (*p_ == '\0' && !is_value) return failure(what + " contains a NUL");
      if (*p_ == '\n' && strict_) return failure(what + " goes on after the line's end");
    }
    if (p_ == end_) return failure("the closing quote of " + what + " is missing");
    const std::string_view raw(begin, static_cast<std::size_t>(p_ - begin));
    ++p_;
    if (!is_valid_utf8(raw)) return failure(what + " is not valid UTF-8");
    if (!escaped || out_ == nullptr) return raw;
    char* const to = out_->allocate(raw.size());
    return std::string_view(to, unescape_into(raw, to));
  }

  void name(std::string_view text) {
    if (out_ != nullptr) out_->labels().front().value = text;
  }

  std::string_view value(std::string_view key, std::string_view text) {
    const bool is_float =
        (type_ == metric_type::histogram && key == "le") || (type_ == metric_type::summary && key == "quantile");
    if (!is_float) return text;
    std::string number;
    return append_open_metrics_float(text, number) && number != text ? out_->keep(number) : text;
  }

  /// What stands here, for a message.
  [[nodiscard]] std::string here() const {
    if (p_ == end_ || *p_ == '\n') return "the end of the line";
    if (*p_ < ' ' || *p_ > '~') return "the byte " + std::to_string(static_cast<unsigned char>(*p_));
    return {'\'', *p_, '\''};
  }

  const char* p_;
  const char* end_;
  bool strict_;
  metric_type type_;
  label_buffer* out_;
  bool named_ = false;
  std::size_t count_ = 0;
};

result<void> only_blanks_follow(const char* p, std::string_view text) {
  const char* const end = text.data() + text.size();
  while (p != end && (*p == ' ' || *p == '\t'))
    ++p;
  if (p != end) return failure("something follows the series in its text");
  return {};
}

}  // namespace

result<void> parse_series_text(std::string_view text, metric_type type, label_buffer& out) {
  out.clear();
  const auto end = series_reader(text, series_syntax::prometheus_text, type, &out).series();
  if (!end) return tl::unexpected(end.error());
  return only_blanks_follow(*end, text);
}

result<void> parse_labels_text(std::string_view text, label_buffer& out) {
  out.clear();
  const auto end = series_reader(text, series_syntax::prometheus_text, metric_type::unknown, &out).labels();
  if (!end) return tl::unexpected(end.error());
  return only_blanks_follow(*end, text);
}

result<std::size_t> scan_series(std::string_view text, series_syntax syntax, bool named) {
  series_reader reader(text, syntax, metric_type::unknown, nullptr);
  const auto end = named ? reader.series() : reader.labels();
  if (!end) return tl::unexpected(end.error());
  return static_cast<std::size_t>(*end - text.data());
}

std::string unescape(std::string_view text) {
  std::string plain(text.size(), '\0');
  plain.resize(unescape_into(text, plain.data()));
  return plain;
}

void append_escaped(std::string_view text, std::string& out) {
  for (const char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '"') {
      out += "\\\"";
    } else if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
}

void append_series_text(const std::vector<label_view>& labels, std::string& out) {
  const auto put_quoted = [&out](std::string_view text) {
    out += '"';
    append_escaped(text, out);
    out += '"';
  };
  bool open = false;
  const auto next = [&] {
    out += open ? ',' : '{';
    open = true;
  };
  const auto name = std::find_if(labels.begin(), labels.end(), [](const auto& l) { return l.name == "__name__"; });
  if (name != labels.end() && is_legacy_metric_name(name->value)) {
    out += name->value;
  } else if (name != labels.end()) {
    next();
    put_quoted(name->value);
  }
  for (auto label = labels.begin(); label != labels.end(); ++label) {
    if (label == name) continue;
    next();
    if (is_legacy_label_name(label->name)) {
      out += label->name;
    } else {
      put_quoted(label->name);
    }
    out += '=';
    put_quoted(label->value);
  }
  if (open) out += '}';
}

std::string open_metrics_float(std::string_view number) {
  std::string out;
  return append_open_metrics_float(number, out) ? out : std::string(number);
}

bool is_legacy_metric_name(std::string_view name) {
  return is_name(name, metric_start, metric_part);
}

bool is_legacy_label_name(std::string_view name) {
  return is_name(name, label_start, label_part);
}

}  // namespace troupe::telemetry
