#include "protocol/exposition/page.hpp"

#include "protocol/exposition/line_end.hpp"
#include "protocol/exposition/number.hpp"

#include <cstring>

namespace troupe::exposition {
namespace {

using telemetry::series_chunk;

/// After a blank or a brace a value may begin with anything; right after a name a digit would belong to the name.
bool is_separated(std::string_view text) {
  return !text.empty() && (text.back() == ' ' || text.back() == '}' || text.back() == '\t');
}

/// Compares one page with a layout; what it returns false for, the full parser decides.
class matcher {
 public:
  matcher(const page_layout& layout, std::string_view body, page_values& out)
      : layout_(layout), p_(body.data()), end_(p_ + body.size()), out_(out) {}

  bool run() {
    out_.timestamps_ms.clear();
    out_.exemplars.clear();
    out_.values.resize(layout_.lines);
    for (const auto& chunk : layout_.chunks) {
      if (!match_chunk(*chunk)) return false;
    }
    return std::string_view(p_, static_cast<std::size_t>(end_ - p_)) == layout_.trailer;
  }

 private:
  bool skip(std::string_view text) {
    if (static_cast<std::size_t>(end_ - p_) < text.size()) return false;
    if (std::memcmp(p_, text.data(), text.size()) != 0) return false;
    p_ += text.size();
    return true;
  }

  bool match_chunk(const series_chunk& chunk) {
    const auto families = chunk.families();
    for (std::size_t f = 0; f < families.size(); ++f) {
      const std::string& lines = families[f].family->page_text;
      if (!lines.empty() && !skip(lines)) return false;
      const std::size_t last = f + 1 < families.size() ? families[f + 1].first : chunk.size();
      for (std::size_t i = families[f].first; i < last; ++i) {
        if (!match_line(chunk.text(i))) return false;
      }
    }
    return true;
  }

  bool match_line(std::string_view text) {
    if (!skip(text) || !is_separated(text)) return false;
    p_ = parse_value(p_, end_, out_.values[line_]);
    if (p_ == nullptr) return false;
    if (p_ != end_ && *p_ == '\n' && out_.timestamps_ms.empty()) [[likely]] {
      ++p_;
    } else {
      line_end rest;
      std::string reason;
      p_ = read_line_end(layout_.kind, p_, end_, rest, reason);
      if (p_ == nullptr) return false;
      store_line_end(rest, line_, layout_.lines, out_);
    }
    ++line_;
    return true;
  }

  const page_layout& layout_;
  const char* p_;
  const char* end_;
  page_values& out_;
  std::size_t line_ = 0;
};

}  // namespace

void page_values::clear() {
  values.clear();
  timestamps_ms.clear();
  exemplars.clear();
}

bool match(const page_layout& layout, std::string_view body, page_values& out) {
  return matcher(layout, body, out).run();
}

}  // namespace troupe::exposition
