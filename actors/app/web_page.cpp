#include "actors/app/web_page.hpp"

#include <algorithm>
#include <array>

#include "actors/app/web_assets.hpp"
#include "protocol/telemetry/hex.hpp"

#include <xxhash.h>

namespace troupe::app {

namespace {

constexpr std::string_view assets_prefix = "/assets/";
constexpr std::string_view prefix_mark = "{{prefix}}";

/// The views' addresses: js/main.js has the same list.
bool is_view(std::string_view path) {
  constexpr std::array whole{"/", "/graph", "/configuration", "/explore/metrics", "/explore/logs", "/explore/traces"};
  constexpr std::array begins{"/component/", "/debug/", "/explore/traces/"};
  return std::any_of(whole.begin(), whole.end(), [&](std::string_view one) { return path == one; }) ||
         std::any_of(begins.begin(), begins.end(), [&](std::string_view one) { return path.starts_with(one); });
}

std::string_view type_of(std::string_view path) {
  if (path.ends_with(".js")) return "text/javascript; charset=utf-8";
  if (path.ends_with(".css")) return "text/css; charset=utf-8";
  if (path.ends_with(".svg")) return "image/svg+xml";
  if (path.ends_with(".html")) return "text/html; charset=utf-8";
  return "text/plain; charset=utf-8";
}

const web_asset* find(std::string_view path) {
  const auto all = web_assets();
  const auto at = std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.path == path; });
  return at == all.end() ? nullptr : &*at;
}

/// As text in HTML and in an attribute.
std::string escaped(std::string_view text) {
  std::string made;
  for (const char c : text) {
    switch (c) {
      case '&':
        made += "&amp;";
        break;
      case '<':
        made += "&lt;";
        break;
      case '"':
        made += "&quot;";
        break;
      default:
        made += c;
    }
  }
  return made;
}

void give(std::string_view path, std::string_view bytes, const http::server_request& request,
          const std::shared_ptr<http::responder>& answer) {
  const auto hash = XXH3_64bits(bytes.data(), bytes.size());
  const std::string tag =
      '"' + telemetry::to_hex(std::string_view(reinterpret_cast<const char*>(&hash), sizeof hash)) + '"';
  // Asked for each time, sent only where it has changed: a new program has new files.
  http::header_fields headers{{"ETag", tag},
                              {"Cache-Control", "no-cache"},
                              {"X-Content-Type-Options", "nosniff"},
                              {"Referrer-Policy", "no-referrer"},
                              {"Content-Security-Policy",
                               "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
                               "connect-src 'self'; base-uri 'self'; form-action 'none'; frame-ancestors 'none'"}};
  if (request.header("If-None-Match").find(tag) != std::string_view::npos)
    return answer->respond(304, type_of(path), "", std::move(headers));
  answer->respond(200, type_of(path), std::string(bytes), std::move(headers));
}

}  // namespace

bool serve_page(const std::string& prefix, const http::server_request& request,
                const std::shared_ptr<http::responder>& answer) {
  const std::string_view path = request.path;
  if (path.starts_with(assets_prefix)) {
    const auto* asset = find(path.substr(assets_prefix.size()));
    if (!asset) return false;
    give(asset->path, asset->bytes, request, answer);
    return true;
  }
  if (!is_view(path)) return false;
  const auto* page = find("index.html");
  std::string text(page->bytes);
  if (const auto at = text.find(prefix_mark); at != std::string::npos)
    text.replace(at, prefix_mark.size(), escaped(prefix));
  give(page->path, text, request, answer);
  return true;
}

}  // namespace troupe::app
