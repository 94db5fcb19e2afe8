#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "actors/runtime/component.hpp"
#include "config/schema.hpp"

namespace troupe::runtime {

/// Where a component stands: all that its exports may depend on besides its arguments.
struct component_place {
  const std::string& id;
  const services& shared;
};

/// A kind of component: what its schema says, and how one is made.
struct component_definition {
  const config::component_schema* schema = nullptr;
  /// What it exports from the moment it is declared; later changes come by component_context::set_exports.
  std::function<config::value(const component_place&, const void* arguments)> exports;
  std::function<std::unique_ptr<component>(component_context&, const arguments_ref&)> make;
  /// What of the world around the arguments need, such as files that can be read: asked before one that runs is updated,
  /// so that a load fails as a whole. Null: nothing. Called in the controller's thread.
  std::function<result<void>(services&, const void* arguments)> check;

  /// A configuration block (`logging`): at most one, without a label, and not among the components that are listed.
  bool once = false;
  /// Of such a block: what must hold before anything of a load starts, called in the controller's thread at each one
  /// that succeeds; with the defaults where nobody wrote the block.
  std::function<void(const arguments_ref&)> configure;
  /// At the end those with a lower one go first, with all that only they send to. What tells of the others goes last.
  unsigned end_rank = 0;
};

/// All kinds of components and blocks, by name (`prometheus.scrape`, `logging`). Filled before the first load, read
/// only afterwards.
class registry {
 public:
  void add(component_definition definition) {
    all_.insert_or_assign(std::string(definition.schema->name()), std::move(definition));
  }
  [[nodiscard]] const component_definition* find(std::string_view name) const {
    const auto at = all_.find(name);
    return at == all_.end() ? nullptr : &at->second;
  }
  [[nodiscard]] const auto& all() const { return all_; }

 private:
  std::map<std::string, component_definition, std::less<>> all_;
};

/// A Logic derives from component, has `arguments_type`, a constructor (component_context&, std::shared_ptr<const
/// arguments_type>) and, where it exports something, `static config::value exports(const component_place&, const
/// arguments_type&)`; where an update may fail, `static result<void> check(services&, const arguments_type&)`.
template <class Logic>
[[nodiscard]] component_definition define(const config::component_schema& schema) {
  using arguments = typename Logic::arguments_type;
  component_definition made;
  made.schema = &schema;
  if constexpr (requires(const component_place& p, const arguments& a) { Logic::exports(p, a); }) {
    made.exports = [](const component_place& place, const void* a) {
      return Logic::exports(place, *static_cast<const arguments*>(a));
    };
  }
  if constexpr (requires(services& s, const arguments& a) { Logic::check(s, a); }) {
    made.check = [](services& shared, const void* a) {
      return Logic::check(shared, *static_cast<const arguments*>(a));
    };
  }
  made.make = [](component_context& context, const arguments_ref& a) -> std::unique_ptr<component> {
    return std::make_unique<Logic>(context, std::static_pointer_cast<const arguments>(a));
  };
  return made;
}

}  // namespace troupe::runtime
