#include "config/evaluator.hpp"

#include <algorithm>

namespace troupe::config {

std::string reference::text(std::size_t count) const {
  std::string joined;
  for (std::size_t i = 0; i < std::min(count, parts.size()); ++i) {
    if (i > 0) joined += '.';
    joined += parts[i].name;
  }
  return joined;
}

namespace {

class collector {
 public:
  void visit(const ast::expression& e) {
    std::visit([&](const auto& node) { visit(e, node); }, e.node);
  }

  void visit(const ast::body& statements) {
    for (const auto& s : statements) {
      if (const auto* attribute = s.as_attribute()) {
        visit(attribute->value);
      } else {
        visit(s.as_block()->statements);
      }
    }
  }

  std::vector<reference> found;

 private:
  void visit(const ast::expression&, const ast::literal&) {}
  void visit(const ast::expression& e, const ast::variable& node) {
    found.push_back({{{node.name, e.where}}, e.where});
  }
  void visit(const ast::expression&, const ast::array& node) {
    for (const auto& element : node.elements)
      visit(element);
  }
  void visit(const ast::expression&, const ast::object& node) {
    for (const auto& field : node.fields)
      visit(field.value);
  }
  void visit(const ast::expression&, const ast::access& node) {
    const std::size_t before = found.size();
    visit(*node.value);
    // The name continues what is accessed only if that is a chain of names itself.
    if (!is_chain(*node.value) || found.size() == before) return;
    reference& chain = found.back();
    chain.parts.push_back({node.name.name, node.name.where});
    chain.where = join(chain.where, node.name.where);
  }
  void visit(const ast::expression&, const ast::index& node) {
    visit(*node.value);
    visit(*node.key);
  }
  void visit(const ast::expression&, const ast::call& node) {
    visit(*node.function);
    for (const auto& argument : node.arguments)
      visit(argument);
  }
  void visit(const ast::expression&, const ast::unary& node) { visit(*node.value); }
  void visit(const ast::expression&, const ast::binary& node) {
    visit(*node.left);
    visit(*node.right);
  }
  void visit(const ast::expression&, const ast::paren& node) { visit(*node.inner); }

  static bool is_chain(const ast::expression& e) {
    if (e.as<ast::variable>() != nullptr) return true;
    const auto* access = e.as<ast::access>();
    return access != nullptr && is_chain(*access->value);
  }
};

}  // namespace

std::vector<reference> references(const ast::expression& e) {
  collector all;
  all.visit(e);
  return std::move(all.found);
}

std::vector<reference> references(const ast::body& statements) {
  collector all;
  all.visit(statements);
  return std::move(all.found);
}

}  // namespace troupe::config
