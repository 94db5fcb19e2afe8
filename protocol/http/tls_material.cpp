#include "protocol/http/tls_material.hpp"

#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace troupe::http {

namespace {

constexpr std::size_t largest_file = std::size_t{1} << 20;

struct release {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using bio_pointer = std::unique_ptr<BIO, release>;

bio_pointer reader(const std::string& pem) {
  return bio_pointer(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

// Encrypted keys are an error, not a prompt on the terminal.
int no_password(char*, int, int, void*) {
  return 0;
}

std::vector<std::shared_ptr<X509>> read_certificates(const std::string& pem) {
  std::vector<std::shared_ptr<X509>> out;
  const auto bio = reader(pem);
  while (X509* cert = PEM_read_bio_X509(bio.get(), nullptr, no_password, nullptr))
    out.emplace_back(cert, X509_free);
  ERR_clear_error();
  return out;
}

// A certificate of the list is trusted even if its issuer is not in it, as in Go.
std::shared_ptr<X509_STORE> new_store() {
  std::shared_ptr<X509_STORE> store(X509_STORE_new(), X509_STORE_free);
  X509_STORE_set_flags(store.get(), X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_TRUSTED_FIRST);
  return store;
}

// One for the process, read when the first connection needs it: a megabyte that plain HTTP goes without.
std::shared_ptr<X509_STORE> system_store() {
  static const auto store = [] {
    auto made = new_store();
    X509_STORE_set_default_paths(made.get());
    ERR_clear_error();
    return made;
  }();
  return store;
}

}  // namespace

result<std::string> read_small_file(const std::string& path) {
  // Not blocking: a path may turn out to be a pipe that nobody writes to.
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return failure("cannot open " + path + ": " + std::strerror(errno));
  std::string text;
  std::array<char, 4096> piece;
  ssize_t count = 0;
  while (text.size() <= largest_file && (count = read(file, piece.data(), piece.size())) > 0)
    text.append(piece.data(), static_cast<std::size_t>(count));
  const int reason = errno;
  close(file);
  if (count < 0) return failure("cannot read " + path + ": " + std::strerror(reason));
  if (text.size() > largest_file) return failure(path + " is larger than 1 MiB, too large for a secret or certificate");
  return text;
}

result<std::string> read_secret_file(const std::string& path) {
  auto text = read_small_file(path);
  if (!text) return text;
  constexpr const char* blank = " \t\r\n";
  text->erase(text->find_last_not_of(blank) + 1);
  text->erase(0, text->find_first_not_of(blank));
  return text;
}

result<std::string> pem_text(const std::string& file, const std::string& pem) {
  if (file.empty()) return pem;
  auto text = read_small_file(file);
  if (text && text->empty()) return failure(file + " is empty");
  return text;
}

std::string openssl_reason(const std::string& otherwise) {
  const auto code = ERR_peek_last_error();
  ERR_clear_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? otherwise : std::string(reason);
}

result<std::shared_ptr<const tls_material>> tls_material::parse(const std::string& ca, const std::string& cert,
                                                                const std::string& key, bool system_too) {
  std::shared_ptr<tls_material> out(new tls_material);
  out->system_too_ = system_too;
  ERR_clear_error();
  if (!ca.empty()) {
    const auto trusted = read_certificates(ca);
    if (trusted.empty()) return failure("the CA holds no certificate in PEM form");
    out->authorities_ = new_store();
    for (const auto& each : trusted)
      X509_STORE_add_cert(out->authorities_.get(), each.get());
    ERR_clear_error();
  }
  if (cert.empty() && key.empty()) return out;

  out->chain_ = read_certificates(cert);
  if (out->chain_.empty()) return failure("the certificate is not in PEM form");
  const auto bio = reader(key);
  out->key_.reset(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr), EVP_PKEY_free);
  if (!out->key_) return failure("the key is not an unencrypted PEM key: " + openssl_reason("no key found"));
  if (X509_check_private_key(out->chain_.front().get(), out->key_.get()) != 1)
    return failure("the key does not belong to the certificate: " + openssl_reason("they differ"));
  return out;
}

void tls_material::apply_authorities(ssl_ctx_st* context) const {
  // Here, not in parse(): as late as the store that all share.
  if (authorities_ && system_too_) {
    std::call_once(system_added_, [this] {
      X509_STORE_set_default_paths(authorities_.get());
      ERR_clear_error();
    });
  }
  SSL_CTX_set1_cert_store(context, (authorities_ ? authorities_ : system_store()).get());
}

bool tls_material::apply(ssl_ctx_st* context) const {
  apply_authorities(context);
  if (chain_.empty()) return true;
  if (SSL_CTX_use_certificate(context, chain_.front().get()) != 1) return false;
  for (std::size_t i = 1; i < chain_.size(); ++i) {
    if (SSL_CTX_add1_chain_cert(context, chain_[i].get()) != 1) return false;
  }
  return SSL_CTX_use_PrivateKey(context, key_.get()) == 1;
}

}  // namespace troupe::http
