#include "protocol/exposition/page.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "protocol/exposition/line_end.hpp"
#include "protocol/exposition/number.hpp"
#include "protocol/telemetry/series_text.hpp"
#include "protocol/telemetry/utf8.hpp"

namespace troupe::exposition {
namespace {

using telemetry::metric_type;

// Positions in a chunk have 32 bits.
constexpr std::size_t most_bytes = std::size_t{1} << 31;
// Longer names are not kept as metadata, longer help is cut: every chunk of a family repeats them.
constexpr std::size_t most_metadata = 4096;

struct type_name {
  std::string_view name;
  metric_type type;
  bool in_text;
  bool in_open_metrics;
};
constexpr std::array<type_name, 9> type_names{{
    {"counter", metric_type::counter, true, true},
    {"gauge", metric_type::gauge, true, true},
    {"histogram", metric_type::histogram, true, true},
    {"summary", metric_type::summary, true, true},
    {"untyped", metric_type::unknown, true, false},
    {"unknown", metric_type::unknown, false, true},
    {"gaugehistogram", metric_type::gauge_histogram, false, true},
    {"info", metric_type::info, false, true},
    {"stateset", metric_type::stateset, false, true},
}};

/// A short, printable piece of what stands on the page.
std::string excerpt(const char* p, const char* end) {
  constexpr std::ptrdiff_t most = 60;
  std::string text = "\"";
  const char* const last = p + std::min(most, end - p);
  for (; p != last && *p != '\n'; ++p)
    text += *p >= ' ' && *p <= '~' ? *p : '?';
  if (p == last && p != end) text += "...";
  return text + '"';
}

std::string unescape_text_help(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char next = i + 1 < text.size() ? text[i + 1] : '\0';
    if (text[i] == '\\' && (next == '\\' || next == 'n')) {
      plain += next == 'n' ? '\n' : '\\';
      ++i;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

void cut_help(std::string& help) {
  if (help.size() <= most_metadata) return;
  std::size_t size = most_metadata;
  while (size > 0 && (help[size] & 0xc0) == 0x80)
    --size;
  help.resize(size);
  help.shrink_to_fit();
}

class page_parser {
 public:
  page_parser(std::string_view body, format kind)
      : begin_(body.data()),
        end_(begin_ + body.size()),
        p_(begin_),
        lines_begin_(begin_),
        kind_(kind),
        syntax_(kind == format::open_metrics ? telemetry::series_syntax::open_metrics
                                             : telemetry::series_syntax::prometheus_text),
        carried_budget_(2 * body.size() + 65536) {}

  result<parsed_page> run() {
    const auto read = kind_ == format::open_metrics ? open_metrics() : prometheus_text();
    if (!read) return tl::unexpected(read.error());
    auto layout = std::make_shared<page_layout>();
    layout->kind = kind_;
    layout->chunks = builder_.finish();
    layout->trailer.assign(lines_begin_, end_);
    layout->lines = values_.values.size();
    return parsed_page{std::move(layout), std::move(values_)};
  }

  [[nodiscard]] std::size_t samples() const { return values_.values.size(); }

 private:
  result<void> prometheus_text() {
    while (p_ != end_) {
      const char* const start = skip_blanks(p_);
      // The reference takes a NUL where a line begins for the end of the page.
      if (start == end_ || *start == '\0') return {};
      if (*start == '\n') {
        p_ = start + 1;
        continue;
      }
      if (*start == '#') {
        const auto next = text_comment(start);
        if (!next) return tl::unexpected(next.error());
        if (*next == nullptr) return {};
        p_ = *next;
        continue;
      }
      if (auto read = sample(); !read) return read;
    }
    return {};
  }

  /// Returns the next line; null where the page ends inside.
  result<const char*> text_comment(const char* hash) {
    const char* const word = skip_blanks(hash + 1);
    const char* const newline = line_end_from(word);
    const std::string_view rest(word, static_cast<std::size_t>(newline - word));
    const bool is_type = rest.starts_with("TYPE");
    if (word != hash + 1 && (is_type || rest.starts_with("HELP")) && rest.size() > 4 && is_blank(rest[4])) {
      const char* const name = skip_blanks(word + 4);
      return metadata(is_type ? "TYPE" : "HELP", name);
    }
    if (word == hash + 1 && rest.find('\0') != std::string_view::npos) return nullptr;
    return newline == end_ ? end_ : newline + 1;
  }

  result<void> open_metrics() {
    for (;;) {
      if (p_ == end_) return fail("the page does not end with # EOF");
      if (*p_ != '#') {
        if (auto read = sample(); !read) return read;
        continue;
      }
      const std::string_view rest(p_, static_cast<std::size_t>(end_ - p_));
      if (rest == "# EOF" || rest == "# EOF\n") return {};
      if (rest.starts_with("# EOF")) return fail("something follows # EOF");
      const std::string_view word = rest.starts_with("# ") ? rest.substr(2, 4) : std::string_view();
      if ((word != "HELP" && word != "TYPE" && word != "UNIT") || rest.size() < 7 || rest[6] != ' ') {
        return fail("expected # HELP, # TYPE, # UNIT or # EOF, got " + excerpt(p_, end_));
      }
      const auto next = metadata(word, p_ + 7);
      if (!next) return tl::unexpected(next.error());
      p_ = *next;
    }
  }

  /// The rest of a metadata line, from the family's name on; returns the next line.
  result<const char*> metadata(std::string_view word, const char* p) {
    const bool strict = kind_ == format::open_metrics;
    const char* const after_name = name_end(p);
    if (after_name == nullptr) {
      return fail("expected a metric name after # " + std::string(word) + ", got " + excerpt(p, end_));
    }
    const bool quoted = *p == '"';
    const std::string_view raw(p, static_cast<std::size_t>(after_name - p));
    const std::string name = quoted ? telemetry::unescape(raw.substr(1, raw.size() - 2)) : std::string(raw);
    if (!telemetry::is_valid_utf8(name))
      return fail("the metric name of # " + std::string(word) + " is not valid UTF-8");
    const char* const newline = line_end_from(after_name);
    std::string_view text(after_name, static_cast<std::size_t>(newline - after_name));
    if (strict && (newline == end_ || text.empty() || text[0] != ' ')) {
      return fail("expected one blank, text and the end of the line after the metric name of # " + std::string(word));
    }
    // Whatever it is, the reference takes the character after the name for the separator.
    text = !strict && std::all_of(text.begin(), text.end(), is_blank) ? std::string_view() : text.substr(1);
    std::string reason = word == "TYPE"   ? set_type(name, text)
                         : word == "HELP" ? set_help(name, text)
                                          : set_unit(name, text);
    if (!reason.empty()) return fail(std::move(reason));
    return newline == end_ ? end_ : newline + 1;
  }

  void describe(const std::string& name) {
    changed_ = true;
    if (name == full_name_) return;
    full_name_ = name;
    // The type stays until the next # TYPE, as in the reference.
    family_.name = name.size() <= most_metadata ? name : std::string();
    family_.help.clear();
    family_.unit.clear();
  }

  std::string set_type(const std::string& name, std::string_view text) {
    for (const auto& known : type_names) {
      if (known.name != text || !(kind_ == format::open_metrics ? known.in_open_metrics : known.in_text)) continue;
      describe(name);
      family_.type = known.type;
      return {};
    }
    return "unknown metric type " + excerpt(text.data(), text.data() + text.size());
  }

  std::string set_help(const std::string& name, std::string_view text) {
    if (!telemetry::is_valid_utf8(text)) return "the help text is not valid UTF-8";
    describe(name);
    family_.help = kind_ == format::open_metrics ? telemetry::unescape(text) : unescape_text_help(text);
    cut_help(family_.help);
    return {};
  }

  std::string set_unit(const std::string& name, std::string_view text) {
    const bool fits = text.empty() ||
                      (name.size() > text.size() && name.ends_with(text) && name[name.size() - text.size() - 1] == '_');
    if (!fits)
      return "the unit " + excerpt(text.data(), text.data() + text.size()) + " is no suffix of the metric's name";
    describe(name);
    family_.unit = text.size() <= most_metadata ? text : std::string_view();
    return {};
  }

  /// A line with a value, from p_ on.
  result<void> sample() {
    const auto size = telemetry::scan_series({p_, static_cast<std::size_t>(end_ - p_)}, syntax_);
    if (!size) return fail(size.error().message);
    const char* value_begin = p_ + *size;
    if (kind_ == format::open_metrics) {
      if (value_begin == end_ || *value_begin != ' ') return fail("expected one blank and a value after the series");
      ++value_begin;
    } else {
      value_begin = skip_blanks(value_begin);
    }
    double value = 0;
    const char* const value_end = parse_value(value_begin, end_, value);
    if (value_end == nullptr) {
      if (value_begin == end_ || *value_begin == '\n') return fail("the series has no value");
      return fail("the value is not a number, or out of range: " + excerpt(value_begin, end_));
    }
    line_end rest;
    std::string reason;
    const char* const next = read_line_end(kind_, value_end, end_, rest, reason);
    if (next == nullptr) return fail(std::move(reason));

    begin_family();
    builder_.series({p_, static_cast<std::size_t>(value_begin - p_)});
    values_.values.push_back(value);
    store_line_end(rest, samples() - 1, samples(), values_);
    p_ = lines_begin_ = next;
    return {};
  }

  /// What stood between the sample before and this one becomes a family's page text.
  void begin_family() {
    if (lines_begin_ == p_) return;
    telemetry::metric_family family = family_;
    // A page cannot make us repeat its longest name and help more often than it pays for with its own size.
    const std::size_t carried = family.name.size() + family.help.size() + family.unit.size();
    if (carried > carried_budget_) {
      family.help.clear();
      family.unit.clear();
      if (!changed_) family.name.clear();
    } else {
      carried_budget_ -= carried;
    }
    family.page_text.assign(lines_begin_, p_);
    builder_.family(telemetry::intern(std::move(family)));
    changed_ = false;
  }

  static bool is_blank(char c) { return c == ' ' || c == '\t'; }

  const char* skip_blanks(const char* p) const {
    while (p != end_ && is_blank(*p))
      ++p;
    return p;
  }

  const char* line_end_from(const char* p) const {
    const void* const newline = p == end_ ? nullptr : std::memchr(p, '\n', static_cast<std::size_t>(end_ - p));
    return newline == nullptr ? end_ : static_cast<const char*>(newline);
  }

  /// The end of the name, plain or in quotes, at p; null: there is none.
  const char* name_end(const char* p) const {
    if (p == end_) return nullptr;
    if (*p == '"') {
      for (++p; p != end_ && *p != '"'; ++p) {
        if (*p == '\\' && ++p == end_) return nullptr;
        if (*p == '\0') return nullptr;
      }
      return p == end_ ? nullptr : p + 1;
    }
    const char* const begin = p;
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':'; };
    while (p != end_ && (letter(*p) || (p != begin && *p >= '0' && *p <= '9')))
      ++p;
    return p == begin ? nullptr : p;
  }

  [[nodiscard]] tl::unexpected<error> fail(std::string reason) const {
    const auto line = 1 + std::count(begin_, p_, '\n');
    return failure("line " + std::to_string(line) + ": " + std::move(reason));
  }

  const char* begin_;
  const char* end_;
  const char* p_;            // where the current line begins
  const char* lines_begin_;  // where the line after the last sample begins
  format kind_;
  telemetry::series_syntax syntax_;
  telemetry::chunk_builder builder_;
  telemetry::metric_family family_;
  std::string full_name_;
  bool changed_ = false;
  std::size_t carried_budget_;
  page_values values_;
};

}  // namespace

result<parsed_page> parse_page(std::string_view body, format kind, std::size_t* lines_before_error) {
  if (body.size() >= most_bytes) {
    return failure("the page has " + std::to_string(body.size()) + " bytes; pages of 2 GiB or more are refused");
  }
  page_parser parser(body, kind);
  auto page = parser.run();
  if (lines_before_error != nullptr && !page) *lines_before_error = parser.samples();
  return page;
}

}  // namespace troupe::exposition
