#include <cerrno>
#include <cstring>

#include "protocol/http/transfer.hpp"

namespace troupe::http {

namespace {

bool contains(std::string_view text, std::string_view piece) {
  return text.find(piece) != std::string_view::npos;
}

}  // namespace

std::string_view to_string(failure_kind kind) {
  switch (kind) {
    case failure_kind::none:
      return "none";
    case failure_kind::invalid_request:
      return "invalid_request";
    case failure_kind::refused:
      return "refused";
    case failure_kind::timeout:
      return "timeout";
    case failure_kind::dns:
      return "dns";
    case failure_kind::tls:
      return "tls";
    case failure_kind::reset:
      return "reset";
    case failure_kind::too_large:
      return "too_large";
    case failure_kind::bad_encoding:
      return "bad_encoding";
    case failure_kind::redirect_loop:
      return "redirect_loop";
    case failure_kind::protocol:
      return "protocol";
    case failure_kind::cancelled:
      return "cancelled";
    case failure_kind::unauthorized:
      return "unauthorized";
  }
  return "none";
}

failure_kind kind_of(CURLcode code, long os_error, std::string_view text) {
  switch (code) {
    case CURLE_OK:
      return failure_kind::none;
    case CURLE_URL_MALFORMAT:
      return failure_kind::invalid_request;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return failure_kind::dns;
    case CURLE_COULDNT_CONNECT:
    case CURLE_PROXY:
      return failure_kind::refused;
    case CURLE_OPERATION_TIMEDOUT:
      return failure_kind::timeout;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ENGINE_INITFAILED:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_CLIENTCERT:
    case CURLE_USE_SSL_FAILED:
      return failure_kind::tls;
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_SEND_ERROR:
      return failure_kind::reset;
    // curl reports what it can't parse in chunks as a failure to receive, and an alert during TLS as well.
    case CURLE_RECV_ERROR:
      if (contains(text, "chunk") || contains(text, "Too large")) return failure_kind::protocol;
      if (os_error == 0 && (contains(text, "SSL") || contains(text, "alert"))) return failure_kind::tls;
      return contains(text, "CONNECT") ? failure_kind::refused : failure_kind::reset;
    case CURLE_TOO_MANY_REDIRECTS:
      return failure_kind::redirect_loop;
    case CURLE_ABORTED_BY_CALLBACK:
      return failure_kind::cancelled;
    default:
      return failure_kind::protocol;
  }
}

std::string describe(failure_kind kind, CURLcode code, long os_error, std::string_view text) {
  std::string detail(text.empty() ? curl_easy_strerror(code) : text);
  const auto reason = [&] { return os_error == 0 ? detail : std::string(std::strerror(static_cast<int>(os_error))); };
  switch (kind) {
    case failure_kind::refused:
      if (os_error == ECONNREFUSED) return "connection refused";
      return os_error == 0 ? detail : "cannot connect: " + reason();
    case failure_kind::dns:
      return "no such host: " + detail;
    case failure_kind::tls:
      return "TLS: " + detail;
    case failure_kind::redirect_loop:
      return "stopped after 10 redirects";
    case failure_kind::reset:
      if (code == CURLE_GOT_NOTHING) return "connection closed before any answer (EOF)";
      if (code == CURLE_PARTIAL_FILE) return "unexpected EOF: " + detail;
      if (os_error == ECONNRESET) return "connection reset by peer";
      return "connection lost: " + reason();
    default:
      return detail;
  }
}

}  // namespace troupe::http
