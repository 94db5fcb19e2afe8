#include "config/format.hpp"

#include "config/format_printer.hpp"
#include "config/parser.hpp"
#include "config/unicode.hpp"

namespace troupe::config {

namespace {

using gap = format_printer::gap;

bool same_line(const range& a, const range& b) {
  return a.last().line == b.first().line;
}

// Only the last byte, a closing bracket.
range closer(const range& where) {
  return {where.source, where.end > where.begin ? where.end - 1 : where.begin, where.end};
}

class format_walk {
 public:
  explicit format_walk(format_printer& out) : out_(out) {}

  void print(const ast::body& statements) {
    for (std::size_t i = 0; i < statements.size(); ++i) {
      const ast::statement& s = statements[i];
      // Blocks are always set off; other statements where the source does so.
      if (i > 0 && (s.as_block() != nullptr || s.where().first().line > statements[i - 1].where().last().line + 1)) {
        out_.add(gap::feed);
      }
      const std::size_t lines = s.as_attribute() != nullptr ? print(*s.as_attribute()) : print(*s.as_block());
      out_.add(lines > 1 ? gap::feed : gap::newline);
    }
  }

  void print(const ast::expression& e) {
    std::visit([&](const auto& node) { print(e, node); }, e.node);
  }

 private:
  /// How many lines it took.
  std::size_t print(const ast::attribute& a) {
    out_.token_at(a.name.where.begin, a.name.name);
    const std::size_t first = out_.lines();
    out_.add(gap::cell);
    out_.token("=");
    out_.add(gap::blank);
    print(a.value);
    return out_.lines() - first + 1 + extra_lines(a.value);
  }

  // A raw string's own newlines aren't lines of the layout.
  static std::size_t extra_lines(const ast::expression& e) {
    const auto* literal = e.as<ast::literal>();
    return literal != nullptr && literal->text.find('\n') != std::string::npos ? 1 : 0;
  }

  std::size_t print(const ast::block& b) {
    out_.token_at(b.name.front().where.begin, b.full_name());
    const std::size_t first = out_.lines();
    if (!b.label.empty()) {
      out_.add(gap::blank);
      out_.token_at(b.label_where.begin, quoted(b.label));
    }
    out_.add(gap::blank);
    out_.token_at(b.open.begin, "{");
    out_.add(gap::indent);
    if (b.statements.empty()) {
      out_.add(gap::blank);
    } else {
      out_.add(gap::feed);
      print(b.statements);
    }
    out_.add(gap::unindent);
    out_.token_at(b.close.begin, "}");
    return out_.lines() - first + 1;
  }

  void print(const ast::expression& e, const ast::literal& node) { out_.token_at(e.where.begin, node.text); }
  void print(const ast::expression& e, const ast::variable& node) { out_.token_at(e.where.begin, node.name); }

  void print(const ast::expression& e, const ast::paren& node) {
    out_.token_at(e.where.begin, "(");
    print(*node.inner);
    out_.token_at(closer(e.where).begin, ")");
  }

  void print(const ast::expression&, const ast::access& node) {
    print(*node.value);
    out_.token(".");
    out_.token_at(node.name.where.begin, node.name.name);
  }

  void print(const ast::expression& e, const ast::index& node) {
    print(*node.value);
    out_.token("[");
    print(*node.key);
    out_.token_at(closer(e.where).begin, "]");
  }

  void print(const ast::expression& e, const ast::unary& node) {
    out_.token_at(e.where.begin, node.op == ast::unary_operator::negate ? "-" : "!");
    print(*node.value);
  }

  void print(const ast::expression&, const ast::binary& node) {
    print(*node.left);
    out_.add(gap::blank);
    out_.token_at(node.op_where.begin, text_of(node.op));
    out_.add(gap::blank);
    print(*node.right);
  }

