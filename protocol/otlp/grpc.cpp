#include "protocol/otlp/grpc.hpp"

#include <array>
#include <cstdint>

#include "protocol/telemetry/hex.hpp"

namespace troupe::otlp {

namespace {

constexpr std::size_t prefix = 5;

/// In percent escapes both cases are allowed.
int escape_digit(char c) {
  return telemetry::hex_digit(c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c);
}

int base64_digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

}  // namespace

std::string frame(std::string_view message, bool compressed) {
  std::string made;
  made.reserve(prefix + message.size());
  made += compressed ? '\1' : '\0';
  for (int shift = 24; shift >= 0; shift -= 8)
    made += static_cast<char>(message.size() >> shift);
  made += message;
  return made;
}

result<std::string_view> unframe(std::string_view body) {
  if (body.empty()) return body;
  if (body.size() < prefix) return failure("a gRPC answer is cut short");
  std::size_t size = 0;
  for (std::size_t i = 1; i < prefix; ++i)
    size = size << 8 | static_cast<unsigned char>(body[i]);
  if (body.size() - prefix < size) return failure("a gRPC answer is cut short");
  if (body[0] != 0) return failure("a gRPC answer is compressed, which was not asked for");
  return body.substr(prefix, size);
}

std::string percent_decode(std::string_view text) {
  std::string made;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? escape_digit(text[i + 1]) : -1;
    const int low = high >= 0 ? escape_digit(text[i + 2]) : -1;
    if (low >= 0) {
      made += static_cast<char>(high << 4 | low);
      i += 2;
    } else {
      made += text[i];
    }
  }
  return made;
}

std::string base64_decode(std::string_view text) {
  std::string made;
  std::uint32_t bits = 0;
  unsigned count = 0;
  while (text.ends_with('='))
    text.remove_suffix(1);
  for (const char c : text) {
    const int digit = base64_digit(c);
    if (digit < 0) return {};
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    count += 6;
    if (count >= 8) count -= 8, made += static_cast<char>(bits >> count);
  }
  return made;
}

std::string grpc_code_name(int code) {
  constexpr std::array<const char*, 17> names{
      "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
      "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
      "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
      "DATA_LOSS", "UNAUTHENTICATED"};
  return code >= 0 && static_cast<std::size_t>(code) < names.size() ? names[static_cast<std::size_t>(code)]
                                                                    : std::to_string(code);
}

}  // namespace troupe::otlp
