#include "actors/store/local/trace_tree.hpp"

#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "actors/store/local/api_parameters.hpp"
#include "actors/store/local/trace_json.hpp"

namespace troupe::store {

namespace {

constexpr std::size_t deepest = 200;

struct place {
  std::size_t span, depth;
  bool orphan;
};

/// All spans, each before its children and after its parent.
std::vector<place> order_of(const std::vector<found_span>& spans) {
  std::unordered_map<std::string_view, std::vector<std::size_t>> children;
  std::unordered_map<std::string_view, bool> known;
  for (std::size_t i = 0; i < spans.size(); ++i) {
    known[spans[i].id] = true;
    children[spans[i].parent].push_back(i);
  }
  std::vector<place> order, waiting;
  std::vector<bool> seen(spans.size());
  const auto descend = [&](std::size_t from, bool orphan) {
    waiting.push_back({from, 0, orphan});
    while (!waiting.empty()) {
      const auto one = waiting.back();
      waiting.pop_back();
      if (seen[one.span]) continue;
      seen[one.span] = true;
      order.push_back(one);
      const auto below = children.find(spans[one.span].id);
      if (below == children.end()) continue;
      for (auto child = below->second.rbegin(); child != below->second.rend(); ++child)
        waiting.push_back({*child, std::min(one.depth + 1, deepest), false});
    }
  };
  for (std::size_t i = 0; i < spans.size(); ++i) {
    const auto& parent = spans[i].parent;
    if (parent.empty() || !known.contains(parent)) descend(i, !parent.empty());
  }
  for (std::size_t i = 0; i < spans.size(); ++i) {
    if (!seen[i]) descend(i, true);  // of a circle
  }
  return order;
}

std::string_view inside(const std::string& object) {
  return object.size() < 2 ? std::string_view() : std::string_view(object).substr(1, object.size() - 2);
}

/// All but the end: its children follow.
void begin_span(const found_span& one, bool orphan, std::string& out) {
  out += "{\"span_id\":\"" + one.id + "\",\"parent_id\":\"" + one.parent + "\",\"name\":" + dump(one.name) +
         ",\"service\":" + dump(one.service) + ",\"kind\":\"";
  out += kind_name(one.kind);
  out += "\",\"status\":\"";
  out += status_name(one.status);
  out += "\",\"start_ns\":\"" + std::to_string(one.start_ns) + "\",\"duration_ns\":" + std::to_string(one.duration_ns);
  if (orphan) out += ",\"orphan\":true";
  if (const auto detail = inside(one.detail); !detail.empty()) (out += ',') += detail;
  out += ",\"resource\":" + (one.resource.empty() ? std::string("{}") : one.resource) + ",\"children\":[";
}

}  // namespace

std::string tree_json(const std::vector<found_span>& spans) {
  std::string out = "[";
  std::size_t open = 0;
  for (const auto& one : order_of(spans)) {
    for (; open > one.depth; --open)
      out += "]}";
    if (out.back() != '[') out += ',';
    begin_span(spans[one.span], one.orphan, out);
    ++open;
  }
  for (; open > 0; --open)
    out += "]}";
  return out += ']';
}

}  // namespace troupe::store