  void print(const ast::expression& e, const ast::call& node) {
    print(*node.function);
    out_.token("(");
    range before = closer(node.function->where);
    for (std::size_t i = 0; i < node.arguments.size(); ++i) {
      const ast::expression& argument = node.arguments[i];
      const bool new_line = !same_line(before, argument.where);
      if (new_line) {
        out_.add(gap::feed);
        out_.add(gap::indent);
      }
      print(argument);
      before = argument.where;
      if (i + 1 < node.arguments.size()) {
        out_.token(",");
        out_.add(gap::blank);
      }
      if (new_line) out_.add(gap::unindent);
    }
    if (!node.arguments.empty() && !same_line(before, closer(e.where))) {
      out_.token(",");
      out_.add(gap::feed);
    }
    out_.token_at(closer(e.where).begin, ")");
  }

  void print(const ast::expression& e, const ast::array& node) {
    out_.token_at(e.where.begin, "[");
    range before = {e.where.source, e.where.begin, e.where.begin + 1};
    for (std::size_t i = 0; i < node.elements.size(); ++i) {
      const ast::expression& element = node.elements[i];
      const bool new_line = !same_line(before, element.where);
      if (new_line) {
        // The indentation comes first, so that it holds for comments before the element.
        out_.add(gap::indent);
        out_.add(gap::feed);
      } else if (i > 0) {
        out_.add(gap::blank);
      }
      before = element.where;
      print(element);
      if (i + 1 < node.elements.size()) out_.token(",");
      if (new_line) out_.add(gap::unindent);
    }
    if (!node.elements.empty() && !same_line(before, closer(e.where))) {
      out_.token(",");
      out_.add(gap::indent);
      out_.add(gap::feed);
      out_.add(gap::unindent);
    }
    out_.token_at(closer(e.where).begin, "]");
  }

  void print(const ast::expression& e, const ast::object& node) {
    out_.token_at(e.where.begin, "{");
    out_.add(gap::indent);
    range before = {e.where.source, e.where.begin, e.where.begin + 1};
    std::size_t lines = 2;  // of the field before; the first one starts a new alignment
    for (std::size_t i = 0; i < node.fields.size(); ++i) {
      const ast::field& field = node.fields[i];
      if (!same_line(before, field.name.where)) {
        out_.add(lines == 1 ? gap::newline : gap::feed);
      } else if (i > 0) {
        out_.add(gap::blank);
      }
      before = field.name.where;
      out_.token_at(field.name.where.begin, field.name.where.text());
      const std::size_t first = out_.lines();
      out_.add(gap::cell);
      out_.token("=");
      out_.add(gap::blank);
      print(field.value);
      lines = out_.lines() - first + 1 + extra_lines(field.value);
      if (i + 1 < node.fields.size()) out_.token(",");
    }
    if (!node.fields.empty() && !same_line(before, closer(e.where))) {
      out_.token(",");
      out_.add(gap::feed);
    }
    out_.add(gap::unindent);
    out_.token_at(closer(e.where).begin, "}");
  }

  format_printer& out_;
};

std::string print_file(const ast::file& file) {
  format_printer out(*file.source, file.comments);
  format_walk(out).print(file.statements);
  return out.finish() + "\n";
}

}  // namespace

tl::expected<std::string, diagnostics> format(const source_ref& source) {
  constexpr int most_passes = 8;
  source_ref current = source;
  // A comment that moves can change what is on one line with what; the next pass then sees the lines as they are.
  for (int pass = 0; pass < most_passes; ++pass) {
    diagnostics found;
    const ast::file file = parse(current, found);
    if (found.has_errors()) {
      if (pass == 0) return tl::make_unexpected(std::move(found));
      break;
    }
    std::string text = print_file(file);
    if (text == current->text()) return text;
    current = source_file::make(source->name(), std::move(text));
  }
  return std::string(current->text());
}

std::string print(const ast::expression& e) {
  if (!e.where) return {};
  format_printer out(*e.where.source, {});
  format_walk(out).print(e);
  return out.finish();
}

}  // namespace troupe::config
