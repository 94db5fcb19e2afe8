#pragma once

#include "config/ast.hpp"
#include "config/columns.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::config {

/// Takes tokens with their places and the blanks between them, and puts the comments of the source in between: where a
/// comment stood on its own line it does so again; one behind a token stays behind it.
class format_printer {
 public:
  enum class gap { blank, cell, newline, feed, indent, unindent };  // feed: a newline that ends an alignment

  explicit format_printer(const source_file& source, std::span<const ast::comment> comments)
      : source_(source), comments_(comments) {}

  /// A blank is written only when a token follows.
  void add(gap g) { gaps_.push_back(g); }
  /// A token that stands at an offset of the source: the comments before it come first.
  void token_at(std::uint32_t offset, std::string_view text);
  /// A token of no known place; comments wait for the next one that has one.
  void token(std::string_view text);

  /// Lines so far: whether something took several.
  [[nodiscard]] std::size_t lines() const { return out_.lines(); }

  /// Writes the comments that are left, and ends.
  std::string finish();

 private:
  void write(std::string_view text);
  void write_gaps(std::size_t count);
  void end_lines(std::uint32_t count, bool breaks);
  void write_comments(std::uint32_t before, std::uint32_t next_line);
  void write_comment(const ast::comment& c, std::uint32_t next_line);

  const source_file& source_;
  std::span<const ast::comment> comments_;
  columns out_;
  std::vector<gap> gaps_;
  std::size_t indent_ = 0;
  std::uint32_t last_line_ = 1;  // of the source, where what was written last ends
  bool started_ = false;
  bool number_last_ = false;
};

}  // namespace troupe::config
