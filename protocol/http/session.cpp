#include "protocol/http/session.hpp"

#include <curl/curl.h>
#include <sys/stat.h>

#include <cstdlib>

#include "protocol/http/base64.hpp"

namespace troupe::http {

namespace {

result<std::string> secret(const std::string& value, const std::string& file) {
  return file.empty() ? value : read_secret_file(file);
}

std::string environment(std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const char* value = std::getenv(name);
    if (value != nullptr && *value != '\0') return value;
  }
  return {};
}

curl_slist* header_list(const std::multimap<std::string, std::string>& headers) {
  curl_slist* list = nullptr;
  for (const auto& [name, value] : headers) {
    // curl's own form of an empty header is "Name;".
    list = curl_slist_append(list, (value.empty() ? name + ";" : name + ": " + value).c_str());
  }
  return list;
}

}  // namespace

result<std::shared_ptr<session>> session::create(client_options options, std::function<void(const session*)> closed) {
  if (auto ok = validate(options); !ok) return tl::unexpected(ok.error());
  auto offer = offer_of(options.tls);
  if (!offer) return tl::unexpected(offer.error());
  std::shared_ptr<session> made(new session(std::move(options)));
  made->offer_ = std::move(*offer);
  if (auto material = made->material(); !material) return tl::unexpected(material.error());
  if (auto ok = made->open_tokens(closed); !ok) return tl::unexpected(ok.error());
  made->choose_proxy();
  made->fixed_headers_ = header_list(made->options_.http_headers);
  made->proxy_headers_ = header_list(made->options_.proxy_connect_header);
  made->closed_ = std::move(closed);
  return made;
}

session::~session() {
  if (closed_) closed_(this);
  curl_slist_free_all(fixed_headers_);
  curl_slist_free_all(proxy_headers_);
}

result<void> session::open_tokens(const std::function<void(const session*)>& closed) {
  if (!options_.oauth2) return {};
  auto server = create(token_server_options(options_), closed);
  if (!server) return failure("oauth2: " + server.error().message);
  tokens_ = std::make_shared<token_source>(*options_.oauth2, std::move(*server));
  return {};
}

result<std::string> token_source::client_secret() const {
  auto text = secret(secret_, secret_file_);
  if (!text) return failure("oauth2: client_secret_file: " + text.error().message);
  return text;
}

void session::choose_proxy() {
  if (!options_.proxy_from_environment) {
    http_proxy_ = https_proxy_ = options_.proxy_url;
    no_proxy_ = options_.no_proxy;
    return;
  }
  http_proxy_ = environment({"HTTP_PROXY", "http_proxy"});
  https_proxy_ = environment({"HTTPS_PROXY", "https_proxy"});
  // As in Go, a proxy from the environment is never asked for this host itself.
  no_proxy_ = environment({"NO_PROXY", "no_proxy"});
  if (no_proxy_ != "*") no_proxy_ += (no_proxy_.empty() ? "" : ",") + std::string("localhost,127.0.0.0/8,::1");
}

result<std::string> session::authorization_line() const {
  if (options_.basic) {
    const auto password = secret(options_.basic->password, options_.basic->password_file);
    if (!password) return failure("password_file: " + password.error().message);
    return "Authorization: Basic " + base64(options_.basic->username + ":" + *password);
  }
  if (!options_.authorize) return std::string();
  const auto credentials = secret(options_.authorize->credentials, options_.authorize->credentials_file);
  if (!credentials) return failure("file of the credentials: " + credentials.error().message);
  if (!valid_header("Authorization", *credentials))
    return failure(options_.authorize->credentials_file + " holds control characters, not one secret");
  return "Authorization: " + options_.authorize->type + " " + *credentials;
}

std::string session::stamp() const {
  std::string out;
  for (const auto* file : {&options_.tls.ca_file, &options_.tls.cert_file, &options_.tls.key_file}) {
    struct stat found {};
    if (file->empty()) continue;
    if (stat(file->c_str(), &found) != 0) {
      out += "-;";
      continue;
    }
    for (const auto number : {static_cast<std::int64_t>(found.st_ino), static_cast<std::int64_t>(found.st_size),
                              std::int64_t{found.st_mtim.tv_sec}, std::int64_t{found.st_mtim.tv_nsec},
                              std::int64_t{found.st_ctim.tv_sec}, std::int64_t{found.st_ctim.tv_nsec}})
      out += std::to_string(number) + ",";
    out += ';';
  }
  return out;
}

result<std::shared_ptr<const tls_material>> session::material() {
  const auto& tls = options_.tls;
  const bool from_files = !(tls.ca_file.empty() && tls.cert_file.empty() && tls.key_file.empty());
  if (material_ && !from_files) return material_;
  // Taken before reading: a file that changes meanwhile is read again the next time.
  std::string now = from_files ? stamp() : std::string();
  if (material_ && now == stamp_) return material_;
  const auto ca = pem_text(tls.ca_file, tls.ca_pem);
  const auto cert = pem_text(tls.cert_file, tls.cert_pem);
  const auto key = pem_text(tls.key_file, tls.key_pem);
  for (const auto* each : {&ca, &cert, &key}) {
    if (!*each) return failure("tls_config: " + each->error().message);
  }
  auto parsed = tls_material::parse(*ca, *cert, *key, tls.system_roots_too);
  if (!parsed) return failure("tls_config: " + parsed.error().message);
  material_ = std::move(*parsed);
  stamp_ = std::move(now);
  return material_;
}

}  // namespace troupe::http
