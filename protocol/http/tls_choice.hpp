#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/http/options.hpp"
#include "protocol/telemetry/result.hpp"

namespace troupe::http {

/// A name that a configuration may use, and what OpenSSL takes for it.
template <class T>
using tls_choice = std::pair<std::string_view, T>;

template <class T, std::size_t N>
[[nodiscard]] result<T> chosen(const std::array<tls_choice<T>, N>& among, std::string_view name,
                               std::string_view option) {
  const auto* found = std::find_if(among.begin(), among.end(), [&](const auto& c) { return c.first == name; });
  if (found != among.end()) return found->second;
  std::string known;
  for (const auto& each : among)
    known += (known.empty() ? "" : ", ") + std::string(each.first);
  return failure("unknown " + std::string(option) + " \"" + std::string(name) + "\": use one of " + known);
}

/// Curves as the list that OpenSSL takes, in their order; empty for none.
template <std::size_t N>
[[nodiscard]] result<std::string> curve_list(const std::array<tls_choice<const char*>, N>& among,
                                             const std::vector<std::string>& names) {
  std::string list;
  for (const auto& name : names) {
    const auto curve = chosen(among, name, "curve_preferences entry");
    if (!curve) return tl::unexpected(curve.error());
    // A curve that is named twice is an error to OpenSSL, not to Go.
    if ((":" + list + ":").find(":" + std::string(*curve) + ":") != std::string::npos) continue;
    list += (list.empty() ? "" : ":") + std::string(*curve);
  }
  return list;
}

/// Suites, by their IANA names, as the list that OpenSSL takes. Those of TLS 1.3 can't be chosen, as in Go: they are
/// known and left out.
[[nodiscard]] result<std::string> cipher_list(const std::vector<std::string>& names);

/// What a client offers; each empty: OpenSSL's own choice.
struct tls_offer {
  std::string ciphers, curves;
};
[[nodiscard]] result<tls_offer> offer_of(const tls_options& options);

}  // namespace troupe::http
