#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/telemetry/result.hpp"

namespace troupe::http {

/// An absolute http or https URL in its parts, each as it stands in the URL (percent-encoded).
struct url {
  std::string scheme;  ///< http or https
  std::string user, password;
  std::string host;        ///< an IPv6 address in brackets
  std::uint16_t port = 0;  ///< the scheme's own where the URL names none
  bool explicit_port = false;
  std::string path = "/";
  std::string query;  ///< without '?'
  std::string fragment;

  /// Composed again; `with_user` false leaves user and password out.
  [[nodiscard]] std::string text(bool with_user = true) const;
};

/// At most 8000 bytes; no control characters or spaces. Errors name the URL (without its password) and the fault.
[[nodiscard]] result<url> parse_url(std::string_view text);

using query_parameters = std::vector<std::pair<std::string, std::string>>;

/// The URL of a scrape, as Go's url.URL composes it: the path and parameters are plain text and get encoded ('?' in the
/// path too), a missing leading slash is added. The address is a host with or without a port, nothing else.
[[nodiscard]] result<std::string> compose_url(std::string_view scheme, std::string_view address, std::string_view path,
                                              const query_parameters& parameters);

/// name=value&…, names sorted, space as '+': as Go's url.Values.Encode.
[[nodiscard]] std::string encode_query(query_parameters parameters);
[[nodiscard]] query_parameters decode_query(std::string_view query);
/// One name or value of it.
[[nodiscard]] std::string encode_form(std::string_view text);

/// Everything but unreserved characters as %XX.
[[nodiscard]] std::string percent_encode(std::string_view text);
/// Malformed escapes stay as they are.
[[nodiscard]] std::string percent_decode(std::string_view text);

/// The URL without user and password, for messages; what doesn't parse is cut before its last '@'.
[[nodiscard]] std::string redacted_url(std::string_view text);

}  // namespace troupe::http
