#include "config/format_printer.hpp"

#include <algorithm>
#include <limits>

namespace troupe::config {

namespace {

constexpr std::uint32_t most_newlines = 2;  // one blank line
constexpr std::uint32_t nowhere = std::numeric_limits<std::uint32_t>::max();

std::uint32_t newlines_in(std::string_view text) {
  return static_cast<std::uint32_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

void format_printer::write(std::string_view text) {
  if (out_.line_empty()) out_.indent(indent_);
  out_.text(text);
  started_ = true;
}

void format_printer::end_lines(std::uint32_t count, bool breaks) {
  for (std::uint32_t i = 0; i < std::min(count, most_newlines); ++i)
    out_.end_line(breaks);
}

void format_printer::write_gaps(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    switch (gaps_[i]) {
      case gap::blank:
        if (!out_.line_empty()) out_.text(" ");
        break;
      case gap::cell:
        out_.end_cell();
        break;
      case gap::newline:
        out_.end_line(false);
        break;
      case gap::feed:
        out_.end_line(true);
        break;
      case gap::indent:
        ++indent_;
        break;
      case gap::unindent:
        --indent_;
        break;
    }
  }
  gaps_.erase(gaps_.begin(), gaps_.begin() + static_cast<std::ptrdiff_t>(count));
}

void format_printer::token(std::string_view text) {
  write_gaps(gaps_.size());
  if (number_last_ && text == ".") out_.text(" ");  // `1 .a` must not become the number `1.`
  write(text);
  last_line_ += newlines_in(text);
  number_last_ = !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

void format_printer::token_at(std::uint32_t offset, std::string_view text) {
  const std::uint32_t line = source_.at(offset).line;
  if (!comments_.empty() && comments_.front().where.begin <= offset) write_comments(offset, line);
  last_line_ = line;
  token(text);
}

void format_printer::write_comments(std::uint32_t before, std::uint32_t next_line) {
  bool is_block = false;
  while (!comments_.empty() && comments_.front().where.begin <= before) {
    write_comment(comments_.front(), next_line);
    is_block = comments_.front().where.text().starts_with("/*");
    comments_ = comments_.subspan(1);
  }
  if (next_line == nowhere) return;
  // The source says how the next token is set off from the comment, whatever was meant to be between it and the token
  // before.
  const bool breaks = std::find(gaps_.begin(), gaps_.end(), gap::feed) != gaps_.end();
  std::erase_if(gaps_, [](gap g) { return g != gap::indent && g != gap::unindent; });
  if (is_block && next_line == last_line_) out_.text(" ");
  write_gaps(gaps_.size());
  if (next_line > last_line_) end_lines(next_line - last_line_, breaks);
  number_last_ = false;
}

void format_printer::write_comment(const ast::comment& c, std::uint32_t next_line) {
  const std::uint32_t line = c.where.first().line;
  if (started_ && line == last_line_) {
    if (line == next_line) {
      out_.text(" ");
    } else {
      out_.end_cell();
    }
  } else if (started_) {
    // The indentation that comes before the first newline holds for the comment.
    std::size_t changes = 0;
    while (changes < gaps_.size() && (gaps_[changes] == gap::indent || gaps_[changes] == gap::unindent))
      ++changes;
    if (changes < gaps_.size()) gaps_.erase(gaps_.begin() + static_cast<std::ptrdiff_t>(changes));
    write_gaps(changes);
    end_lines(line - last_line_, true);
  }
  write(c.where.text());
  last_line_ = line + newlines_in(c.where.text());
}

std::string format_printer::finish() {
  write_comments(nowhere, nowhere);
  return out_.finish();
}

}  // namespace troupe::config
