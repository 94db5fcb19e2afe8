#include "actors/app/status_json.hpp"

#include <nlohmann/json.hpp>

#include "actors/app/collector.hpp"

namespace troupe::app {

namespace {

using nlohmann::json;
using runtime::ledger;

json amount(const ledger::amount& of) {
  return {{"batches", of.batches}, {"items", of.items}};
}

json edge(const std::string& from, const std::string& to, const ledger& counts) {
  json dropped = json::object();
  for (const auto& [reason, lost] : counts.dropped)
    dropped[reason] = amount(lost);
  return {{"from", from},
          {"to", to},
          {"pushed", amount(counts.pushed)},
          {"settled", amount(counts.settled)},
          {"in_flight", amount(counts.in_flight)},
          {"dropped", std::move(dropped)},
          {"unsettled_bytes", counts.unsettled_bytes},
          {"resent", counts.resent}};
}

json component(const runtime::component_view& of, const runtime::component_status::view& now) {
  const auto health = now.overall();
  json all{{"id", of.id},
           {"name", of.name},
           {"label", of.label},
           {"block", of.block},
           {"health",
            {{"state", to_string(health.state)},
             {"message", health.message},
             {"updated_ms", health.updated_ms},
             {"since_ms", health.since_ms}}},
           {"restarts", now.restarts},
           {"inbox", now.inbox},
           {"busy_seconds", std::chrono::duration<double>(now.busy).count()},
           {"uses", of.uses}};
  if (now.outside) {
    all["outside"] = {{"received", now.outside->received},
                      {"delivered", now.outside->delivered},
                      {"waiting", now.outside->waiting},
                      {"lost", now.outside->lost}};
  }
  return all;
}

}  // namespace

std::string status_json(collector& of) {
  auto components = json::array(), edges = json::array();
  for (const auto& one : of.components().components()) {
    const auto now = one.running->status().get();
    components.push_back(component(one, now));
    for (const auto& [to, counts] : now.edges)
      edges.push_back(edge(one.id, to, counts));
  }
  json load;
  if (const auto last = of.loads().last()) {
    load = {{"ok", last->ok()}, {"time_ms", last->time_ms}, {"hash", of.loads().running_hash()}};
  }
  const auto process = runtime::read_process();
  const json all{
      {"version", TROUPE_VERSION},
      {"instance", of.instance()},
      {"now_ms", of.time().wall_ms()},
      {"started_ms", of.started_ms()},
      {"ready", of.components().ready()},
      {"load", std::move(load)},
      {"process",
       {{"cpu_seconds", process.cpu_seconds.value_or(0)}, {"resident_bytes", process.resident_bytes.value_or(0)}}},
      {"components", std::move(components)},
      {"edges", std::move(edges)}};
  return all.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace troupe::app
