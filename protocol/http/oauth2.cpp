#include "protocol/http/oauth2.hpp"

#include <algorithm>
#include <utility>

#include "protocol/http/base64.hpp"
#include "protocol/http/oauth2_answer.hpp"
#include "protocol/http/url.hpp"

namespace troupe::http {

namespace {

constexpr std::size_t most_words = 200;                        // of an error's body
constexpr std::size_t most_looked_at = std::size_t{64} << 10;  // for secrets in it
constexpr std::uint64_t most_answer_bytes = std::uint64_t{1} << 20;

// Without what may be secret in it: user, password and query.
std::string address_of(const std::string& token_url) {
  auto parsed = parse_url(token_url);
  if (!parsed) return redacted_url(token_url);
  parsed->query.clear();
  parsed->fragment.clear();
  return parsed->text(false);
}

void replace_all(std::string& in, const std::string& what) {
  // Of one or two letters no text would be left.
  if (what.size() < 4) return;
  for (auto at = in.find(what); at != std::string::npos; at = in.find(what, at))
    in.replace(at, what.size(), "<secret>");
}

std::string basic_of(const std::string& id, const std::string& secret) {
  return base64(encode_form(id) + ":" + encode_form(secret));
}

/// One line of at most 200 bytes, whole characters.
std::string one_line(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = ' ';
  }
  if (text.size() <= most_words) return text;
  std::size_t end = most_words;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80)
    --end;
  text.resize(end);
  return text;
}

/// Why a server gives no token, in its own words.
std::string words_of(const response& what, const std::optional<token_answer>& fields) {
  if (fields && !fields->error.empty())
    return fields->error + (fields->error_description.empty() ? "" : ": " + fields->error_description);
  if (what.status / 100 == 3)
    return "it redirects to " + address_of(std::string(what.header("location"))) + ", which is not followed";
  return std::string(what.body.view().substr(0, most_looked_at));
}

}  // namespace

oauth2_token::oauth2_token(oauth2 options)
    : options_(std::move(options)), where_("token from " + address_of(options_.token_url)) {}

token_line oauth2_token::current(time now) const {
  return !used_until_ || now < *used_until_ ? line_ : nullptr;
}

void oauth2_token::refused(const token_line& which) {
  if (line_ == which) line_.reset();
}

request oauth2_token::ask(std::string_view client_secret) {
  asked_ = true;
  secret_ = client_secret;
  query_parameters form(options_.endpoint_params.begin(), options_.endpoint_params.end());
  // The grant alone may be another one, for servers with names of their own.
  if (options_.endpoint_params.count("grant_type") == 0) form.emplace_back("grant_type", "client_credentials");
  std::string scope;
  for (const auto& each : options_.scopes)
    scope += (scope.empty() ? "" : " ") + each;
  if (!scope.empty()) form.emplace_back("scope", scope);

  request made;
  made.method = "POST";
  made.url = options_.token_url;
  made.timeout = options_.timeout;
  made.max_body_bytes = most_answer_bytes;
  made.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
  if (in_form_) {
    form.emplace_back("client_id", options_.client_id);
    form.emplace_back("client_secret", secret_);
  } else {
    made.headers.emplace_back("Authorization", "Basic " + basic_of(options_.client_id, secret_));
  }
  made.body = std::make_shared<const std::string>(encode_query(std::move(form)));
  return made;
}

result<token_line> oauth2_token::answer(const response& what, time now) {
  auto got = read(what, now);
  asked_ = false;
  secret_.clear();
  if (got) {
    settled_ = settled_ || *got != nullptr;
    return got;
  }
  if (!settled_) in_form_ = false;
  return failure(where_ + ": " + got.error().message);
}

std::string oauth2_token::without_secret(std::string words) const {
  for (const auto& each : {basic_of(options_.client_id, secret_), encode_form(secret_), secret_})
    replace_all(words, each);
  return words;
}

result<token_line> oauth2_token::read(const response& what, time now) {
  if (!what.ok()) {
    const auto prefix = "POST " + redacted_url(options_.token_url) + ": ";
    return failure(what.error.starts_with(prefix) ? what.error.substr(prefix.size()) : what.error);
  }
  const auto fields = read_token_answer(what.header("content-type"), what.body.view());
  // Some servers say 200 and that it is an error.
  if (what.status / 100 != 2 || (fields && !fields->error.empty())) {
    if (!settled_ && !std::exchange(in_form_, true)) return token_line();
    const auto words = one_line(without_secret(words_of(what, fields)));
    return failure(std::to_string(what.status) + (words.empty() ? "" : ": " + words));
  }
  // From here nothing of the answer is repeated: it may hold a token.
  if (!fields) return failure("the answer is neither JSON nor a form");
  if (fields->access_token.empty()) return failure("the answer holds no access_token");
  const auto line = token_scheme(fields->token_type) + " " + fields->access_token;
  if (!valid_header("Authorization", line)) return failure("the token can't be sent: it holds control characters");
  const auto lifetime = token_lifetime(fields->expires_in);
  if (!lifetime) return tl::unexpected(lifetime.error());
  line_ = std::make_shared<const std::string>("Authorization: " + line);
  used_until_.reset();
  // One that lives shorter than the buffer would never be used.
  if (const auto& l = *lifetime) used_until_ = now + (*l > options_.expiry_buffer ? *l - options_.expiry_buffer : *l);
  return line_;
}

client_options token_server_options(const client_options& of) {
  const auto& from = *of.oauth2;
  client_options made;
  made.tls = from.tls;
  made.proxy_url = from.proxy_url, made.no_proxy = from.no_proxy;
  made.proxy_from_environment = from.proxy_from_environment;
  made.proxy_connect_header = from.proxy_connect_header;
  made.follow_redirects = false;
  made.enable_http2 = of.enable_http2;
  made.user_agent = of.user_agent;
  return made;
}

}  // namespace troupe::http
