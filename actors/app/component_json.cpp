#include "actors/app/component_json.hpp"

#include <nlohmann/json.hpp>
#include <set>

namespace troupe::app {

namespace {

using nlohmann::json;

json parse(const std::string& text) {
  return json::parse(text, nullptr, false);
}

json describe(const runtime::component_view& of) {
  const auto status = of.running->status().get();
  const auto health = status.overall();
  std::set<std::string> flows;
  for (const auto& outlet : status.consumers)
    flows.insert(outlet.begin(), outlet.end());
  return {{"name", of.name},
          {"type", "block"},
          {"localID", of.id},
          {"moduleID", ""},
          {"label", of.label},
          {"referencesTo", of.uses},
          {"referencedBy", of.used_by},
          {"dataFlowEdgesTo", flows},
          {"health",
           {{"state", std::string(to_string(health.state))},
            {"message", health.message},
            {"updatedTime", runtime::rfc3339(health.updated_ms)}}},
          {"original", ""},
          {"createdModuleIDs", json::array()},
          {"liveDebuggingEnabled", true},
          {"position", {{"file", of.place.file}, {"line", of.place.first_line}, {"end_line", of.place.last_line}}}};
}

}  // namespace

std::string component_json(const runtime::component_view& of) {
  return describe(of).dump();
}

std::string component_json(const runtime::component_view& of, const std::string& debug_info) {
  auto all = describe(of);
  all["arguments"] = parse(of.arguments_json);
  all["exports"] = parse(of.exports_json);
  all["debugInfo"] = parse(debug_info);
  return all.dump();
}

std::string components_json(const std::vector<runtime::component_view>& all) {
  auto list = json::array();
  for (const auto& one : all)
    list.push_back(describe(one));
  return list.dump();
}

}  // namespace troupe::app
