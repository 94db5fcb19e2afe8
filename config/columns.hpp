#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::config {

/// Lines of cells. Cells of the same number in neighbouring lines of the same indentation get one width, unless a break
/// lies between; the last cell of a line has no width.
class columns {
 public:
  /// Adds to the current cell. Texts of several lines are kept as they are and don't widen their column.
  void text(std::string_view part);
  void end_cell();
  /// Ends the line. With `breaks`, what follows isn't aligned with what was before.
  void end_line(bool breaks);
  /// Of the current line; counts when its first text comes.
  void indent(std::size_t levels) { lines_.back().indent = levels; }
  [[nodiscard]] bool line_empty() const { return lines_.back().cells.size() == 1 && lines_.back().cells[0].empty(); }
  [[nodiscard]] std::size_t lines() const { return lines_.size(); }

  /// Everything, without blanks at ends of lines; the last line's end is not written.
  [[nodiscard]] std::string finish() const;

 private:
  struct line {
    std::size_t indent = 0;
    bool breaks = false;
    std::vector<std::string> cells{1};
  };
  [[nodiscard]] std::vector<std::vector<std::size_t>> widths() const;

  std::vector<line> lines_{1};
};

}  // namespace troupe::config
