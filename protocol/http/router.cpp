#include "protocol/http/router.hpp"

#include <algorithm>

namespace troupe::http {

namespace {

constexpr auto plain_text = "text/plain; charset=utf-8";

}  // namespace

void router::add(std::string_view method, std::string path, request_handler handler) {
  exact_[std::move(path)][std::string(method)] = std::move(handler);
}

void router::add_prefix(std::string_view method, std::string prefix, request_handler handler) {
  auto place = std::find_if(prefixes_.begin(), prefixes_.end(), [&](const auto& p) { return p.first == prefix; });
  if (place == prefixes_.end()) {
    place =
        std::find_if(prefixes_.begin(), prefixes_.end(), [&](const auto& p) { return p.first.size() < prefix.size(); });
    place = prefixes_.emplace(place, std::move(prefix), methods());
  }
  place->second[std::string(method)] = std::move(handler);
}

const router::methods* router::find(std::string_view path) const {
  if (const auto found = exact_.find(path); found != exact_.end()) return &found->second;
  const auto found =
      std::find_if(prefixes_.begin(), prefixes_.end(), [&](const auto& p) { return path.starts_with(p.first); });
  return found == prefixes_.end() ? nullptr : &found->second;
}

void router::operator()(const server_request& request, std::shared_ptr<responder> answer) const {
  const auto* there = find(request.path);
  if (there == nullptr) {
    answer->respond(404, plain_text, "404 page not found\n");
    return;
  }
  auto handler = there->find(request.method);
  if (handler == there->end() && request.method == "HEAD") handler = there->find(std::string_view("GET"));
  if (handler != there->end()) {
    handler->second(request, std::move(answer));
    return;
  }
  std::string allowed;
  for (const auto& [method, unused] : *there)
    allowed += (allowed.empty() ? "" : ", ") + method;
  answer->respond(405, plain_text, "405 method not allowed\n", {{"Allow", allowed}});
}

}  // namespace troupe::http
