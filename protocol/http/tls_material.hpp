#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "protocol/http/options.hpp"
#include "protocol/telemetry/result.hpp"

// OpenSSL's own names, so that its headers stay in the .cpp files.
struct ssl_ctx_st;
struct x509_st;
struct x509_store_st;
struct evp_pkey_st;

namespace troupe::http {

/// A file's whole text, at most 1 MiB. Errors name the file and the reason.
[[nodiscard]] result<std::string> read_small_file(const std::string& path);
/// Without the blanks around it: editors and `echo` leave a newline behind a secret.
[[nodiscard]] result<std::string> read_secret_file(const std::string& path);

/// Certificates and a key, parsed once and shared by every connection of a session or server. Immutable.
class tls_material {
 public:
  /// Each text is PEM or empty. `ca` empty: the system's authorities; else those are trusted beside it only if
  /// `system_too`.
  [[nodiscard]] static result<std::shared_ptr<const tls_material>> parse(const std::string& ca, const std::string& cert,
                                                                         const std::string& key,
                                                                         bool system_too = false);

  /// Puts all of it into a context. False where OpenSSL refuses; its error queue says why.
  [[nodiscard]] bool apply(ssl_ctx_st* context) const;
  /// The authorities alone.
  void apply_authorities(ssl_ctx_st* context) const;

 private:
  tls_material() = default;
  std::shared_ptr<x509_store_st> authorities_;  // null: the system's
  bool system_too_ = false;
  mutable std::once_flag system_added_;
  std::vector<std::shared_ptr<x509_st>> chain_;  // the own certificate first
  std::shared_ptr<evp_pkey_st> key_;
};

/// A pair of options, `_file` or `_pem`, as PEM text; empty where neither is set.
[[nodiscard]] result<std::string> pem_text(const std::string& file, const std::string& pem);

/// The newest line of OpenSSL's error queue, which is emptied; `otherwise` where it is empty.
[[nodiscard]] std::string openssl_reason(const std::string& otherwise);

}  // namespace troupe::http
