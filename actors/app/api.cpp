#include "actors/app/api.hpp"

#include <algorithm>
#include <memory>
#include <optional>

#include "actors/app/collector.hpp"
#include "actors/app/component_json.hpp"
#include "actors/app/observed_request.hpp"
#include "protocol/exposition/negotiation.hpp"
#include "protocol/http/router.hpp"

namespace troupe::app {

namespace {

using http::responder;
using http::server_request;
using answer_ref = std::shared_ptr<responder>;

constexpr const char* plain = "text/plain; charset=utf-8";
constexpr const char* json = "application/json";
/// How long a component may take to say something about itself before it is shown without.
constexpr auto patience = std::chrono::seconds(2);

constexpr const char* component_prefix = "/api/v0/component/";
constexpr const char* components_prefix = "/api/v0/web/components/";
constexpr const char* store_prefix = "/api/v0/store/";

std::optional<runtime::component_view> find(collector& in, const std::string& id) {
  for (auto& one : in.components().components()) {
    if (one.id == id) return one;
  }
  return std::nullopt;
}

void metrics(collector& of, const server_request& request, const answer_ref& answer) {
  const auto kind = exposition::negotiate(request.header("Accept"));
  answer->respond(200, exposition::content_type(kind), of.metrics().page(kind));
}

void ready(collector& of, const answer_ref& answer) {
  if (of.components().ready()) return answer->respond(200, plain, "Troupe is ready.\n");
  answer->respond(503, plain, "Troupe is not ready.\n");
}

void healthy(collector& of, const answer_ref& answer) {
  std::string text;
  for (const auto& one : of.components().components()) {
    const auto health = one.running->status().get().overall();
    if (health.state != runtime::health_state::unhealthy) continue;
    text += one.id + ": " + health.message + "\n";
  }
  if (text.empty()) return answer->respond(200, plain, "All Troupe components are healthy.\n");
  answer->respond(500, plain, "unhealthy components:\n" + text);
}

void reload(collector& of, const answer_ref& answer) {
  of.load("http", [answer](const runtime::load_result& result) {
    if (result.ok()) return answer->respond(200, plain, "config reloaded\n");
    answer->respond(400, plain, "error during the initial load: " + config::pretty(result.diagnostics));
  });
}

/// Asks the component itself; one that is too busy to answer is shown without its debug info.
void component(collector& of, const std::string& id, const answer_ref& answer) {
  auto view = find(of, id);
  if (!view) return answer->respond(404, plain, "component \"" + id + "\" does not exist\n");
  of.actors().post(id,
                   [view, answer] { answer->respond(200, json, component_json(*view, view->running->debug_info())); });
  of.actors().later(patience, [view, answer] { answer->respond(200, json, component_json(*view, "[]")); });
}

void serve_by(collector& of, const std::string& id, const std::string& path, const server_request& request,
              const answer_ref& answer) {
  const auto view = find(of, id);
  if (!view) return answer->respond(404, plain, "component \"" + id + "\" does not exist\n");
  of.actors().post(id, [host = view->running, id, path, request, answer] {
    if (!host->serve(path, request, answer))
      answer->respond(404, plain, "component \"" + id + "\" serves nothing at " + path + "\n");
  });
}

/// ID/PATH after the prefix: the id ends at the slash after which a component of that name is known.
void component_path(collector& of, const server_request& request, const answer_ref& answer) {
  const auto rest = request.path.substr(std::string_view(component_prefix).size());
  const auto slash = rest.find('/');
  serve_by(of, rest.substr(0, slash), slash == std::string::npos ? "" : rest.substr(slash + 1), request, answer);
}

void store_path(collector& of, const server_request& request, const answer_ref& answer) {
  const auto rest = request.path.substr(std::string_view(store_prefix).size());
  const auto slash = rest.find('/');
  if (slash == std::string::npos)
    return answer->respond(404, plain, "which? /api/v0/store/LABEL/series, samples, labels, stats, logs or traces\n");
  serve_by(of, "store.local." + rest.substr(0, slash), rest.substr(slash + 1), request, answer);
}

void index(const answer_ref& answer) {
  answer->respond(200, plain,
                  "Troupe " TROUPE_VERSION
                  "\n\n"
                  "/metrics                         own metrics\n"
                  "/-/ready  /-/healthy             state\n"
                  "/-/reload                        read the configuration again\n"
                  "/api/v0/web/components           all components\n"
                  "/api/v0/web/components/ID        one of them, with arguments, exports and debug info\n"
                  "/api/v0/component/ID/...         what a component serves itself\n"
                  "/api/v0/store/LABEL/...          what store.local has kept\n");
}

}  // namespace

http::request_handler make_api(collector& of) {
  auto routes = std::make_shared<http::router>();
  const auto get = [&](const char* path, auto handler) {
    routes->add("GET", path,
                [&of, handler](const server_request& request, answer_ref answer) { handler(of, request, answer); });
  };
  const auto below = [&](const char* prefix, auto handler) {
    for (const char* method : {"GET", "POST"}) {
      routes->add_prefix(method, prefix, [&of, handler](const server_request& request, answer_ref answer) {
        handler(of, request, answer);
      });
    }
  };
  get("/", [](collector&, const server_request&, const answer_ref& a) { index(a); });
  get("/metrics", [](collector& c, const server_request& r, const answer_ref& a) { metrics(c, r, a); });
  get("/-/ready", [](collector& c, const server_request&, const answer_ref& a) { ready(c, a); });
  get("/-/healthy", [](collector& c, const server_request&, const answer_ref& a) { healthy(c, a); });
  for (const char* method : {"GET", "POST"}) {
    routes->add(method, "/-/reload", [&of](const server_request&, answer_ref answer) { reload(of, answer); });
  }
  get("/api/v0/web/components", [](collector& c, const server_request&, const answer_ref& a) {
    auto all = c.components().components();
    std::erase_if(all, [](const auto& one) { return one.block; });
    a->respond(200, json, components_json(all));
  });
  below(components_prefix, [](collector& c, const server_request& r, const answer_ref& a) {
    component(c, r.path.substr(std::string_view(components_prefix).size()), a);
  });
  below(component_prefix, [](collector& c, const server_request& r, const answer_ref& a) { component_path(c, r, a); });
  below(store_prefix, [](collector& c, const server_request& r, const answer_ref& a) { store_path(c, r, a); });
  return [routes, &of](const server_request& request, answer_ref answer) {
    (*routes)(request, observed(request, std::move(answer), of.events(), of.tracing(), of.time()));
  };
}

}  // namespace troupe::app
