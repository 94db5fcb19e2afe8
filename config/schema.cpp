#include "config/schema.hpp"

#include <algorithm>

namespace troupe::config {

std::string_view to_string(stability level) {
  constexpr std::string_view names[] = {"experimental", "public-preview", "generally-available"};
  return names[static_cast<std::size_t>(level)];
}

const attribute_schema* body_schema::find_attribute(std::string_view name) const {
  const auto at =
      std::find_if(attributes_.begin(), attributes_.end(), [&](const auto& one) { return one.name == name; });
  return at == attributes_.end() ? nullptr : &*at;
}

std::pair<const block_schema*, std::size_t> body_schema::find_block(std::string_view name) const {
  for (const auto& block : blocks_) {
    for (std::size_t i = 0; i < block.alternatives.size(); ++i) {
      if (block.alternatives[i].name == name) return {&block, i};
    }
  }
  return {nullptr, 0};
}

complaints body_schema::check(const void* content) const {
  complaints all;
  for (const auto& check : checks_) {
    for (auto& one : check(content))
      all.push_back(std::move(one));
  }
  return all;
}

}  // namespace troupe::config
