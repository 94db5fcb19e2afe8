#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/http/client.hpp"
#include "protocol/http/options.hpp"
#include "protocol/telemetry/result.hpp"

namespace troupe::http {

/// "Authorization: Bearer …". Shared by all requests that carry the token: by the pointer is told which token it was.
using token_line = std::shared_ptr<const std::string>;

/// The token of one session: when it must be asked for, how, and what an answer means. It decides only: it is given the
/// time, the secret and the answers. What it asks and takes is as Go's golang.org/x/oauth2/clientcredentials has it.
class oauth2_token {
 public:
  using time = std::chrono::steady_clock::time_point;

  explicit oauth2_token(oauth2 options);

  /// What a request carries that is sent now; null: a token must be asked for first.
  [[nodiscard]] token_line current(time now) const;
  /// A request for a token is under way.
  [[nodiscard]] bool asked() const { return asked_; }

  /// The request for a token. Its answer, or its failure, must be handed to answer().
  [[nodiscard]] request ask(std::string_view client_secret);
  /// The token that came, for all that waited for it even if its time is up at once. Null: ask() once more, it is told
  /// another way who asks. Otherwise why there is none, in words that hold no secret.
  [[nodiscard]] result<token_line> answer(const response& what, time now);

  /// A request with this token was answered 401: the token is not used any more, unless it isn't the latest.
  void refused(const token_line& which);

  /// "token from https://host/path": how errors begin.
  [[nodiscard]] const std::string& where() const { return where_; }

 private:
  [[nodiscard]] result<token_line> read(const response& what, time now);
  [[nodiscard]] std::string without_secret(std::string words) const;

  const oauth2 options_;
  const std::string where_;
  token_line line_;                 // the latest
  std::optional<time> used_until_;  // none: it never expires
  bool asked_ = false;
  // Where the server wants the client's id and secret: in the form, or in a header. What worked once stays.
  bool in_form_ = false, settled_ = false;
  std::string secret_;  // while asked: an error page may repeat it
};

/// How the server of tokens is reached that `of` names.
[[nodiscard]] client_options token_server_options(const client_options& of);

}  // namespace troupe::http
