#include "config/redact.hpp"

#include <algorithm>

namespace troupe::config {

namespace {

constexpr std::string_view shown = "\"(secret)\"";

/// Finds the literals that must not be shown.
class finder {
 public:
  void visit(const ast::body& statements, const body_schema& of) {
    for (const auto& one : statements) {
      if (const auto* attribute = one.as_attribute()) {
        const auto* known = of.find_attribute(attribute->name.name);
        if (known && known->type.find("secret") != std::string::npos) visit(attribute->value);
      } else if (const auto* block = one.as_block()) {
        const auto [known, which] = of.find_block(block->full_name());
        if (known) visit(block->statements, *known->alternatives[which].body);
      }
    }
  }

  std::vector<range> found;

 private:
  void visit(const ast::expression& e) {
    std::visit([&](const auto& node) { visit(e, node); }, e.node);
  }
  void visit(const ast::expression& e, const ast::literal& node) {
    if (node.kind == ast::literal_kind::string) found.push_back(e.where);
  }
  void visit(const ast::expression&, const ast::variable&) {}
  void visit(const ast::expression&, const ast::array& node) { visit_all(node.elements); }
  void visit(const ast::expression&, const ast::object& node) {
    for (const auto& field : node.fields)
      visit(field.value);
  }
  void visit(const ast::expression&, const ast::access& node) { visit(*node.value); }
  void visit(const ast::expression&, const ast::index& node) { visit(*node.value); }  // a key is a name
  void visit(const ast::expression&, const ast::call& node) {
    const auto name = node.function->where.text();
    if (name != "sys.env" && name != "env") visit_all(node.arguments);  // names of variables are no secrets
  }
  void visit(const ast::expression&, const ast::unary& node) { visit(*node.value); }
  void visit(const ast::expression&, const ast::binary& node) {
    visit(*node.left);
    visit(*node.right);
  }
  void visit(const ast::expression&, const ast::paren& node) { visit(*node.inner); }
  void visit_all(const std::vector<ast::expression>& all) {
    for (const auto& one : all)
      visit(one);
  }
};

}  // namespace

std::string without_passwords(std::string_view text) {
  constexpr std::string_view scheme_end = "://", authority_end = "/?#\"'`<> \t\r\n";
  std::string made;
  for (;;) {
    const auto scheme = text.find(scheme_end);
    if (scheme == std::string_view::npos) return made.append(text);
    const auto begin = scheme + scheme_end.size();
    const auto authority = text.substr(begin, text.find_first_of(authority_end, begin) - begin);
    made.append(text.substr(0, begin));
    const auto at = authority.rfind('@'), colon = authority.find(':');
    if (at != std::string_view::npos && colon < at) {
      made.append(authority.substr(0, colon + 1)).append("(secret)").append(authority.substr(at));
    } else {
      made.append(authority);
    }
    text.remove_prefix(begin + authority.size());
  }
}

std::string redacted(const ast::file& of, const std::function<const body_schema*(std::string_view name)>& schema_of) {
  finder secrets;
  for (const auto& one : of.statements) {
    const auto* block = one.as_block();
    if (!block) continue;
    if (const auto* schema = schema_of(block->full_name())) secrets.visit(block->statements, *schema);
  }
  std::sort(secrets.found.begin(), secrets.found.end(),
            [](const range& a, const range& b) { return a.begin < b.begin; });
  const auto text = of.source->text();
  std::string made;
  std::uint32_t at = 0;
  for (const auto& one : secrets.found) {
    made.append(text.substr(at, one.begin - at)).append(shown);
    made.append(static_cast<std::size_t>(std::count(one.text().begin(), one.text().end(), '\n')), '\n');
    at = one.end;
  }
  return without_passwords(made.append(text.substr(at)));
}

}  // namespace troupe::config
