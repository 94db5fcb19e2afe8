// Structs and values as the component API shows them.

#include <nlohmann/json.hpp>

#include "config/redact.hpp"
#include "config/schema.hpp"
#include "config/secret.hpp"

namespace troupe::config {

namespace {

using nlohmann::json;

json number_json(const number& n) {
  if (n.is_unsigned()) return n.to_uint64();
  if (n.is_signed()) return n.to_int64();
  const double d = n.to_double();
  if (d != d || d - d != 0) return n.text();  // JSON has no such numbers
  return d;
}

json value_json(const value& v) {
  switch (v.type()) {
    case kind::null:
      return {{"type", "null"}, {"value", nullptr}};
    case kind::number:
      return {{"type", "number"}, {"value", number_json(*v.as_number())}};
    case kind::string:
      return {{"type", "string"}, {"value", without_passwords(*v.as_string())}};
    case kind::boolean:
      return {{"type", "bool"}, {"value", *v.as_bool()}};
    case kind::array: {
      auto all = json::array();
      for (const auto& one : *v.as_array())
        all.push_back(value_json(one));
      return {{"type", "array"}, {"value", std::move(all)}};
    }
    case kind::object: {
      auto all = json::array();
      for (const auto& [name, one] : *v.as_object())
        all.push_back({{"key", name}, {"value", value_json(one)}});
      return {{"type", "object"}, {"value", std::move(all)}};
    }
    case kind::function:
      return {{"type", "function"}, {"value", "function"}};
    case kind::capsule:
      return {{"type", "capsule"}, {"value", v.as_capsule()->to_text()}};
  }
  return nullptr;
}

json attribute_json(const std::string& name, const value& v) {
  return {{"name", name}, {"type", "attr"}, {"value", value_json(v)}};
}

json body_to_json(const body_schema& schema, const void* content, bool defaults_too) {
  auto all = json::array();
  for (const auto& one : schema.attributes()) {
    const auto v = one.get(content);
    if (!defaults_too && !one.required && v == one.get(schema.defaults())) continue;
    all.push_back(attribute_json(one.name, v));
  }
  for (const auto& block : schema.blocks()) {
    block.each(content, [&](std::size_t which, const void* inner) {
      auto body = body_to_json(*block.alternatives[which].body, inner, defaults_too);
      if (!defaults_too && block.how_many == block_schema::count::optional && body.empty()) return;
      all.push_back({{"name", block.alternatives[which].name}, {"type", "block"}, {"body", std::move(body)}});
    });
  }
  return all;
}

// Texts come from outside and may be no UTF-8.
std::string dump(const json& j) {
  return j.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

std::string component_schema::to_json(const std::shared_ptr<const void>& arguments) const {
  return dump(body_to_json(*this, arguments.get(), false));
}

std::string exports_json(const value& exports) {
  auto all = json::array();
  if (const auto* fields = exports.as_object()) {
    for (const auto& [name, one] : *fields)
      all.push_back(attribute_json(name, one));
  }
  return dump(all);
}

std::string body_json(const body_schema& of, const void* content) {
  return dump(body_to_json(of, content, true));
}

}  // namespace troupe::config
