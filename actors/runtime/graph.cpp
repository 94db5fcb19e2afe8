#include "actors/runtime/graph.hpp"

#include <openssl/sha.h>

#include <algorithm>
#include <functional>
#include <set>

#include "config/parser.hpp"
#include "config/stdlib.hpp"
#include "protocol/telemetry/hex.hpp"

namespace troupe::runtime {

namespace {

/// Of the language, but not here: configuration blocks, and what modules are made of.
bool is_block_of_alloy(std::string_view name) {
  constexpr std::string_view all[] = {"argument",      "declare",       "export",     "foreach",
                                      "http",          "import.file",   "import.git", "import.http",
                                      "import.string", "livedebugging", "remotecfg"};
  return std::find(std::begin(all), std::end(all), name) != std::end(all);
}

}  // namespace

std::shared_ptr<const configuration> configuration::parse(const std::vector<config::source_ref>& sources,
                                                          config::diagnostics& out) {
  auto made = std::make_shared<configuration>();
  std::string texts;
  for (const auto& source : sources) {
    made->files.push_back(std::make_shared<const config::ast::file>(config::parse(source, out)));
    texts += source->text();
  }
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(texts.data()), texts.size(), digest);
  made->sha256 = telemetry::to_hex(digest);
  return made;
}

graph::graph(std::shared_ptr<const configuration> of, const registry& kinds, const language_limits& limits,
             config::diagnostics& out)
    : source_(std::move(of)) {
  for (const auto& file : source_->files) {
    for (const auto& statement : file->statements) {
      if (const auto* attribute = statement.as_attribute()) {
        out.error(attribute->name.where, "unrecognized attribute " + attribute->name.name);
      } else {
        declare(*statement.as_block(), kinds, limits, out);
      }
    }
  }
  for (auto& [id, node] : nodes_)
    resolve(node, limits, out);
  for (auto& [id, node] : nodes_) {
    for (const auto& used : node.uses)
      nodes_.at(used).used_by.push_back(id);
  }
  sort(out);
}

void graph::declare(const config::ast::block& block, const registry& kinds, const language_limits& limits,
                    config::diagnostics& out) {
  graph_node node{block.id(), &block, nullptr, {}, {}};
  const std::string name = block.full_name();
  node.component = kinds.find(name);
  if (!node.component) {
    out.error(block.head(), is_block_of_alloy(name) ? "block \"" + name + "\" is not supported yet"
                                                    : "cannot find the definition of component name \"" + name + "\"");
    return;
  }
  if (!node.component->once && block.label.empty()) {
    out.error(block.head(), "component \"" + name + "\" must have a label");
    return;
  }
  if (node.component->once && !block.label.empty()) {
    out.error(block.label_where, "block \"" + name + "\" does not support specifying labels");
    return;
  }
  if (node.schema().level() < limits.minimum_stability) {
    out.error(block.head(), "component \"" + name + "\" is at stability level \"" +
                                std::string(to_string(node.schema().level())) +
                                "\", which is below the minimum allowed stability level \"" +
                                std::string(to_string(limits.minimum_stability)) +
                                "\". Use --stability.level command-line flag to enable \"" +
                                std::string(to_string(node.schema().level())) + "\" features");
    return;
  }
  const auto [at, fresh] = nodes_.emplace(node.id, node);
  if (fresh) return;
  const auto& first = *at->second.block;
  if (node.component->once) {
    out.error(block.head(), "duplicate definition of \"" + name + "\"");
  } else {
    const auto where = first.where.first();
    out.error(block.head(), "block " + node.id + " already declared at " + first.where.source->name() + ":" +
                                std::to_string(where.line) + ":" + std::to_string(where.column));
  }
}

namespace {

/// Names of the standard library that should not be used, or not with this stability.
void library_name(const config::reference& name, const language_limits& limits, config::diagnostics& out) {
  const auto standing = config::stdlib_standing(name.text());
  if (standing == config::standing::deprecated) {
    out.warning(
        name.where,
        "this stdlib function is deprecated; please refer to the documentation for updated usage and alternatives");
  }
  if (standing == config::standing::experimental && limits.minimum_stability > config::stability::experimental) {
    out.error(name.where,
              "function \"" + name.text() +
                  "\" is at stability level \"experimental\", which is below the minimum allowed stability level \"" +
                  std::string(to_string(limits.minimum_stability)) +
                  "\". Use --stability.level command-line flag to enable \"experimental\" features");
  }
}

}  // namespace

