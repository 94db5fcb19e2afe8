#include "actors/store/local/label_json.hpp"

#include <nlohmann/json.hpp>

namespace troupe::store {

std::string label_json(std::span<const telemetry::label_view> labels) {
  auto all = nlohmann::ordered_json::object();
  for (const auto& [name, value] : labels)
    all[std::string(name)] = std::string(value);
  return all.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

telemetry::label_set labels_of(std::string_view json) {
  telemetry::label_set::container labels;
  const auto parsed = nlohmann::json::parse(json, nullptr, false);
  if (parsed.is_object()) {
    for (const auto& [name, value] : parsed.items()) {
      if (value.is_string()) labels.emplace_back(name, value.get<std::string>());
    }
  }
  return telemetry::label_set(std::move(labels));
}

}  // namespace troupe::store
