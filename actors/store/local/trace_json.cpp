#include "actors/store/local/trace_json.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

#include "actors/store/local/api_parameters.hpp"

namespace troupe::store {

namespace {

using nlohmann::json;

constexpr std::int64_t largest_exact = std::int64_t{1} << 53;

json value_json(const otlp::attribute& of) {
  return std::visit(
      [](const auto& value) -> json {
        using type = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<type, std::int64_t>) {
          if (value > largest_exact || value < -largest_exact) return std::to_string(value);
        }
        if constexpr (std::is_same_v<type, double>) {
          if (std::isnan(value)) return "NaN";
          if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
        }
        return value;
      },
      of.value);
}

json object_of(const std::vector<otlp::attribute>& all) {
  auto made = json::object();
  for (const auto& one : all)
    made[one.key] = value_json(one);
  return made;
}

}  // namespace

std::string attributes_json(const std::vector<otlp::attribute>& all) {
  return dump(object_of(all));
}

std::string detail_json(const otlp::span& of) {
  json made{{"attributes", object_of(of.attributes)}, {"events", json::array()}};
  for (const auto& one : of.events) {
    made["events"].push_back(
        {{"time_ns", std::to_string(one.time_ns)}, {"name", one.name}, {"attributes", object_of(one.attributes)}});
  }
  if (!of.scope.empty()) made["scope"] = of.scope;
  if (!of.scope_attributes.empty()) made["scope_attributes"] = object_of(of.scope_attributes);
  if (!of.status_message.empty()) made["status_message"] = of.status_message;
  return dump(made);
}

std::string_view kind_name(std::int64_t kind) {
  constexpr std::string_view names[] = {"unspecified", "internal", "server", "client", "producer", "consumer"};
  return kind >= 0 && kind < 6 ? names[kind] : names[0];
}

std::string_view status_name(std::int64_t status) {
  constexpr std::string_view names[] = {"unset", "ok", "error"};
  return status >= 0 && status < 3 ? names[status] : names[0];
}

}  // namespace troupe::store
