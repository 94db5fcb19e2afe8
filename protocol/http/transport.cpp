#include "protocol/http/transport.hpp"

#include <curl/curl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "protocol/http/transfer.hpp"

namespace troupe::http {

namespace {

// More are made when a burst needs them, and freed after it: a handle is some 10 kB, its receive buffer lives only
// while it runs.
constexpr std::size_t most_idle_handles = 64;

long curl_tls_version(const std::string& name) {
  if (name == "TLS10") return CURL_SSLVERSION_TLSv1_0;
  if (name == "TLS11") return CURL_SSLVERSION_TLSv1_1;
  if (name == "TLS13") return CURL_SSLVERSION_TLSv1_3;
  return CURL_SSLVERSION_TLSv1_2;
}

long curl_tls_version_most(const std::string& name) {
  if (name == "TLS10") return CURL_SSLVERSION_MAX_TLSv1_0;
  if (name == "TLS11") return CURL_SSLVERSION_MAX_TLSv1_1;
  if (name == "TLS12") return CURL_SSLVERSION_MAX_TLSv1_2;
  if (name == "TLS13") return CURL_SSLVERSION_MAX_TLSv1_3;
  return CURL_SSLVERSION_MAX_NONE;
}

int server_name_index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

// curl has set the URL's host by now and offers no option for another one.
void rename_server(const SSL* ssl, int where, int) {
  if ((where & SSL_CB_HANDSHAKE_START) == 0) return;
  const auto* name = static_cast<const char*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), server_name_index()));
  SSL_set_tlsext_host_name(const_cast<SSL*>(ssl), name);
}

/// One probe without an answer is enough.
int probe_once(void*, curl_socket_t socket, curlsocktype) {
  const int probes = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
  return CURL_SOCKOPT_OK;
}

void check_server_name(SSL_CTX* context, const tls_options& tls) {
  auto* parameters = SSL_CTX_get0_param(context);
  if (X509_VERIFY_PARAM_set1_ip_asc(parameters, tls.server_name.c_str()) == 1) return;
  X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  X509_VERIFY_PARAM_set1_host(parameters, tls.server_name.c_str(), 0);
  SSL_CTX_set_ex_data(context, server_name_index(), const_cast<char*>(tls.server_name.c_str()));
  SSL_CTX_set_info_callback(context, rename_server);
}

}  // namespace

/// What curl calls; C++ sees it as free functions with access to the transport.
struct transport_callbacks {
  static std::size_t header(char* bytes, std::size_t, std::size_t count, void* self) {
    auto& t = *static_cast<transfer*>(self);
    return t.on_header({bytes, count}) ? count : 0;
  }
  static std::size_t body(char* bytes, std::size_t, std::size_t count, void* self) {
    return static_cast<transfer*>(self)->on_body(bytes, count) ? count : 0;
  }
  static int socket(CURL*, curl_socket_t descriptor, int what, void* self, void* known) {
    auto& t = *static_cast<transport*>(self);
    t.watch(descriptor, what, known != nullptr);
    if (known == nullptr && what != CURL_POLL_REMOVE) curl_multi_assign(t.multi_, descriptor, &t);
    return 0;
  }
  static int timer(CURLM*, long milliseconds, void* self) {
    auto& t = *static_cast<transport*>(self);
    if (milliseconds < 0)
      t.timer_.reset();
    else
      t.timer_ = std::chrono::steady_clock::now() + std::chrono::milliseconds(milliseconds);
    return 0;
  }
  static CURLcode tls(CURL*, void* context, void* self) {
    const auto& t = *static_cast<transport*>(self);
    auto* ssl = static_cast<SSL_CTX*>(context);
    const auto& tls = t.settings_.options().tls;
    if (!t.material_->apply(ssl)) return CURLE_SSL_CERTPROBLEM;
    if (!tls.server_name.empty()) check_server_name(ssl, tls);
    // Nothing but such a version is left to speak, and at a higher level OpenSSL speaks none of them.
    if (tls.max_version == "TLS10" || tls.max_version == "TLS11") SSL_CTX_set_security_level(ssl, 0);
    return CURLE_OK;
  }
};

transport::transport(int epoll, std::uint32_t slot, const client_limits& limits, std::shared_ptr<body_pool> bodies,
                     const session& settings, std::shared_ptr<const tls_material> material)
    : epoll_(epoll),
      slot_(slot),
      limits_(limits),
      bodies_(std::move(bodies)),
      settings_(settings),
      material_(std::move(material)),
      multi_(curl_multi_init()) {
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &transport_callbacks::socket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &transport_callbacks::timer);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(limits.max_idle_connections));
}

transport::~transport() {
  cancel_all();
  idle_.clear();
  curl_multi_cleanup(multi_);
}

