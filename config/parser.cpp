#include "config/parser.hpp"

#include "config/limits.hpp"
#include "config/parser_state.hpp"
#include "config/unicode.hpp"

#include <utility>

namespace troupe::config {

namespace {

// Alloy's end positions don't exist for errors at a token; they point at its first byte.
range point(const source_file& source, std::uint32_t offset) {
  return {&source, offset, offset};
}

bool fits(const source_ref& source, diagnostics& out) {
  if (source->text().size() <= max_source_bytes) return true;
  out.error(point(*source, 0), "the file is larger than " + std::to_string(max_source_bytes) + " bytes");
  return false;
}

}  // namespace

parser_state::parser_state(const source_file& source, diagnostics& out)
    : source_(source), out_(out), scanner_(source.text()) {
  listener_ = [this](std::uint32_t offset, std::string message) {
    error_at(point(source_, offset), std::move(message));
  };
  check_encoding(source.text(), listener_);
  next();
}

void parser_state::next() {
  if (stopped_) {
    now_ = {token_kind::end_of_file, now_.end, now_.end};
    return;
  }
  do {
    now_ = scanner_.next(listener_);
    if (at(token_kind::comment)) comments_.push_back({here()});
  } while (at(token_kind::comment));
  if (stopped_) now_.kind = token_kind::end_of_file;
}

range parser_state::expect(token_kind kind) {
  const range where = here();
  if (at(kind)) {
    next();
    return where;
  }
  error_here("expected " + std::string(name_of(kind)) + ", got " + std::string(name_of(now_.kind)));
  // The end of the line stays: it ends the statement, so that the next one isn't blamed.
  if (!at(token_kind::terminator) && !at(token_kind::right_curly)) next();
  return {where.source, where.begin, where.begin};
}

void parser_state::skip_statement() {
  int open = 0;
  for (; !at(token_kind::end_of_file); next()) {
    switch (now_.kind) {
      case token_kind::left_curly:
      case token_kind::left_bracket:
      case token_kind::left_paren:
        ++open;
        break;
      case token_kind::right_curly:
        if (open == 0) return;  // closes the block around it
        [[fallthrough]];
      case token_kind::right_bracket:
      case token_kind::right_paren:
        open -= open > 0 ? 1 : 0;
        break;
      case token_kind::terminator:
        if (open == 0) return;
        break;
      default:
        break;
    }
  }
}

void parser_state::skip_to_separator() {
  for (;; next()) {
    switch (now_.kind) {
      case token_kind::terminator:
      case token_kind::right_paren:
      case token_kind::right_curly:
      case token_kind::right_bracket:
      case token_kind::comma:
      case token_kind::end_of_file:
        return;
      default:
        break;
    }
  }
}

void parser_state::error_here(std::string message) {
  if (stopped_) return;
  const std::uint32_t line = source_.at(now_.begin).line;
  if (line == last_error_line_) return;
  last_error_line_ = line;
  error_at(point(source_, now_.begin), std::move(message));
}

void parser_state::error_at(range where, std::string message) {
  if (stopped_) return;
  if (errors_ + 1 == max_errors) return stop(where, "too many errors");
  ++errors_;
  out_.error(where, std::move(message));
}

void parser_state::stop(range where, std::string message) {
  if (stopped_) return;
  out_.error(where, std::move(message));
  stopped_ = true;
  now_.kind = token_kind::end_of_file;
}

void parser_state::expect_end() {
  if (at(token_kind::terminator)) next();
  if (!at(token_kind::end_of_file)) error_here("expected EOF, got " + std::string(name_of(now_.kind)));
}

ast::body parser_state::parse_body(token_kind until) {
  ast::body body;
  while (!at(until) && !at(token_kind::end_of_file)) {
    parse_statement(body);
    if (at(until)) break;
    if (!at(token_kind::terminator) && !at(token_kind::end_of_file)) {
      error_here("expected TERMINATOR, got " + std::string(name_of(now_.kind)));
      skip_statement();
      if (at(token_kind::right_curly) && until != token_kind::right_curly) next();
      continue;
    }
    next();
  }
  return body;
}

void parser_state::parse_statement(ast::body& into) {
  if (at(token_kind::terminator)) return;  // left over from a mistake
  block_name name = parse_block_name();
  if (!name.parts.empty() && ++nodes_ > max_nodes)
    return stop(name.parts[0].where, "the file has too many statements and expressions");
  if (name.parts.empty() || name.broken) {
    skip_statement();
  } else if (at(token_kind::assign)) {
    parse_attribute(std::move(name), into);
  } else if (at(token_kind::left_curly)) {
    parse_block(std::move(name), into);
  } else {
    const bool could_be_attribute = name.parts.size() == 1 && name.label.empty();
    error_here(
        (could_be_attribute ? "expected attribute assignment or block body, got " : "expected block body, got ") +
        std::string(name_of(now_.kind)));
    skip_statement();
  }
}

parser_state::block_name parser_state::parse_block_name() {
  block_name name;
  if (!at(token_kind::identifier)) {
    error_here("expected identifier, got " + std::string(name_of(now_.kind)));
    return name;
  }
  name.parts.push_back({text(), here()});
  next();
  while (at(token_kind::dot)) {
    next();
    if (!at(token_kind::identifier)) {
      error_here("expected identifier, got " + std::string(name_of(now_.kind)));
      name.broken = true;
      return name;
    }
    name.parts.push_back({text(), here()});
    next();
  }
  if (!at(token_kind::assign) && !at(token_kind::left_curly)) parse_label(name);
  return name;
}

void parser_state::parse_label(block_name& name) {
  if (!at(token_kind::string)) {
    error_here("expected block label, got " + std::string(name_of(now_.kind)));
    name.broken = true;
    return;
  }
  const std::string written = text();
  // Where no block follows it may be a secret whose `=` was forgotten.
  const auto got = [&](const std::string& what) {
    scanner ahead = scanner_;
    return ahead.next({}).kind == token_kind::left_curly ? ", but got " + quoted(what) : "";
  };
  if (written[0] != '"') error_here("expected block label to be a double quoted string" + got(written));
  if (written.size() > 2) {
    name.label = written.substr(1, written.size() - 2);
    if (!is_identifier(name.label)) {
      error_here("expected block label to be a valid identifier" + got(name.label));
    }
  }
  name.label_where = here();
  next();
}

void parser_state::parse_attribute(block_name name, ast::body& into) {
  next();  // =
  if (name.parts.size() > 1) {
    error_at(join(name.parts.front().where, name.parts.back().where),
             R"(attribute names may only consist of a single identifier with no ".")");
  } else if (name.label_where) {
    error_at(name.label_where, "attribute names may not have labels");
  }
  ast::attribute made{std::move(name.parts.front()), parse_expression(), {}};
  made.where = join(made.name.where, made.value.where);
  into.push_back({std::move(made)});
}

void parser_state::parse_block(block_name name, ast::body& into) {
  if (nesting_refused()) return;
  ++depth_;
  ast::block made;
  made.name = std::move(name.parts);
  made.label = std::move(name.label);
  made.label_where = name.label_where;
  made.open = expect(token_kind::left_curly);
  made.statements = parse_body(token_kind::right_curly);
  made.close = expect(token_kind::right_curly);
  made.where = join(made.name.front().where, made.close);
  into.push_back({std::move(made)});
  --depth_;
}

bool parser_state::nesting_refused() {
  if (depth_ < max_depth) return false;
  stop(here(), "nested deeper than " + std::to_string(max_depth) + " levels");
  return true;
}

ast::file parse(const source_ref& source, diagnostics& out) {
  ast::file file;
  file.source = source;
  if (!fits(source, out)) return file;
  diagnostics found;
  parser_state state(*source, found);
  file.statements = state.parse_body(token_kind::end_of_file);
  file.comments = state.take_comments();
  found.sort();
  out.add(found);
  return file;
}

std::optional<parsed_expression> parse_expression(const source_ref& source, diagnostics& out) {
  if (!fits(source, out)) return std::nullopt;
  diagnostics found;
  parser_state state(*source, found);
  ast::expression root = state.parse_expression();
  state.expect_end();
  found.sort();
  out.add(found);
  if (found.has_errors()) return std::nullopt;
  return parsed_expression{source, std::move(root)};
}

}  // namespace troupe::config
