#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "protocol/http/oauth2.hpp"
#include "protocol/http/options.hpp"
#include "protocol/http/tls_choice.hpp"
#include "protocol/http/tls_material.hpp"

struct curl_slist;

namespace troupe::http {

/// What a session with oauth2 has beside itself: its token, and the session that asks for it. Shared with the request
/// for a token, which may outlive the session. The client's thread's own but for `asked_as`.
struct token_source {
  token_source(const oauth2& options, std::shared_ptr<session> through)
      : token(options),
        server(std::move(through)),
        secret_(options.client_secret),
        secret_file_(options.client_secret_file) {}

  /// A file is read each time.
  [[nodiscard]] result<std::string> client_secret() const;

  oauth2_token token;
  const std::shared_ptr<session> server;
  std::atomic<request_id> asked_as{0};  ///< the request for a token that is under way; 0: none

 private:
  const std::string secret_, secret_file_;
};

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

  /// Null without oauth2.
  [[nodiscard]] const std::shared_ptr<token_source>& tokens() const { return tokens_; }
  [[nodiscard]] const tls_offer& offer() const { return offer_; }

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
  [[nodiscard]] result<void> open_tokens(const std::function<void(const session*)>& closed);
  [[nodiscard]] std::string stamp() const;

  client_options options_;
  std::function<void(const session*)> closed_;
  std::shared_ptr<token_source> tokens_;
  tls_offer offer_;
  std::string http_proxy_, https_proxy_, no_proxy_;
  curl_slist* fixed_headers_ = nullptr;
  curl_slist* proxy_headers_ = nullptr;
  std::string stamp_;  // size, time and inode of each TLS file, as last read
  std::shared_ptr<const tls_material> material_;
};

}  // namespace troupe::http
