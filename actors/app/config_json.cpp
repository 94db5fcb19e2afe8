#include "actors/app/config_json.hpp"

#include <nlohmann/json.hpp>

#include "actors/app/shown_diagnostics.hpp"
#include "config/redact.hpp"

namespace troupe::app {

namespace {

using nlohmann::json;

json diagnostics_json(const config::diagnostics& all) {
  auto list = json::array();
  for (const auto& one : all) {
    json said{{"severity", one.level == config::severity::error ? "error" : "warning"}, {"message", one.message}};
    if (one.where) {
      const auto at = one.where.first();
      said["file"] = one.where.source->name();
      said["line"] = at.line;
      said["column"] = at.column;
    }
    list.push_back(std::move(said));
  }
  if (all.left_out() > 0) list.push_back({{"severity", "error"}, {"message", all.rest()}});
  return list;
}

json file_json(const config::ast::file& of, const runtime::registry& kinds) {
  const auto schema_of = [&](std::string_view name) -> const config::body_schema* {
    const auto* kind = kinds.find(name);
    return kind ? kind->schema : nullptr;
  };
  return {{"name", of.source->name()}, {"text", config::redacted(of, schema_of)}};
}

std::string dumped(const json& all) {
  return all.dump(-1, ' ', false, json::error_handler_t::replace);
}

/// A body of the API's form, which is JSON already.
json body(const std::string& text) {
  return text.empty() ? json() : json::parse(text, nullptr, false);
}

std::string_view to_string(runtime::planned_change::kind what) {
  switch (what) {
    case runtime::planned_change::kind::added:
      return "added";
    case runtime::planned_change::kind::removed:
      return "removed";
    default:
      return "updated";
  }
}

}  // namespace

std::string config_json(const std::string& path, const load_log& loads,
                        const std::vector<runtime::component_view>& running, const runtime::registry& kinds) {
  const auto now = loads.now();
  auto files = json::array(), blocks = json::array();
  std::map<std::string, std::size_t> file_number;
  if (now.what) {
    for (const auto& one : now.what->files) {
      file_number.emplace(one->source->name(), files.size());
      files.push_back(file_json(*one, kinds));
    }
  }
  for (const auto& one : running) {
    const auto at = file_number.find(one.place.file);
    if (at == file_number.end()) continue;
    blocks.push_back(
        {{"id", one.id}, {"file", at->second}, {"line", one.place.first_line}, {"end_line", one.place.last_line}});
  }
  json last;
  if (const auto how = loads.last()) {
    last = {{"ok", how->ok()},
            {"time_ms", how->time_ms},
            {"requested_by", how->requested_by},
            {"text", shown(how->diagnostics, kinds)},
            {"diagnostics", diagnostics_json(how->diagnostics)}};
  }
  return dumped({{"path", path},
                 {"hash", now.what ? now.what->sha256 : ""},
                 {"loaded_ms", now.since_ms},
                 {"files", std::move(files)},
                 {"blocks", std::move(blocks)},
                 {"last_load", std::move(last)}});
}

std::string plan_json(const runtime::load_plan& plan, bool same, const runtime::registry& kinds) {
  auto changes = json::array();
  for (const auto& one : plan.changes) {
    changes.push_back({{"id", one.id},
                       {"change", to_string(one.what)},
                       {"before", body(one.before_json)},
                       {"after", body(one.after_json)}});
  }
  return dumped({{"ok", plan.ok()},
                 {"text", shown(plan.diagnostics, kinds)},
                 {"diagnostics", diagnostics_json(plan.diagnostics)},
                 {"same", same},
                 {"changes", std::move(changes)},
                 {"unchanged", plan.unchanged}});
}

}  // namespace troupe::app