void transport::apply_session(transfer& t) {
  const auto& options = settings_.options();
  CURL* easy = t.easy;
  curl_easy_setopt(easy, CURLOPT_PRIVATE, &t);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, t.error_text.data());
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &transport_callbacks::header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &t);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &transport_callbacks::body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &t);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  // A name server that hangs must not hold the thread when the request is given up.
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
  curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, static_cast<long>(limits_.receive_buffer_bytes));
  curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
  if (const auto& probes = options.keep_alive) {
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, static_cast<long>(probes->after.count()));
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, static_cast<long>(probes->within.count()));
    curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, &probe_once);
  }
  curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, options.follow_redirects ? 1L : 0L);
  curl_easy_setopt(easy, CURLOPT_MAXREDIRS, 10L);
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
                   options.assume_http2   ? CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE
                   : options.enable_http2 ? CURL_HTTP_VERSION_2TLS
                                          : CURL_HTTP_VERSION_1_1);
  if (!options.user_agent.empty()) curl_easy_setopt(easy, CURLOPT_USERAGENT, options.user_agent.c_str());
  curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt(easy, CURLOPT_HEADEROPT, CURLHEADER_SEPARATE);
  if (settings_.proxy_headers() != nullptr) curl_easy_setopt(easy, CURLOPT_PROXYHEADER, settings_.proxy_headers());

  const auto& tls = options.tls;
  curl_easy_setopt(easy, CURLOPT_CAINFO, nullptr);
  curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);
  curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, &transport_callbacks::tls);
  curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, this);
  curl_easy_setopt(easy, CURLOPT_SSLVERSION,
                   curl_tls_version(tls.min_version) | curl_tls_version_most(tls.max_version));
  const auto& offer = settings_.offer();
  if (!offer.ciphers.empty()) curl_easy_setopt(easy, CURLOPT_SSL_CIPHER_LIST, offer.ciphers.c_str());
  if (!offer.curves.empty()) curl_easy_setopt(easy, CURLOPT_SSL_EC_CURVES, offer.curves.c_str());
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, tls.insecure_skip_verify ? 0L : 1L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, tls.insecure_skip_verify || !tls.server_name.empty() ? 0L : 2L);
}

std::unique_ptr<transfer> transport::take_transfer() {
  if (!idle_.empty()) {
    auto t = std::move(idle_.back());
    idle_.pop_back();
    return t;
  }
  auto t = std::make_unique<transfer>(curl_easy_init());
  apply_session(*t);
  return t;
}

void transport::start(submission s) {
  auto t = take_transfer();
  const auto id = s.id;
  if (!t->prepare(std::move(s), settings_, bodies_)) {
    auto answer = t->conclude(CURLE_OK);
    end(std::move(t), std::move(answer));
    return;
  }
  curl_multi_add_handle(multi_, t->easy);
  running_.emplace(id, std::move(t));
}

void transport::end(std::unique_ptr<transfer> t, response answer) {
  ended_.push_back({std::move(t->of), std::move(answer)});
  t->release();
  if (idle_.size() < most_idle_handles) idle_.push_back(std::move(t));
}

void transport::cancel(request_id id) {
  const auto found = running_.find(id);
  if (found == running_.end()) return;
  auto t = std::move(found->second);
  running_.erase(found);
  curl_multi_remove_handle(multi_, t->easy);
  t->answer.failure = failure_kind::cancelled;
  t->answer.error = "cancelled";
  auto answer = t->conclude(CURLE_OK);
  end(std::move(t), std::move(answer));
}

void transport::cancel_all() {
  while (!running_.empty())
    cancel(running_.begin()->first);
}

void transport::on_socket(int descriptor, std::uint32_t epoll_events) {
  int events = 0;
  // Not CURL_CSELECT_ERR: curl would only say that there was an error; reading or writing says which.
  if ((epoll_events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) events |= CURL_CSELECT_IN;
  if ((epoll_events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) events |= CURL_CSELECT_OUT;
  int running = 0;
  curl_multi_socket_action(multi_, descriptor, events, &running);
}

void transport::on_timer() {
  timer_.reset();
  int running = 0;
  curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
}

void transport::finished(std::vector<completion>& out) {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;
    transfer* done = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &done);
    curl_multi_remove_handle(multi_, done->easy);
    long opened = 0;
    curl_easy_getinfo(done->easy, CURLINFO_NUM_CONNECTS, &opened);
    connections_opened_ += static_cast<std::uint64_t>(opened);
    if (done->again(code)) {
      curl_multi_add_handle(multi_, done->easy);
      continue;
    }
    auto answer = done->conclude(code);
    const auto found = running_.find(done->of.id);
    auto t = std::move(found->second);
    running_.erase(found);
    end(std::move(t), std::move(answer));
  }
  std::move(ended_.begin(), ended_.end(), std::back_inserter(out));
  ended_.clear();
}

void transport::watch(int descriptor, int what, bool known) {
  epoll_event event{};
  event.data.u64 = std::uint64_t{slot_} << 32 | static_cast<std::uint32_t>(descriptor);
  if (what == CURL_POLL_REMOVE) {
    epoll_ctl(epoll_, EPOLL_CTL_DEL, descriptor, &event);
    return;
  }
  if (what == CURL_POLL_IN || what == CURL_POLL_INOUT) event.events |= EPOLLIN;
  if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT) event.events |= EPOLLOUT;
  const int first = known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  const int second = known ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
  // The kernel forgets a descriptor that curl closed, and knows one that curl opened again under its old number.
  if (epoll_ctl(epoll_, first, descriptor, &event) != 0) epoll_ctl(epoll_, second, descriptor, &event);
}

}  // namespace troupe::http
