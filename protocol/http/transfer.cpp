#include "protocol/http/transfer.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

#include "protocol/http/header_name.hpp"
#include "protocol/http/inflate.hpp"
#include "protocol/http/url.hpp"

namespace troupe::http {

namespace {

constexpr std::size_t most_header_bytes = std::size_t{64} << 10;
// Redirects and endless "100 Continue" answers: curl keeps each of their headers until the end.
constexpr std::size_t most_header_bytes_in_all = std::size_t{256} << 10;

}  // namespace

std::string print_timeout(std::chrono::milliseconds duration) {
  const auto count = duration.count();
  return count % 1000 == 0 ? std::to_string(count / 1000) + "s" : std::to_string(count) + "ms";
}

bool transfer::prepare(submission s, const session& settings, std::shared_ptr<body_pool> bodies) {
  of = std::move(s);
  answer = response{};
  answer.body = body(std::move(bodies));
  error_text[0] = '\0';
  header_bytes_ = 0;
  headers_too_large_ = body_started_ = body_too_large_ = gzip_ = not_followed_ = false;
  length_.clear();
  wrong_length_.clear();
  const auto& what = of.what;
  limit_ = what.max_body_bytes == 0 ? default_body_limit : std::min(what.max_body_bytes, largest_body_limit);

  if (!set_time_left()) {
    answer.failure = failure_kind::timeout;
    answer.error =
        "timed out after " + print_timeout(what.timeout) + ", waiting for its turn among the requests in flight";
    return false;
  }
  curl_easy_setopt(easy, CURLOPT_URL, what.url.c_str());
  set_method();
  follows_ = settings.options().follow_redirects;
  set_route(settings);
  return set_headers(settings);
}

bool transfer::set_time_left() {
  const auto gone = std::chrono::steady_clock::now() - of.submitted;
  const auto left = of.what.timeout - std::chrono::duration_cast<std::chrono::milliseconds>(gone);
  // To curl, 0 is no limit.
  return left.count() > 0 && curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(left.count())) == CURLE_OK;
}

bool transfer::again(CURLcode code) {
  long connected = 0;
  curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &connected);
  const bool broke = code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR;
  if (!broke || sent_again_ || connected != 0 || header_bytes_ != 0 || !set_time_left()) return false;
  sent_again_ = true;
  error_text[0] = '\0';
  curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
  return true;
}

void transfer::set_method() {
  const auto& what = of.what;
  if (what.method == "GET" && !what.body) {
    if (!plain_get_) {
      curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
      curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, nullptr);
    }
    plain_get_ = true;
    return;
  }
  plain_get_ = false;
  curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
  curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, nullptr);
  if (what.method == "HEAD") {
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  } else if (what.body || what.method == "POST") {
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, what.body ? what.body->data() : "");
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(what.body ? what.body->size() : 0));
  }
  if (what.method != "HEAD" && what.method != "POST")
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, what.method.c_str());
}

void transfer::set_route(const session& settings) {
  if (unix_socket_ != of.what.unix_socket) {
    unix_socket_ = of.what.unix_socket;
    curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, unix_socket_.empty() ? nullptr : unix_socket_.c_str());
  }
  const int route = same_name(std::string_view(of.what.url).substr(0, 6), "https:") ? 1 : 0;
  if (route_ == route) return;
  route_ = route;
  // An empty text, unlike none at all, keeps curl from reading the environment.
  curl_easy_setopt(easy, CURLOPT_PROXY, settings.proxy_for(route == 1).c_str());
  curl_easy_setopt(easy, CURLOPT_NOPROXY, settings.no_proxy().c_str());
  // curl 7.88 hangs with the second request on a connection that speaks HTTP/2 without TLS.
  alone_ = settings.options().assume_http2 && route == 0;
  curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, alone_ ? 1L : 0L);
  curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, alone_ ? 1L : 0L);
}

bool transfer::set_headers(const session& settings) {
  const auto& what = of.what;
  header_text_.clear();
  std::vector<std::size_t>::size_type count = 0;
  std::array<std::size_t, 128> starts{};
  const auto add = [&](std::string_view name, std::string_view value) {
    if (count == starts.size()) return false;
    starts[count++] = header_text_.size();
    // curl's own form of an empty header is "Name;".
    header_text_.append(name).append(value.empty() ? ";" : ": ").append(value) += '\0';
    return true;
  };
  const auto add_line = [&](std::string_view line) {
    starts[count++] = header_text_.size();
    header_text_.append(line) += '\0';
  };
  bool has_authorization = false;
  bool has_content_type = false;
  const auto refuse = [&](std::string why) {
    answer.failure = failure_kind::invalid_request;
    answer.error = std::move(why);
    return false;
  };
  for (const auto& [name, value] : what.headers) {
    if (!valid_header(name, value)) return refuse("header \"" + name + "\" is malformed");
    has_authorization = has_authorization || same_name(name, "authorization");
    has_content_type = has_content_type || same_name(name, "content-type");
    if (count + 4 >= starts.size() || !add(name, value)) return refuse("more than 120 headers");
  }
  if (what.accept_gzip) add_line("Accept-Encoding: gzip");
  if (!has_authorization && of.token) {
    add_line(*of.token);
  } else if (!has_authorization) {
    const auto line = settings.authorization_line();
    if (!line) return refuse(line.error().message);
    if (!line->empty()) add_line(*line);
  }
  if (!plain_get_) {
    // Neither is wanted: a form's content type, and a second of waiting for "100 Continue".
    if (!has_content_type) add_line("Content-Type:");
    add_line("Expect:");
  }
  nodes_.resize(count);
  for (std::size_t i = 0; i < count; ++i)
    nodes_[i] = {header_text_.data() + starts[i], i + 1 < count ? &nodes_[i + 1] : settings.fixed_headers()};
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, count == 0 ? settings.fixed_headers() : nodes_.data());
  return true;
}

