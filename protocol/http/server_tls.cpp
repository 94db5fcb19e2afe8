#include "protocol/http/server_tls.hpp"

#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <array>
#include <utility>

#include "protocol/http/tls_choice.hpp"
#include "protocol/http/tls_material.hpp"

namespace troupe::http {

namespace {

constexpr std::array<tls_choice<int>, 4> versions = {
    {{"TLS10", TLS1_VERSION}, {"TLS11", TLS1_1_VERSION}, {"TLS12", TLS1_2_VERSION}, {"TLS13", TLS1_3_VERSION}}};

constexpr std::array<tls_choice<const char*>, 4> curves = {
    {{"CurveP256", "P-256"}, {"CurveP384", "P-384"}, {"CurveP521", "P-521"}, {"X25519", "X25519"}}};

struct client_demand {
  int mode;
  bool verified;
};
constexpr std::array<tls_choice<client_demand>, 5> demands = {
    {{"NoClientCert", {SSL_VERIFY_NONE, false}},
     {"RequestClientCert", {SSL_VERIFY_PEER, false}},
     {"RequireAnyClientCert", {SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, false}},
     {"VerifyClientCertIfGiven", {SSL_VERIFY_PEER, true}},
     {"RequireAndVerifyClientCert", {SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, true}}}};

result<void> set_versions(SSL_CTX* context, const server_tls& options) {
  const auto least = chosen(versions, options.min_version.empty() ? "TLS12" : options.min_version, "min_version");
  if (!least) return tl::unexpected(least.error());
  SSL_CTX_set_min_proto_version(context, *least);
  if (options.max_version.empty()) return {};
  const auto most = chosen(versions, options.max_version, "max_version");
  if (!most) return tl::unexpected(most.error());
  if (*most < *least) return failure("max_version " + options.max_version + " is below the min_version");
  SSL_CTX_set_max_proto_version(context, *most);
  return {};
}

result<void> set_ciphers(SSL_CTX* context, const server_tls& options) {
  const auto list = cipher_list(options.cipher_suites);
  if (!list) return tl::unexpected(list.error());
  if (!list->empty() && SSL_CTX_set_cipher_list(context, (*list + ":@SECLEVEL=1").c_str()) != 1)
    return failure("cipher_suites: " + openssl_reason("refused"));
  return {};
}

result<void> set_curves(SSL_CTX* context, const server_tls& options) {
  const auto list = curve_list(curves, options.curve_preferences);
  if (!list) return tl::unexpected(list.error());
  if (!list->empty() && SSL_CTX_set1_groups_list(context, list->c_str()) != 1)
    return failure("curve_preferences: " + openssl_reason("refused"));
  return {};
}

void announce_authorities(SSL_CTX* context, const std::string& pem) {
  const std::unique_ptr<BIO, int (*)(BIO*)> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
  while (X509* cert = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    SSL_CTX_add_client_CA(context, cert);
    X509_free(cert);
  }
  static_cast<void>(openssl_reason(""));
}

result<void> set_material(SSL_CTX* context, const server_tls& options) {
  const auto demand = chosen(demands, options.client_auth_type, "client_auth_type");
  if (!demand) return tl::unexpected(demand.error());
  const auto ca = pem_text(options.client_ca_file, options.client_ca_pem);
  const auto cert = pem_text(options.cert_file, options.cert_pem);
  const auto key = pem_text(options.key_file, options.key_pem);
  for (const auto& [name, text] : {std::pair{"client_ca", &ca}, std::pair{"cert", &cert}, std::pair{"key", &key}}) {
    if (!*text) return failure(std::string(name) + "_file: " + text->error().message);
  }
  if (cert->empty()) return failure("a server needs a certificate: set cert_file or cert_pem");
  if (key->empty()) return failure("a server needs a key: set key_file or key_pem");
  const auto material = tls_material::parse(*ca, *cert, *key);
  if (!material) return tl::unexpected(material.error());
  if (!(*material)->apply(context)) return failure("certificate and key: " + openssl_reason("refused"));
  if (demand->mode != SSL_VERIFY_NONE) announce_authorities(context, *ca);
  const auto accept_any = [](int, X509_STORE_CTX*) { return 1; };
  SSL_CTX_set_verify(context, demand->mode, demand->verified ? nullptr : +accept_any);
  return {};
}

}  // namespace

result<std::shared_ptr<boost::asio::ssl::context>> server_context(const server_tls& options) {
  if (!options.cert_file.empty() && !options.cert_pem.empty())
    return failure("tls: at most one of cert_pem and cert_file must be configured");
  if (!options.key_file.empty() && !options.key_pem.empty())
    return failure("tls: at most one of key_pem and key_file must be configured");
  if (!options.client_ca_file.empty() && !options.client_ca_pem.empty())
    return failure("tls: at most one of client_ca_pem and client_ca_file must be configured");
  auto made = std::make_shared<boost::asio::ssl::context>(boost::asio::ssl::context::tls_server);
  SSL_CTX* context = made->native_handle();
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  // Buffers of idle connections are given back.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  constexpr unsigned char name[] = "troupe";
  SSL_CTX_set_session_id_context(context, name, sizeof name - 1);
  for (const auto step : {set_versions, set_ciphers, set_curves, set_material}) {
    if (auto ok = step(context, options); !ok) return failure("tls: " + ok.error().message);
  }
  return made;
}

}  // namespace troupe::http
