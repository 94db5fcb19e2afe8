#include "actors/otelcol/auth/handler.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include "protocol/http/tls_material.hpp"

namespace troupe::otelcol::auth {

namespace {

constexpr std::array<std::string_view, 9> reserved{
    "content-type", "content-encoding", "content-length", "transfer-encoding", "host",
    "te",           "connection",       "grpc-encoding",  "grpc-timeout"};

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

}  // namespace

void set_header(request_headers& in, std::string_view name, const std::string* value) {
  std::erase_if(in, [&](const auto& one) { return same_name(one.first, name); });
  if (value != nullptr) in.emplace_back(name, *value);
}

bool has_header(const request_headers& in, std::string_view name) {
  return std::any_of(in.begin(), in.end(), [&](const auto& one) { return same_name(one.first, name); });
}

bool is_reserved(std::string_view name) {
  return std::any_of(reserved.begin(), reserved.end(), [&](std::string_view one) { return same_name(one, name); });
}

result<std::string> read_credential(const std::string& file) {
  auto text = http::read_small_file(file);
  if (!text) return text;
  constexpr const char* blank = " \t\r\n";
  text->erase(text->find_last_not_of(blank) + 1);
  text->erase(0, text->find_first_not_of(blank));
  return text;
}

}  // namespace troupe::otelcol::auth
