#include "actors/app/api.hpp"

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "actors/app/collector.hpp"
#include "actors/app/observed_request.hpp"
#include "actors/app/shown_diagnostics.hpp"
#include "actors/app/web_api.hpp"
#include "actors/app/web_page.hpp"
#include "protocol/exposition/negotiation.hpp"
#include "protocol/http/router.hpp"

namespace troupe::app {

namespace {

using http::responder;
using http::server_request;
using answer_ref = std::shared_ptr<responder>;

constexpr const char* plain = "text/plain; charset=utf-8";
constexpr const char* json = "application/json";

constexpr const char* component_prefix = "/api/v0/component/";
constexpr const char* store_prefix = "/api/v0/store/";

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

void reload(collector& of, const server_request& request, const answer_ref& answer) {
  if (asked_by_another_site(request))
    return answer->respond(403, plain, "a browser may reload only by POST, from the page itself\n");
  of.load("http", [answer, &kinds = of.kinds()](const runtime::load_result& result) {
    if (result.ok()) return answer->respond(200, plain, "config reloaded\n");
    answer->respond(400, plain, "error during the initial load: " + shown(result.diagnostics, kinds));
  });
}

void serve_by(collector& of, const std::string& id, const std::string& path, const server_request& request,
              const answer_ref& answer) {
  const auto view = runtime::find(of.components().components(), id);
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
  if (slash == std::string::npos) {
    return answer->respond(404, json,
                           R"({"error":"which? /api/v0/store/LABEL/series, samples, labels, stats, logs or traces"})");
  }
  const auto id = "store.local." + rest.substr(0, slash);
  if (!runtime::find(of.components().components(), id))
    return answer->respond(404, json, nlohmann::json{{"error", "component \"" + id + "\" does not exist"}}.dump());
  serve_by(of, id, rest.substr(slash + 1), request, answer);
}

/// For a terminal; a browser gets the page.
void index(const answer_ref& answer) {
  answer->respond(200, plain,
                  "Troupe " TROUPE_VERSION
                  "\n\n"
                  "/metrics                         own metrics\n"
                  "/-/ready  /-/healthy             state\n"
                  "/-/reload                        read the configuration again\n"
                  "/                                the page, for a browser\n"
                  "/api/v0/web/status               all components and edges at a glance\n"
                  "/api/v0/web/components[/ID]      all components; one with arguments, exports and debug info\n"
                  "/api/v0/web/debug/ID             what goes through it now\n"
                  "/api/v0/web/activity             the last log lines and units of work\n"
                  "/api/v0/web/config               what runs\n"
                  "/api/v0/component/ID/...         what a component serves itself\n"
                  "/api/v0/store/LABEL/...          what store.local has kept\n");
}

void page(collector& of, const server_request& request, const answer_ref& answer) {
  if (request.path == "/" && request.header("Accept").find("text/html") == std::string_view::npos) return index(answer);
  if (!serve_page(of.options().ui_path_prefix, request, answer)) answer->respond(404, plain, "404 page not found\n");
}

/// What a page that somebody looks at asks for all the time is no work to be told of.
bool is_watching(std::string_view path) {
  return path == "/api/v0/web/status" || path == "/api/v0/web/activity" || path.starts_with("/assets/");
}

/// Every path is also there below the page's prefix.
std::string without_prefix(const std::string& path, std::string_view prefix) {
  if (path.starts_with(prefix)) return path.substr(prefix.size() - 1);
  return path.size() + 1 == prefix.size() && prefix.starts_with(path) ? "/" : path;
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
  get("/metrics", [](collector& c, const server_request& r, const answer_ref& a) { metrics(c, r, a); });
  get("/-/ready", [](collector& c, const server_request&, const answer_ref& a) { ready(c, a); });
  get("/-/healthy", [](collector& c, const server_request&, const answer_ref& a) { healthy(c, a); });
  for (const char* method : {"GET", "POST"}) {
    routes->add(method, "/-/reload",
                [&of](const server_request& request, answer_ref answer) { reload(of, request, answer); });
  }
  routes->add("HEAD", "/-/reload", [](const server_request&, const answer_ref& answer) {
    answer->respond(405, plain, "HEAD reloads nothing\n", {{"Allow", "GET, POST"}});
  });
  add_web_api(*routes, of);
  below(component_prefix, [](collector& c, const server_request& r, const answer_ref& a) { component_path(c, r, a); });
  below(store_prefix, [](collector& c, const server_request& r, const answer_ref& a) { store_path(c, r, a); });
  routes->add_prefix("GET", "/",
                     [&of](const server_request& request, answer_ref answer) { page(of, request, answer); });
  const auto handle = [routes, &of](const server_request& request, answer_ref answer) {
    if (is_watching(request.path)) return (*routes)(request, std::move(answer));
    (*routes)(request, observed(request, std::move(answer), of.events(), of.tracing(), of.time()));
  };
  const auto& prefix = of.options().ui_path_prefix;
  if (prefix == "/") return handle;
  return [handle, prefix](const server_request& asked, answer_ref answer) {
    auto request = asked;
    request.path = without_prefix(asked.path, prefix);
    handle(request, std::move(answer));
  };
}

}  // namespace troupe::app