bool transfer::on_header(std::string_view line) {
  header_bytes_ += line.size();
  const bool status_line = line.starts_with("HTTP/");
  if (status_line) answer.header_lines.clear(), length_.clear();
  headers_too_large_ =
      answer.header_lines.size() + line.size() > most_header_bytes || header_bytes_ > most_header_bytes_in_all;
  if (!headers_too_large_ && !status_line) answer.header_lines.append(line);
  if (!status_line) check_length(line);
  const bool last = line == "\r\n" || line == "\n";
  body_too_large_ = last && of.what.method != "HEAD" && announces_too_much();
  not_followed_ = last && follows_ && of.what.body && loses_body();
  return !headers_too_large_ && !body_too_large_ && wrong_length_.empty() && !not_followed_;
}

/// One number, as often as it may stand there (RFC 9110, 8.6): with another the end of the body can't be known.
void transfer::check_length(std::string_view header) {
  const auto colon = header.find(':');
  if (colon == std::string_view::npos || !same_name(header.substr(0, colon), "content-length")) return;
  auto value = header.substr(colon + 1);
  value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
  value = value.substr(0, value.find_last_not_of(" \t\r\n") + 1);
  const bool number = !value.empty() && value.size() < 19 && value.find_first_not_of("0123456789") == value.npos;
  if (!number || (!length_.empty() && length_ != value)) wrong_length_ = value;
  length_ = value;
}

bool transfer::announces_too_much() const {
  long status = 0;
  curl_off_t length = -1;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
  // The body of a redirect that is followed is never looked at.
  return (status < 300 || status >= 400) && length > 0 && static_cast<std::uint64_t>(length) > wire_limit();
}

/// Whether it is a redirect that makes a GET of whatever was asked: what comes of that says nothing about the body.
bool transfer::loses_body() const {
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  return status >= 301 && status <= 303;
}

/// What can't be compressed grows by a few bytes in 64 KiB, and a header may hold a name.
std::uint64_t transfer::wire_limit() const {
  return same_name(answer.header("content-encoding"), "gzip") ? limit_ + limit_ / 1024 + 4096 : limit_;
}

void transfer::start_body() {
  body_started_ = true;
  const auto encoding = answer.header("content-encoding");
  gzip_ = same_name(encoding, "gzip");
  most_on_wire_ = wire_limit();
  curl_off_t length = -1;
  curl_easy_getinfo(easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
  if (length <= 0) return;
  // The length is only a claim: a lie costs at most this much.
  (gzip_ ? wire_ : answer.body).reserve(std::min<std::uint64_t>(static_cast<std::uint64_t>(length), 1 << 20));
}

bool transfer::on_body(const char* bytes, std::size_t count) {
  if (!body_started_) start_body();
  auto& into = gzip_ ? wire_ : answer.body;
  body_too_large_ = body_too_large_ || into.size() + count > most_on_wire_;
  if (body_too_large_) return false;
  answer.wire_bytes += count;
  into.append(bytes, count);
  return true;
}

void transfer::inflate() {
  switch (inflate_gzip(wire_.view(), limit_, answer.body)) {
    case inflate_fault::none:
      break;
    case inflate_fault::too_large:
      body_too_large_ = true;
      break;
    case inflate_fault::malformed:
      answer.failure = failure_kind::bad_encoding;
      answer.error = "the body says it is gzip but is not, or is cut short";
      break;
  }
}

response transfer::conclude(CURLcode code) {
  if (answer.failure == failure_kind::none) {
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    answer.status = static_cast<int>(status);
    if (code == CURLE_OK && gzip_) inflate();
    const std::string_view text(error_text.data());
    if (body_too_large_) {
      answer.failure = failure_kind::too_large;
      answer.error = "the body is larger than " + std::to_string(limit_) + " bytes";
    } else if (headers_too_large_) {
      answer.failure = failure_kind::protocol;
      answer.error = "the headers are larger than " + std::to_string(most_header_bytes) + " bytes";
    } else if (!wrong_length_.empty()) {
      answer.failure = failure_kind::protocol;
      answer.error = "Content-Length \"" + wrong_length_.substr(0, 50) + "\" is no number, or not the only one";
    } else if (code != CURLE_OK && !not_followed_) {
      long os_error = 0;
      curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &os_error);
      answer.failure = kind_of(code, os_error, text);
      answer.error = describe(answer.failure, code, os_error, text);
      if (answer.failure == failure_kind::timeout)
        answer.error = "timed out after " + print_timeout(of.what.timeout) + ": " + answer.error;
    }
  }
  if (answer.failure != failure_kind::none) {
    answer.body = body();
    answer.error = of.what.method + " " + redacted_url(of.what.url) + ": " + answer.error;
  }
  answer.duration = std::chrono::steady_clock::now() - of.submitted;
  return std::move(answer);
}

void transfer::release() {
  if (std::exchange(sent_again_, false)) curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, alone_ ? 1L : 0L);
  of = submission{};
  answer = response{};
  wire_ = body();
}

}  // namespace troupe::http
