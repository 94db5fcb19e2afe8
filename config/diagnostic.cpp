#include "config/diagnostic.hpp"

#include "config/limits.hpp"
#include "config/redact.hpp"
#include "config/unicode.hpp"

#include <algorithm>
#include <map>

namespace troupe::config {

diagnostic::diagnostic(severity level, range where, std::string message, std::string value)
    : level(level), where(where), message(without_passwords(message)), value(without_passwords(value)) {
  if (where.source != nullptr) source = where.source->shared_from_this();
}

std::string diagnostic::place() const {
  if (!where) return "-";
  const position at = where.first();
  const std::string numbers = std::to_string(at.line) + ":" + std::to_string(at.column);
  return where.source->name().empty() ? numbers : where.source->name() + ":" + numbers;
}

std::string diagnostic::text() const {
  return where ? place() + ": " + message : message;
}

void diagnostics::add(diagnostic one) {
  auto& alike = count_of(one.level);
  if (alike.kept == max_errors) {
    ++alike.left_out;
    return;
  }
  ++alike.kept;
  list_.push_back(std::move(one));
}

void diagnostics::add(const diagnostics& more) {
  for (const auto& one : more.list_)
    add(one);
  errors_.left_out += more.errors_.left_out;
  warnings_.left_out += more.warnings_.left_out;
}

void diagnostics::sort() {
  std::map<const source_file*, std::size_t> order;
  for (const auto& d : list_)
    order.try_emplace(d.where.source, order.size());
  std::stable_sort(list_.begin(), list_.end(), [&](const diagnostic& a, const diagnostic& b) {
    if (a.where.source != b.where.source) return order[a.where.source] < order[b.where.source];
    return a.where.begin < b.where.begin;
  });
  const auto same = [](const diagnostic& a, const diagnostic& b) {
    return a.where == b.where && a.level == b.level && a.message == b.message && a.value == b.value;
  };
  list_.erase(std::unique(list_.begin(), list_.end(), same), list_.end());
  errors_.kept = warnings_.kept = 0;
  for (const auto& d : list_)
    ++count_of(d.level).kept;
}

std::string diagnostics::summary() const {
  if (list_.empty()) return "no errors";
  const std::size_t more = list_.size() - 1 + left_out();
  return list_[0].text() + (more > 0 ? " (and " + std::to_string(more) + " more diagnostics)" : "");
}

std::string diagnostics::text(std::string_view separator) const {
  std::string all;
  const auto append = [&](const std::string& one) { all.append(all.empty() ? "" : separator).append(one); };
  for (const auto& one : list_)
    append(one.text());
  if (left_out() > 0) append(rest());
  return all;
}

std::string diagnostics::rest() const {
  return left_out() > 0 ? std::to_string(left_out()) + " more not shown" : "";
}

namespace {

constexpr std::size_t tab_width = 4;

// Excerpts stay readable whatever the source: of long lines the beginning, of long ranges both ends.
constexpr std::uint32_t most_columns = 1000;
constexpr std::uint32_t most_lines = 100;
// What follows has no excerpt any more.
constexpr std::size_t most_bytes = std::size_t{4} << 20;

class excerpt {
 public:
  /// `shown`: the source as it may be seen, each byte where it is in the source itself.
  excerpt(const diagnostic& d, const source_file& shown, const pretty_options& options, std::string& out)
      : source_(shown), first_(d.where.first()), last_(d.where.last()), out_(out) {
    begin_ = first_.line > options.lines_before ? first_.line - options.lines_before : 1;
    end_ = std::min(last_.line + options.lines_after, source_.lines());
    width_ = std::to_string(end_).size();
  }

  void print() {
    if (first_.column > most_columns || source_.text().size() > max_source_bytes) return;
    out_ += '\n';
    for (std::uint32_t line = begin_; line <= end_; ++line) {
      if (last_.line - first_.line > most_lines && line == first_.line + most_lines / 2) {
        out_.append(width_, ' ').append(" | | ...\n");
        line = last_.line - most_lines / 2;
      }
      const std::string number = std::to_string(line);
      out_.append(width_ - number.size(), ' ').append(number).append(" | ");
      if (several_lines()) out_ += line > first_.line && line <= last_.line ? "| " : "  ";
      print_text(source_.line(line).substr(0, most_columns));
      if (line == first_.line || line == last_.line) print_marks(line);
    }
  }

 private:
  [[nodiscard]] bool several_lines() const { return last_.line > first_.line; }

  void print_text(std::string_view text) {
    while (!text.empty()) {
      const decoded d = decode_utf8(text);
      if (d.point == '\t' || d.point == '\v') {
        out_.append(tab_width, ' ');
      } else if (d.point != '\r') {
        // Nothing from a file may steer the terminal.
        append_utf8(out_, d.point < 0x20 || d.point == 0x7F ? U'\uFFFD' : d.point);
      }
      text.remove_prefix(d.width);
    }
    out_ += '\n';
  }

  void print_marks(std::uint32_t line) {
    out_.append(width_, ' ');
    out_ += !several_lines() ? " | " : line == first_.line ? " |  _" : " | |_";
    const char blank = several_lines() ? '_' : ' ';
    const std::uint32_t from = line == first_.line ? first_.column : 1;
    std::string_view text = source_.line(line).substr(0, most_columns);
    bool marked = false;
    for (std::uint32_t column = 1; !text.empty();) {
      if (line == last_.line && column > last_.column) break;
      const decoded d = decode_utf8(text);
      if (d.point == '\t' || d.point == '\v') {
        out_.append(tab_width, blank);
        marked = marked || column >= from;
      } else if (d.point != '\r') {
        out_ += column >= from ? '^' : blank;
        marked = marked || column >= from;
      }
      column += static_cast<std::uint32_t>(d.width);
      text.remove_prefix(d.width);
    }
    if (!marked) out_ += '^';  // it is the line's end that is wrong
    out_ += '\n';
  }

  const source_file& source_;
  position first_;
  position last_;
  std::string& out_;
  std::uint32_t begin_ = 0;
  std::uint32_t end_ = 0;
  std::size_t width_ = 0;
};

}  // namespace

std::string pretty(const diagnostics& list, const pretty_options& options) {
  return pretty(list, secrecy(), options);
}

std::string pretty(const diagnostics& list, const secrecy& hidden, const pretty_options& options) {
  std::map<const source_file*, source_ref> shown;
  std::string out;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const diagnostic& d = list[i];
    const bool error = d.level == severity::error;
    if (options.colour) out += error ? "\033[31;1m" : "\033[33;1m";
    out += error ? "Error: " : "Warning: ";
    if (options.colour) out += "\033[0m\033[1m";
    out += d.text();
    if (options.colour) out += "\033[0m";
    out += '\n';
    if (d.source != nullptr && out.size() < most_bytes) {
      auto& source = shown[d.source.get()];
      if (source == nullptr) source = source_file::make("", masked(d.source, hidden));
      excerpt(d, *source, options, out).print();
    }
    if (i + 1 < list.size()) out += '\n';
  }
  if (list.left_out() > 0) out += '\n' + list.rest() + '\n';
  return out;
}

}  // namespace troupe::config
