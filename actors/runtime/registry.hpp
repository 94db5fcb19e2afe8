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
};

/// A configuration block that is no component: `logging`. There is at most one of each; without it the defaults hold.
struct setting_definition {
  const config::component_schema* schema = nullptr;
  std::function<result<void>(const arguments_ref& arguments)> apply;
};

/// All kinds of components and settings, by name (`prometheus.scrape`, `logging`). Filled before the first load, read
/// only afterwards.
class registry {
 public:
  void add(component_definition definition) {
    all_.insert_or_assign(std::string(definition.schema->name()), std::move(definition));
  }
  void add(setting_definition definition) {
    settings_.insert_or_assign(std::string(definition.schema->name()), std::move(definition));
  }
  [[nodiscard]] const component_definition* find(std::string_view name) const {
    const auto at = all_.find(name);
    return at == all_.end() ? nullptr : &at->second;
  }
  [[nodiscard]] const setting_definition* find_setting(std::string_view name) const {
    const auto at = settings_.find(name);
    return at == settings_.end() ? nullptr : &at->second;
  }
  [[nodiscard]] const auto& all() const { return all_; }
  [[nodiscard]] const auto& settings() const { return settings_; }

 private:
  std::map<std::string, component_definition, std::less<>> all_;
  std::map<std::string, setting_definition, std::less<>> settings_;
};

/// A Logic derives from component, has `arguments_type`, a constructor (component_context&, std::shared_ptr<const
/// arguments_type>) and, where it exports something, `static config::value exports(const component_place&, const
/// arguments_type&)`.
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
  made.make = [](component_context& context, const arguments_ref& a) -> std::unique_ptr<component> {
    return std::make_unique<Logic>(context, std::static_pointer_cast<const arguments>(a));
  };
  return made;
}

}  // namespace troupe::runtime
