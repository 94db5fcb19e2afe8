#include "config/limits.hpp"
#include "config/parser_state.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

namespace troupe::config {

namespace {

struct precedence {
  int level;
  ast::binary_operator op;
};

// `^` isn't here: it binds to the right.
std::optional<precedence> precedence_of(token_kind kind) {
  using enum ast::binary_operator;
  switch (kind) {
    case token_kind::either:
      return {{1, either}};
    case token_kind::both:
      return {{2, both}};
    case token_kind::equal:
      return {{3, equal}};
    case token_kind::not_equal:
      return {{3, not_equal}};
    case token_kind::less:
      return {{3, less}};
    case token_kind::less_equal:
      return {{3, less_equal}};
    case token_kind::greater:
      return {{3, greater}};
    case token_kind::greater_equal:
      return {{3, greater_equal}};
    case token_kind::add:
      return {{4, add}};
    case token_kind::subtract:
      return {{4, subtract}};
    case token_kind::multiply:
      return {{5, multiply}};
    case token_kind::divide:
      return {{5, divide}};
    case token_kind::modulo:
      return {{5, modulo}};
    default:
      return std::nullopt;
  }
}

ast::expression_ptr boxed(ast::expression e) {
  return std::make_unique<ast::expression>(std::move(e));
}

std::size_t deepest(const std::vector<ast::expression>& list) {
  std::size_t depth = 0;
  for (const auto& e : list)
    depth = std::max(depth, e.depth);
  return depth;
}

}  // namespace

// Every level of recursion passes here, and no level is left without it.
class parser_state::deeper {
 public:
  explicit deeper(parser_state& state) : state_(state) { ++state_.depth_; }
  ~deeper() { --state_.depth_; }
  deeper(const deeper&) = delete;
  deeper& operator=(const deeper&) = delete;

