#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "actors/runtime/registry.hpp"
#include "config/ast.hpp"
#include "config/diagnostic.hpp"
#include "config/evaluator.hpp"

namespace troupe::runtime {

/// What was read: the trees of all files, in order, and a hash over their texts.
struct configuration {
  std::vector<std::shared_ptr<const config::ast::file>> files;
  std::string sha256;  ///< hexadecimal

  /// Parses every source; what is wrong is in `out`.
  [[nodiscard]] static std::shared_ptr<const configuration> parse(const std::vector<config::source_ref>& sources,
                                                                  config::diagnostics& out);
};

/// A block of the configuration, and what it has to do with the others.
struct graph_node {
  std::string id;  ///< prometheus.scrape.default, logging
  const config::ast::block* block = nullptr;
  const component_definition* component = nullptr;
  std::vector<std::string> uses;     ///< ids its expressions refer to, sorted
  std::vector<std::string> used_by;  ///< the inverse, sorted

  [[nodiscard]] const config::component_schema& schema() const { return *component->schema; }
};

/// What of the language may be used (--stability.level, --feature.community-components.enabled).
struct language_limits {
  config::stability minimum_stability = config::stability::generally_available;
};

/// The configuration as a graph without cycles. Plain data; it points into the configuration, which it keeps.
class graph {
 public:
  graph() = default;
  /// Everything that is wrong is in `out`; with errors the graph is good for nothing but further checks.
  graph(std::shared_ptr<const configuration> of, const registry& kinds, const language_limits& limits,
        config::diagnostics& out);

  /// Dependencies first.
  [[nodiscard]] const std::vector<std::string>& order() const { return order_; }
  [[nodiscard]] const graph_node* find(const std::string& id) const;
  [[nodiscard]] const std::map<std::string, graph_node>& nodes() const { return nodes_; }
  [[nodiscard]] const std::shared_ptr<const configuration>& source() const { return source_; }

  /// The scope of one node's expressions: what it refers to, by its name in the language.
  [[nodiscard]] config::scope scope_of(const graph_node& node,
                                       const std::map<std::string, config::value>& exports) const;

 private:
  void declare(const config::ast::block& block, const registry& kinds, const language_limits& limits,
               config::diagnostics& out);
  void resolve(graph_node& node, const language_limits& limits, config::diagnostics& out) const;
  void sort(config::diagnostics& out);

  std::shared_ptr<const configuration> source_;
  std::map<std::string, graph_node> nodes_;
  std::vector<std::string> order_;
};

}  // namespace troupe::runtime
