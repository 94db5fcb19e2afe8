#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

namespace troupe::testing {

/// A certificate and its key, made on the spot and never stored.
class certificate {
 public:
  /// Signed by `issuer`, or by itself. `names` as OpenSSL's subjectAltName: "DNS:a.example,IP:127.0.0.1".
  explicit certificate(const std::string& common_name, const std::string& names = {}, bool authority = false,
                       const certificate* issuer = nullptr)
      : key_(EVP_EC_gen("P-256"), EVP_PKEY_free), x509_(X509_new(), X509_free) {
    X509_set_version(x509_.get(), 2);
    static long serial = 1;
    ASN1_INTEGER_set(X509_get_serialNumber(x509_.get()), serial++);
    X509_gmtime_adj(X509_getm_notBefore(x509_.get()), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x509_.get()), 24 * 3600);
    X509_set_pubkey(x509_.get(), key_.get());
    auto* name = X509_get_subject_name(x509_.get());
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(common_name.c_str()),
                               -1, -1, 0);
    const certificate& signer = issuer == nullptr ? *this : *issuer;
    X509_set_issuer_name(x509_.get(), X509_get_subject_name(signer.x509_.get()));
    if (!names.empty()) extend(NID_subject_alt_name, names);
    extend(NID_basic_constraints, authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
    X509_sign(x509_.get(), signer.key_.get(), EVP_sha256());
  }

  [[nodiscard]] std::string cert_pem() const {
    return text([&](BIO* out) { PEM_write_bio_X509(out, x509_.get()); });
  }
  [[nodiscard]] std::string key_pem(const char* password = nullptr) const {
    return text([&](BIO* out) {
      PEM_write_bio_PrivateKey(out, key_.get(), password == nullptr ? nullptr : EVP_aes_128_cbc(), nullptr, 0, nullptr,
                               const_cast<char*>(password));
    });
  }

 private:
  void extend(int kind, const std::string& value) {
    auto* extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str());
    X509_add_ext(x509_.get(), extension, -1);
    X509_EXTENSION_free(extension);
  }

  template <class Write>
  static std::string text(Write&& write) {
    const std::unique_ptr<BIO, int (*)(BIO*)> out(BIO_new(BIO_s_mem()), BIO_free);
    write(out.get());
    char* data = nullptr;
    const auto length = BIO_get_mem_data(out.get(), &data);
    return {data, static_cast<std::size_t>(length)};
  }

  std::shared_ptr<EVP_PKEY> key_;
  std::shared_ptr<X509> x509_;
};

}  // namespace troupe::testing
