#include "protocol/http/exchange.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <boost/beast/core/string.hpp>
#include <ctime>

#include "protocol/http/base64.hpp"
#include "protocol/http/header_name.hpp"
#include "protocol/http/options.hpp"
#include "protocol/http/url.hpp"

namespace troupe::http {

namespace {

std::string text(beast::string_view view) {
  return {view.data(), view.size()};
}

// Not longer for the first wrong byte than for the last.
bool same_secret(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string http_date() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  std::array<char, 64> out;
  return {out.data(), std::strftime(out.data(), out.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc)};
}

}  // namespace

std::optional<fault> fault_of(beast::error_code ec) {
  using error = beast::http::error;
  if (ec == error::header_limit || ec == error::buffer_overflow) return fault{431, "the request's head is too large\n"};
  if (ec == error::body_limit) return fault{413, "the request's body is too large\n"};
  if (ec == error::end_of_stream || ec == error::partial_message) return {};
  if (ec.category() == beast::http::make_error_code(error::bad_method).category())
    return fault{400, "malformed request: " + ec.message() + "\n"};
  return {};
}

std::optional<fault> understand(beast_request& in, server_request& out) {
  out.method = text(in.method_string());
  std::string target = text(in.target());
  if (in.version() >= 11 && in.count(beast::http::field::host) != 1)
    return fault{400, "malformed request: exactly one Host header is required\n"};
  if (!target.empty() && target.front() != '/' && target != "*") {
    const auto parsed = parse_url(target);
    if (!parsed) return fault{400, "malformed request target\n"};
    target = parsed->path + (parsed->query.empty() ? "" : "?" + parsed->query);
  }
  target = target.substr(0, target.find('#'));
  const auto question = target.find('?');
  out.path = percent_decode(target.substr(0, question));
  if (out.path.empty() || out.path.find('\0') != std::string::npos) return fault{400, "malformed request target\n"};
  if (question != std::string::npos) out.query = decode_query(std::string_view(target).substr(question + 1));
  for (const auto& field : in)
    out.headers.emplace_back(text(field.name_string()), text(field.value()));
  return {};
}

bool authorized(const std::optional<server_auth>& rule, const server_request& request) {
  if (!rule) return true;
  const bool matches = std::any_of(rule->paths.begin(), rule->paths.end(),
                                   [&](const auto& prefix) { return request.path.starts_with(prefix); });
  if (matches != rule->authenticate_matching_paths) return true;
  const auto given = request.header("authorization");
  constexpr std::string_view scheme = "Basic ";
  if (given.size() < scheme.size() || !same_name(given.substr(0, scheme.size()), scheme)) return false;
  return same_secret(given.substr(scheme.size()), base64(rule->username + ":" + rule->password));
}

bool accepts_gzip(const server_request& request) {
  std::string_view rest = request.header("accept-encoding");
  while (!rest.empty()) {
    auto each = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), each.size() + 1));
    each.remove_prefix(std::min(each.size(), each.find_first_not_of(" \t")));
    const auto name = each.substr(0, each.find_first_of("; \t"));
    if (!same_name(name, "gzip")) continue;
    const auto quality = each.find("q=");
    return quality == std::string_view::npos || each.find_first_not_of("0. \t", quality + 2) != std::string_view::npos;
  }
  return false;
}

bool expects_continue(const server_request& request) {
  return same_name(request.header("expect"), "100-continue");
}

bool bodiless(int status) {
  return status == 204 || status == 304;
}

beast_response response_head(const pending_answer::head& head, unsigned version, bool keep_alive) {
  beast_response out;
  out.version(version);
  out.result(static_cast<unsigned>(head.status));
  out.set(beast::http::field::date, http_date());
  if (!head.content_type.empty()) out.set(beast::http::field::content_type, head.content_type);
  for (const auto& [name, value] : head.headers)
    out.insert(name, value);
  out.keep_alive(keep_alive);
  return out;
}

pending_answer::head own_answer(int status, std::string text) {
  return {status, "text/plain; charset=utf-8", {}, std::move(text)};
}

std::string_view server_request::header(std::string_view name) const {
  const auto found =
      std::find_if(headers.begin(), headers.end(), [&](const auto& h) { return same_name(h.first, name); });
  return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

std::string_view server_request::parameter(std::string_view name) const {
  const auto found = std::find_if(query.begin(), query.end(), [&](const auto& p) { return p.first == name; });
  return found == query.end() ? std::string_view() : std::string_view(found->second);
}

}  // namespace troupe::http