 private:
  parser_state& state_;
};

template <class Node>
ast::expression parser_state::made(range where, Node node, std::size_t depth_below) {
  if (++nodes_ > max_nodes) stop(where, "the file has too many statements and expressions");
  if (depth_below >= max_depth) stop(where, "nested deeper than " + std::to_string(max_depth) + " levels");
  return {where, depth_below + 1, std::move(node)};
}

ast::expression parser_state::parse_expression() {
  const auto nothing = [&] {
    return ast::expression{{&source_, now_.begin, now_.begin}, 1, ast::literal{ast::literal_kind::null, "null"}};
  };
  if (nesting_refused()) return nothing();
  const deeper level(*this);
  return parse_binary(1);
}

ast::expression parser_state::parse_binary(int least_precedence) {
  ast::expression left = parse_power();
  for (;;) {
    const auto found = precedence_of(now_.kind);
    if (!found || found->level < least_precedence) return left;
    const range op_where = here();
    next();
    ast::expression right = parse_binary(found->level + 1);
    const range where = join(left.where, right.where);
    const std::size_t depth = std::max(left.depth, right.depth);
    left = made(where, ast::binary{found->op, op_where, boxed(std::move(left)), boxed(std::move(right))}, depth);
  }
}

ast::expression parser_state::parse_power() {
  ast::expression left = parse_unary();
  if (!at(token_kind::power) || nesting_refused()) return left;
  const deeper level(*this);
  const range op_where = here();
  next();
  ast::expression right = parse_power();
  const range where = join(left.where, right.where);
  const std::size_t depth = std::max(left.depth, right.depth);
  return made(where,
              ast::binary{ast::binary_operator::power, op_where, boxed(std::move(left)), boxed(std::move(right))},
              depth);
}

ast::expression parser_state::parse_unary() {
  const bool negates = at(token_kind::subtract);
  if ((!negates && !at(token_kind::invert)) || nesting_refused()) return parse_postfix();
  const deeper level(*this);
  const range op_where = here();
  next();
  ast::expression value = parse_unary();
  const range where = join(op_where, value.where);
  const std::size_t depth = value.depth;
  const auto op = negates ? ast::unary_operator::negate : ast::unary_operator::invert;
  return made(where, ast::unary{op, boxed(std::move(value))}, depth);
}

ast::expression parser_state::parse_postfix() {
  ast::expression value = parse_primary();
  for (;;) {
    if (at(token_kind::dot)) {
      next();
      ast::identifier name{text(), here()};
      const range name_where = expect(token_kind::identifier);
      const range where = join(value.where, name_where);
      const std::size_t depth = value.depth;
      value = made(where, ast::access{boxed(std::move(value)), std::move(name)}, depth);
    } else if (at(token_kind::left_bracket)) {
      next();
      ast::expression key = parse_expression();
      const range where = join(value.where, expect(token_kind::right_bracket));
      const std::size_t depth = std::max(value.depth, key.depth);
      value = made(where, ast::index{boxed(std::move(value)), boxed(std::move(key))}, depth);
    } else if (at(token_kind::left_paren)) {
      next();
      std::vector<ast::expression> arguments = parse_list(token_kind::right_paren);
      const range where = join(value.where, expect(token_kind::right_paren));
      const std::size_t depth = std::max(value.depth, deepest(arguments));
      value = made(where, ast::call{boxed(std::move(value)), std::move(arguments)}, depth);
    } else if (!refuse_block(value)) {
      return value;
    }
  }
}

// `forward_to = prometheus.relabel "x" { … }`: reads the block, so that what follows isn't blamed.
bool parser_state::refuse_block(const ast::expression& before) {
  if ((!at(token_kind::string) && !at(token_kind::left_curly)) || nesting_refused()) return false;
  const deeper level(*this);
  if (at(token_kind::string)) next();
  if (!at(token_kind::left_curly)) {
    expect(token_kind::left_curly);
    skip_statement();
    return false;
  }
  next();
  parse_body(token_kind::right_curly);
  if (!at(token_kind::right_curly)) {
    expect(token_kind::right_curly);
    return false;
  }
  error_at(join(before.where, here()), "cannot use a block as an expression");
  next();
  return true;
}

ast::expression parser_state::parse_primary() {
  const range where = here();
  const auto literal = [&](ast::literal_kind kind) {
    ast::literal node{kind, text()};
    next();
    return made(where, std::move(node), 0);
  };
  switch (now_.kind) {
    case token_kind::string:
      return literal(ast::literal_kind::string);
    case token_kind::number:
      return literal(ast::literal_kind::number);
    case token_kind::floating:
      return literal(ast::literal_kind::floating);
    case token_kind::boolean:
      return literal(ast::literal_kind::boolean);
    case token_kind::null:
      return literal(ast::literal_kind::null);
    case token_kind::left_bracket:
      return parse_array();
    case token_kind::left_curly:
      return parse_object();
    case token_kind::identifier: {
      ast::variable node{text()};
      next();
      return made(where, std::move(node), 0);
    }
    case token_kind::left_paren: {
      next();
      ast::expression inner = parse_expression();
      const range close = expect(token_kind::right_paren);
      const std::size_t depth = inner.depth;
      return made(join(where, close), ast::paren{boxed(std::move(inner))}, depth);
    }
    default:
      break;
  }
  error_here("expected expression, got " + std::string(name_of(now_.kind)));
  skip_to_separator();
  return made({where.source, where.begin, where.begin}, ast::literal{ast::literal_kind::null, "null"}, 0);
}

ast::expression parser_state::parse_array() {
  const range open = here();
  next();
  std::vector<ast::expression> elements = parse_list(token_kind::right_bracket);
  const range close = expect(token_kind::right_bracket);
  const std::size_t depth = deepest(elements);
  return made(join(open, close), ast::array{std::move(elements)}, depth);
}

ast::expression parser_state::parse_object() {
  const range open = here();
  next();
  std::vector<ast::field> fields;
  std::size_t depth = 0;
  while (!at(token_kind::right_curly) && !at(token_kind::end_of_file)) {
    fields.push_back(parse_field());
    depth = std::max(depth, fields.back().value.depth);
    if (at(token_kind::right_curly)) break;
    if (!at(token_kind::comma)) error_here("missing ',' in field list");
    if (!at(token_kind::end_of_file)) next();
  }
  const range close = expect(token_kind::right_curly);
  return made(join(open, close), ast::object{std::move(fields)}, depth);
}

std::vector<ast::expression> parser_state::parse_list(token_kind until) {
  std::vector<ast::expression> list;
  while (!at(until) && !at(token_kind::end_of_file)) {
    list.push_back(parse_expression());
    if (at(until)) break;
    if (!at(token_kind::comma)) {
      error_here("missing ',' in expression list");
      if (list_was_left_open()) break;
    }
    if (!at(token_kind::end_of_file)) next();
  }
  return list;
}

// After a missing comma: whether the closer was forgotten, because a statement follows or the block ends.
bool parser_state::list_was_left_open() const {
  if (at(token_kind::right_curly)) return true;
  if (!at(token_kind::terminator)) return false;
  scanner ahead = scanner_;
  const auto following = [&] {
    token t;
    do
      t = ahead.next({});
    while (t.kind == token_kind::comment);
    return t.kind;
  };
  const token_kind first = following();
  if (first == token_kind::right_curly || first == token_kind::end_of_file) return true;
  if (first != token_kind::identifier) return false;
  token_kind second = following();
  while (second == token_kind::dot && following() == token_kind::identifier)
    second = following();
  return second == token_kind::assign || second == token_kind::left_curly || second == token_kind::string;
}

ast::field parser_state::parse_field() {
  ast::field field;
  if (at(token_kind::string) || at(token_kind::identifier)) {
    field.name = {text(), here()};
    if (at(token_kind::string) && field.name.name.size() >= 2) {
      field.name.name = field.name.name.substr(1, field.name.name.size() - 2);
      field.quoted = true;
    }
    next();
  } else {
    error_here("expected field name (string or identifier), got " + std::string(name_of(now_.kind)));
    while (!at(token_kind::assign) && !at(token_kind::right_curly) && !at(token_kind::terminator) &&
           !at(token_kind::end_of_file)) {
      next();
    }
  }
  if (at(token_kind::right_curly) || at(token_kind::terminator)) {
    expect(token_kind::assign);
    field.value = {here(), 1, ast::literal{ast::literal_kind::null, "null"}};
    return field;
  }
  expect(token_kind::assign);
  field.value = parse_expression();
  return field;
}

}  // namespace troupe::config
