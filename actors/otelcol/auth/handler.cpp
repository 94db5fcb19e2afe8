#include "actors/otelcol/auth/handler.hpp"

#include <algorithm>
#include <array>

#include "protocol/http/header_name.hpp"

namespace troupe::otelcol::auth {

namespace {

constexpr std::array<std::string_view, 9> reserved{
    "content-type", "content-encoding", "content-length", "transfer-encoding", "host",
    "te",           "connection",       "grpc-encoding",  "grpc-timeout"};

using http::same_name;

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

}  // namespace troupe::otelcol::auth
