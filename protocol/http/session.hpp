#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "protocol/http/options.hpp"
#include "protocol/http/tls_material.hpp"

struct curl_slist;

namespace troupe::http {

/// What client_options become: checked, read, and in the form that curl takes. The client's thread alone calls what
/// isn't const; `closed` is called by the destructor, on any thread.
class session {
 public:
  [[nodiscard]] static result<std::shared_ptr<session>> create(client_options options,
                                                               std::function<void(const session*)> closed);
  ~session();
  session(const session&) = delete;

  [[nodiscard]] const client_options& options() const { return options_; }

  /// "Authorization: …" or empty; a file is read each time, so that a rotated secret is used at once.
  [[nodiscard]] result<std::string> authorization_line() const;

  /// Reads changed files again. The pointer changes when the material does; never null.
  [[nodiscard]] result<std::shared_ptr<const tls_material>> material();

  /// The headers that every request carries; lives as long as the session.
  [[nodiscard]] curl_slist* fixed_headers() const { return fixed_headers_; }
  [[nodiscard]] curl_slist* proxy_headers() const { return proxy_headers_; }

  /// The proxy for a URL, empty: none. With proxy_from_environment that of the process's environment at the start.
  [[nodiscard]] const std::string& proxy_for(bool https) const { return https ? https_proxy_ : http_proxy_; }
  [[nodiscard]] const std::string& no_proxy() const { return no_proxy_; }

 private:
  explicit session(client_options options) : options_(std::move(options)) {}
  void choose_proxy();
  [[nodiscard]] std::string stamp() const;

  client_options options_;
  std::function<void(const session*)> closed_;
  std::string http_proxy_, https_proxy_, no_proxy_;
  curl_slist* fixed_headers_ = nullptr;
  curl_slist* proxy_headers_ = nullptr;
  std::string stamp_;  // size, time and inode of each TLS file, as last read
  std::shared_ptr<const tls_material> material_;
};

}  // namespace troupe::http
