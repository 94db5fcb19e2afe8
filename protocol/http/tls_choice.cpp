#include "protocol/http/tls_choice.hpp"

#include <openssl/ssl.h>

#include <memory>

namespace troupe::http {

namespace {

constexpr std::array<tls_choice<const char*>, 4> curves = {
    {{"X25519", "X25519"}, {"P256", "P-256"}, {"P384", "P-384"}, {"P521", "P-521"}}};

}  // namespace

result<std::string> cipher_list(const std::vector<std::string>& names) {
  std::string list;
  if (names.empty()) return list;
  // What OpenSSL was built with, but what proves nobody's identity or needs a secret known to both.
  const std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context(SSL_CTX_new(TLS_method()), SSL_CTX_free);
  SSL_CTX_set_cipher_list(context.get(), "ALL:!aNULL:!PSK:!SRP:@SECLEVEL=1");
  const auto* all = SSL_CTX_get_ciphers(context.get());
  for (const auto& name : names) {
    const SSL_CIPHER* found = nullptr;
    for (int i = 0; i < sk_SSL_CIPHER_num(all); ++i) {
      const auto* each = sk_SSL_CIPHER_value(all, i);
      const char* standard = SSL_CIPHER_standard_name(each);
      if (standard != nullptr && name == standard) found = each;
    }
    if (found == nullptr) return failure("unknown or unsupported cipher_suites entry \"" + name + "\"");
    const bool of_tls13 = SSL_CIPHER_get_version(found) == std::string_view("TLSv1.3");
    if (!of_tls13) list += (list.empty() ? "" : ":") + std::string(SSL_CIPHER_get_name(found));
  }
  return list;
}

result<tls_offer> offer_of(const tls_options& options) {
  auto ciphers = cipher_list(options.cipher_suites);
  if (!ciphers) return tl::unexpected(ciphers.error());
  auto chosen_curves = curve_list(curves, options.curve_preferences);
  if (!chosen_curves) return tl::unexpected(chosen_curves.error());
  return tls_offer{std::move(*ciphers), std::move(*chosen_curves)};
}

}  // namespace troupe::http