void graph::resolve(graph_node& node, const language_limits& limits, config::diagnostics& out) const {
  std::set<std::string> uses;
  for (const auto& reference : config::references(node.block->statements)) {
    // The longest prefix that grows into the name of a block wins; then the standard library.
    std::string found;
    for (std::size_t parts = 1; parts <= reference.parts.size() && found.empty(); ++parts) {
      if (auto name = reference.text(parts); nodes_.contains(name)) found = std::move(name);
    }
    if (!found.empty()) {
      if (config::stdlib().find(reference.parts.front().name)) {
        out.warning(reference.where, "a component is shadowing an existing stdlib name");
      }
      uses.insert(std::move(found));
    } else if (!config::stdlib().find(reference.parts.front().name)) {
      out.error(reference.where, "component \"" + reference.text() + "\" does not exist or is out of scope");
    } else {
      library_name(reference, limits, out);
    }
  }
  node.uses.assign(uses.begin(), uses.end());
}

/// Tarjan's strongly connected components: they come out dependencies first, and any of more than one node is a cycle.
void graph::sort(config::diagnostics& out) {
  struct mark {
    std::size_t index = 0, low = 0;
    bool on_stack = false;
  };
  std::map<std::string, mark> marks;
  std::vector<std::string> stack;
  std::size_t counter = 0;
  const std::function<void(const std::string&)> visit = [&](const std::string& id) {
    auto& own = marks[id];
    own = {++counter, counter, true};
    stack.push_back(id);
    for (const auto& used : nodes_.at(id).uses) {
      auto& other = marks[used];
      if (other.index == 0) visit(used);
      if (other.on_stack) own.low = std::min(own.low, other.low);
    }
    if (own.low != own.index) return;
    std::vector<std::string> together;
    do {
      together.push_back(std::move(stack.back()));
      stack.pop_back();
      marks[together.back()].on_stack = false;
    } while (together.back() != id);
    const auto& node = nodes_.at(id);
    if (together.size() > 1) {
      std::sort(together.begin(), together.end());
      std::string names;
      for (const auto& one : together)
        names += (names.empty() ? "" : ", ") + one;
      out.error(nodes_.at(together.front()).block->head(), "cycle: " + names);
    } else if (std::binary_search(node.uses.begin(), node.uses.end(), id)) {
      out.error(node.block->head(), "self reference: " + id);
    }
    for (auto& one : together)
      order_.push_back(std::move(one));
  };
  for (const auto& [id, node] : nodes_) {
    if (marks[id].index == 0) visit(id);
  }
}

const graph_node* graph::find(const std::string& id) const {
  const auto at = nodes_.find(id);
  return at == nodes_.end() ? nullptr : &at->second;
}

namespace {

/// Names cut at their dots, as nested objects.
struct name_tree {
  std::map<std::string, name_tree> below;
  config::value leaf;

  [[nodiscard]] config::value to_value() const {
    if (below.empty()) return leaf;
    std::vector<config::object::entry> fields;
    for (const auto& [name, tree] : below)
      fields.emplace_back(name, tree.to_value());
    return config::object(std::move(fields));
  }
};

}  // namespace

config::scope graph::scope_of(const graph_node& node, const std::map<std::string, config::value>& exports) const {
  name_tree root;
  for (const auto& used : node.uses) {
    const auto at = exports.find(used);
    if (at == exports.end()) continue;
    auto* tree = &root;
    for (std::size_t begin = 0; begin <= used.size();) {
      const auto dot = std::min(used.find('.', begin), used.size());
      tree = &tree->below[used.substr(begin, dot - begin)];
      begin = dot + 1;
    }
    tree->leaf = at->second;
  }
  config::scope scope;
  for (const auto& [name, tree] : root.below)
    scope.set(name, tree.to_value());
  return scope;
}

}  // namespace troupe::runtime
