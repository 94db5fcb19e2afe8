#include "actors/app/web_api.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "actors/app/collector.hpp"
#include "actors/app/component_json.hpp"
#include "actors/app/config_json.hpp"
#include "actors/app/status_json.hpp"
#include "actors/app/tap_stream.hpp"

namespace troupe::app {

namespace {

using http::responder;
using http::server_request;
using answer_ref = std::shared_ptr<responder>;

constexpr const char* plain = "text/plain; charset=utf-8";
constexpr const char* json = "application/json";
/// How long a component may take to say something about itself before it is shown without.
constexpr auto patience = std::chrono::seconds(2);

constexpr const char* components_prefix = "/api/v0/web/components/";
constexpr const char* debug_prefix = "/api/v0/web/debug/";

std::string after(const char* prefix, const server_request& request) {
  return request.path.substr(std::string_view(prefix).size());
}

void not_there(const std::string& id, const answer_ref& answer) {
  answer->respond(404, plain, "component \"" + id + "\" does not exist\n");
}

void components(collector& of, const server_request&, const answer_ref& answer) {
  auto all = of.components().components();
  std::erase_if(all, [](const auto& one) { return one.block; });
  answer->respond(200, json, components_json(all));
}

/// Asks the component itself; one that is too busy to answer is shown without its debug info.
void component(collector& of, const server_request& request, const answer_ref& answer) {
  const auto id = after(components_prefix, request);
  auto view = runtime::find(of.components().components(), id);
  if (!view) return not_there(id, answer);
  of.actors().post(id,
                   [view, answer] { answer->respond(200, json, component_json(*view, view->running->debug_info())); });
  of.actors().later(patience, [view, answer] { answer->respond(200, json, component_json(*view, "[]")); });
}

void recent(collector& of, const server_request& request, const answer_ref& answer) {
  constexpr std::size_t usual = 50, most = 1000;
  std::size_t limit = usual;
  const auto text = request.parameter("limit");
  if (!text.empty() && std::from_chars(text.data(), text.data() + text.size(), limit).ec != std::errc())
    return answer->respond(400, plain, "limit must be a number\n");
  answer->respond(200, json,
                  of.recent().json(request.parameter("component"), std::min(limit, most), of.tracing().samples()));
}

void debug(collector& of, const server_request& request, const answer_ref& answer) {
  const auto id = after(debug_prefix, request);
  const auto all = of.components().components();
  const auto view = runtime::find(all, id);
  if (!view) return not_there(id, answer);
  tap_request what{std::string(request.parameter("edge")), 1};
  if (!what.edge.empty()) {
    if (const auto wrong = missing_edge(all, id, what.edge)) return answer->respond(404, plain, *wrong + "\n");
  }
  const auto text = request.parameter("sampleProb");
  if (!text.empty()) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), what.probability);
    if (error != std::errc() || end != text.data() + text.size() || !(what.probability >= 0 && what.probability <= 1))
      return answer->respond(400, plain, "sampleProb must be a number from 0 to 1\n");
  }
  stream_tap(of.actors(), view->running, what, answer);
}

void configuration(collector& of, const server_request&, const answer_ref& answer) {
  answer->respond(200, json, config_json(of.options().path, of.loads(), of.components().components(), of.kinds()));
}

void check(collector& of, const server_request& request, const answer_ref& answer) {
  if (asked_by_another_site(request)) return answer->respond(403, plain, "only from the page itself\n");
  of.plan([answer, &kinds = of.kinds()](const runtime::load_plan& plan, bool same) {
    answer->respond(200, json, plan_json(plan, same, kinds));
  });
}

}  // namespace

bool asked_by_another_site(const server_request& request) {
  const auto site = request.header("Sec-Fetch-Site");
  if (!site.empty()) return site != "same-origin" || request.method != "POST";
  const auto origin = request.header("Origin");
  if (origin.empty()) return false;
  const auto host = origin.find("://");
  return host == std::string_view::npos || origin.substr(host + 3) != request.header("Host");
}

void add_web_api(http::router& to, collector& of) {
  const auto handled = [&of](auto handler) {
    return [&of, handler](const server_request& request, answer_ref answer) { handler(of, request, answer); };
  };
  to.add("GET", "/api/v0/web/status", handled([](collector& c, const server_request&, const answer_ref& a) {
           a->respond(200, json, status_json(c), {{"Cache-Control", "no-store"}});
         }));
  to.add("GET", "/api/v0/web/components", handled(components));
  to.add_prefix("GET", components_prefix, handled(component));
  to.add("GET", "/api/v0/web/activity", handled(recent));
  to.add_prefix("GET", debug_prefix, handled(debug));
  to.add("GET", "/api/v0/web/config", handled(configuration));
  to.add("POST", "/api/v0/web/config/check", handled(check));
}

}  // namespace troupe::app
