#include "config/columns.hpp"

#include "config/limits.hpp"
#include "config/unicode.hpp"

#include <algorithm>

namespace troupe::config {

void columns::text(std::string_view part) {
  lines_.back().cells.back() += part;
}

void columns::end_cell() {
  lines_.back().cells.emplace_back();
}

void columns::end_line(bool breaks) {
  lines_.back().breaks = breaks;
  lines_.emplace_back();
}

std::vector<std::vector<std::size_t>> columns::widths() const {
  std::vector<std::vector<std::size_t>> all(lines_.size());
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    for (std::size_t column = all[i].size(); column + 1 < lines_[i].cells.size(); ++column) {
      // A run starts here: the line before has no such column, or this one would have been given its width already.
      std::size_t width = 0;
      std::size_t end = i;
      do {
        const std::string& cell = lines_[end].cells[column];
        const std::size_t size = count_points(cell);
        if (size <= max_aligned_width && cell.find('\n') == std::string::npos) width = std::max(width, size + 1);
        ++end;
      } while (end < lines_.size() && !lines_[end - 1].breaks && lines_[end].indent == lines_[i].indent &&
               column + 1 < lines_[end].cells.size() && all[end].size() == column);
      for (std::size_t k = i; k < end; ++k)
        all[k].push_back(width);
    }
  }
  return all;
}

std::string columns::finish() const {
  const auto width = widths();
  std::string out;
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    const line& l = lines_[i];
    if (i > 0) out += '\n';
    const std::size_t begin = out.size();
    out.append(l.indent, '\t');
    for (std::size_t c = 0; c < l.cells.size(); ++c) {
      out += l.cells[c];
      if (c + 1 == l.cells.size()) break;
      const bool several_lines = l.cells[c].find('\n') != std::string::npos;
      const std::size_t size = count_points(l.cells[c]);
      out.append(several_lines || size >= width[i][c] ? 1 : width[i][c] - size, ' ');
    }
    while (out.size() > begin && (out.back() == ' ' || out.back() == '\t'))
      out.pop_back();
  }
  return out;
}

}  // namespace troupe::config
