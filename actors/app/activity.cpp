#include "actors/app/activity.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "protocol/telemetry/hex.hpp"

namespace troupe::app {

namespace {

using nlohmann::json;
using runtime::event;
using std::chrono::nanoseconds;

std::int64_t time_of(const event& what) {
  return std::chrono::duration_cast<nanoseconds>(what.header().time.time_since_epoch()).count();
}

json value_of(const runtime::field_value& value) {
  return std::visit(
      []<class T>(const T& v) -> json {
        if constexpr (std::is_same_v<T, nanoseconds>) {
          return std::to_string(std::chrono::duration<double>(v).count()) + "s";
        } else {
          return v;
        }
      },
      value);
}

json describe(const event& what) {
  json fields = json::object();
  what.visit(
      [&](std::string_view name, const runtime::field_value& value) { fields[std::string(name)] = value_of(value); });
  json all{
      {"level", to_string(what.level())}, {"component", what.header().component_id}, {"fields", std::move(fields)}};
  if (const auto& id = what.header().trace.trace_id; id != decltype(what.header().trace.trace_id){})
    all["trace_id"] = telemetry::to_hex(id);
  return all;
}

json line(const event& what) {
  auto all = describe(what);
  all["time_ns"] = std::to_string(time_of(what));
  all["message"] = what.message();
  return all;
}

json work(const event& what) {
  auto all = describe(what);
  all["start_ns"] = std::to_string(time_of(what) - what.took().count());
  all["duration_ns"] = what.took().count();
  all["name"] = what.kind().span;
  return all;
}

}  // namespace

runtime::event_interest activity::interest() const {
  return runtime::event_interest().all(runtime::log_level::info).sampled_spans().early(false);
}

void activity::on_event(const event& what) noexcept {
  const bool is_line = what.level() >= runtime::log_level::info;
  const bool is_work = what.kind().span != nullptr && what.header().trace.sampled;
  if (!is_line && !is_work) return;
  try {
    const event_ref kept = what.keep();
    const std::lock_guard lock(mutex_);
    auto at = by_component_.find(what.header().component_id);
    if (at == by_component_.end()) {
      make_room();
      at = by_component_.try_emplace(std::string(what.header().component_id)).first;
    }
    at->second.last = ++added_;
    const auto add = [&](std::deque<event_ref>& to) {
      if (to.size() == max_per_component) to.pop_front();
      to.push_back(kept);
    };
    if (is_line) add(at->second.lines);
    if (is_work) add(at->second.work);
  } catch (...) {  // it is in the log, where there is one
  }
}

void activity::make_room() {
  if (by_component_.size() < max_components) return;
  by_component_.erase(std::min_element(by_component_.begin(), by_component_.end(),
                                       [](const auto& a, const auto& b) { return a.second.last < b.second.last; }));
}

std::vector<activity::event_ref> activity::newest(std::deque<event_ref> history::*which, std::string_view component,
                                                  std::size_t limit) const {
  std::vector<event_ref> found;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, of] : by_component_) {
      if (component.empty() || component == id) found.insert(found.end(), (of.*which).begin(), (of.*which).end());
    }
  }
  std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return time_of(*a) > time_of(*b); });
  if (found.size() > limit) found.resize(limit);
  return found;
}

std::string activity::json(std::string_view component, std::size_t limit, bool tracing) const {
  auto lines = nlohmann::json::array(), works = nlohmann::json::array();
  for (const auto& one : newest(&history::lines, component, limit))
    lines.push_back(line(*one));
  for (const auto& one : newest(&history::work, component, limit))
    works.push_back(work(*one));
  return nlohmann::json{{"lines", std::move(lines)}, {"work", std::move(works)}, {"tracing", tracing}}.dump(
      -1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace troupe::app
