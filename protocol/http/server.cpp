#include "protocol/http/server.hpp"

#include <utility>  // Boost 1.74's awaitable.hpp forgets it.

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <algorithm>
#include <thread>

#include "protocol/http/connection.hpp"
#include "protocol/http/server_tls.hpp"

namespace troupe::http {

using asio::ip::tcp;
using boost::system::error_code;

struct server::state {
  connection_host host;  // outlives the context, and with it the last connection
  asio::io_context io{1};
  tcp::acceptor acceptor{io};
  asio::steady_timer grace{io};
  asio::steady_timer pause{io};  // of the acceptor, when there are no descriptors left
  tcp::endpoint bound;
  std::thread thread;

  state(const server_limits& limits, request_handler handler) : host(io, limits, std::move(handler)) {}
  ~state() { host.all_gone = nullptr; }

  void accept_next();
  void admit(tcp::socket peer);
  bool make_room();
  void close_idle(bool all);
  void begin_stop();
  [[nodiscard]] bool on_own_thread() const { return std::this_thread::get_id() == thread.get_id(); }
};

void server::state::accept_next() {
  acceptor.async_accept([this](error_code ec, tcp::socket peer) {
    if (!acceptor.is_open() || host.stopping) return;
    if (ec && ec != asio::error::connection_aborted) {
      pause.expires_after(std::chrono::milliseconds(100));
      pause.async_wait([this](error_code cancelled) {
        if (!cancelled && !host.stopping) accept_next();
      });
      return;
    }
    if (!ec) admit(std::move(peer));
    accept_next();
  });
}

void server::state::admit(tcp::socket peer) {
  error_code ignored;
  peer.set_option(tcp::no_delay(true), ignored);
  const auto secured = host.secured();
  if (host.connections >= host.limits.max_connections && !make_room()) {
    ++host.refused;
    constexpr std::string_view full =
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 21\r\n"
        "Retry-After: 1\r\nConnection: close\r\n\r\ntoo many connections\n";
    peer.non_blocking(true, ignored);
    if (!secured->tls) peer.write_some(asio::buffer(full.data(), full.size()), ignored);
    // What the peer has sent is still unread; closing at once could take the answer back.
    peer.shutdown(tcp::socket::shutdown_send, ignored);
    return;
  }
  ++host.accepted;
  if (secured->tls)
    serve_tls(host, std::move(peer), secured->tls);
  else
    serve_plain(host, std::move(peer));
}

// The connection that has waited longest for the rest of a request gives way: whoever sends none must not keep out
// those who do. One that is being answered never does.
bool server::state::make_room() {
  connection_base* longest = nullptr;
  std::size_t staying = 0;
  for (auto* each : host.open) {
    if (each->closing()) continue;
    ++staying;
    const auto& since = each->waiting_since();
    if (since && (longest == nullptr || *since < *longest->waiting_since())) longest = each;
  }
  if (staying < host.limits.max_connections) return true;
  if (longest == nullptr) return false;
  longest->close_now();
  return true;
}

void server::state::close_idle(bool all) {
  const auto current = host.secured()->tls;
  for (auto* each : host.open) {
    if (each->idle() && (all || each->tls() != current)) each->close_now();
  }
}

void server::state::begin_stop() {
  if (host.stopping) return;
  host.stopping = true;
  error_code ignored;
  acceptor.close(ignored);
  pause.cancel();
  close_idle(true);
  host.all_gone = [this] { io.stop(); };
  if (host.open.empty()) io.stop();
}

namespace {

struct split_address {
  std::string host, port;
};

result<split_address> split(const std::string& address) {
  const auto colon = address.rfind(':');
  if (colon == std::string::npos) return failure("the address has no port: write host:port");
  split_address out{address.substr(0, colon), address.substr(colon + 1)};
  const bool bracketed = out.host.size() >= 2 && out.host.front() == '[' && out.host.back() == ']';
  if (bracketed) out.host = out.host.substr(1, out.host.size() - 2);
  if (!bracketed && out.host.find(':') != std::string::npos)
    return failure("an IPv6 address must stand in brackets: [" + out.host + "]:" + out.port);
  const bool digits = !out.port.empty() && out.port.size() <= 5 &&
                      std::all_of(out.port.begin(), out.port.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!digits || std::stoul(out.port) > 65535) return failure("\"" + out.port + "\" is not a port: 0 to 65535");
  return out;
}

result<std::vector<tcp::endpoint>> resolve(asio::io_context& io, const std::string& address) {
  const auto parts = split(address);
  if (!parts) return tl::unexpected(parts.error());
  const auto port = static_cast<std::uint16_t>(std::stoul(parts->port));
  // All addresses: IPv6 with IPv4 inside where the machine has it, else IPv4.
  if (parts->host.empty()) return std::vector<tcp::endpoint>{{tcp::v6(), port}, {tcp::v4(), port}};
  error_code ec;
  if (const auto literal = asio::ip::make_address(parts->host, ec); !ec)
    return std::vector<tcp::endpoint>{{literal, port}};
  tcp::resolver resolver(io);
  const auto found = resolver.resolve(parts->host, parts->port, ec);
  if (ec) return failure("cannot resolve \"" + parts->host + "\": " + ec.message());
  return std::vector<tcp::endpoint>(found.begin(), found.end());
}

error_code open_at(tcp::acceptor& acceptor, const tcp::endpoint& at) {
  error_code ec;
  acceptor.open(at.protocol(), ec);
  if (!ec) acceptor.set_option(tcp::acceptor::reuse_address(true), ec);
  if (!ec && at.address().is_v6()) acceptor.set_option(asio::ip::v6_only(!at.address().is_unspecified()), ec);
  if (!ec) acceptor.bind(at, ec);
  if (!ec) acceptor.listen(asio::socket_base::max_listen_connections, ec);
  error_code ignored;
  if (ec) acceptor.close(ignored);
  return ec;
}

std::string reason(error_code ec) {
  if (ec == asio::error::address_in_use) return "the address is in use by another program";
  if (ec == boost::system::errc::address_not_available) return "no interface of this machine has that address";
  if (ec == boost::system::errc::permission_denied) return "permission denied: ports below 1024 belong to root";
  return ec.message();
}

result<std::shared_ptr<const security>> make_security(const std::optional<server_tls>& tls,
                                                      std::optional<server_auth> auth) {
  auto made = std::make_shared<security>();
  made->auth = std::move(auth);
  if (!tls) return made;
  auto context = server_context(*tls);
  if (!context) return tl::unexpected(context.error());
  made->tls = std::move(*context);
  return made;
}

}  // namespace

result<std::unique_ptr<server>> server::listen(server_options options, request_handler handler) {
  auto secured = make_security(options.tls, std::move(options.auth));
  if (!secured) return tl::unexpected(secured.error());
  auto inside = std::make_unique<state>(options.limits, std::move(handler));
  inside->host.secure(std::move(*secured));
  const auto candidates = resolve(inside->io, options.address);
  if (!candidates) return failure("cannot listen on " + options.address + ": " + candidates.error().message);
  error_code ec = asio::error::host_not_found;
  for (const auto& each : *candidates) {
    ec = open_at(inside->acceptor, each);
    if (!ec || ec == asio::error::address_in_use) break;
  }
  if (ec) return failure("cannot listen on " + options.address + ": " + reason(ec));
  inside->bound = inside->acceptor.local_endpoint(ec);
  inside->accept_next();
  auto* running = inside.get();
  inside->thread = std::thread([running] { running->io.run(); });
  return std::unique_ptr<server>(new server(std::move(inside)));
}

server::server(std::unique_ptr<state> inside) : state_(std::move(inside)) {}
server::~server() {
  stop();
}

std::uint16_t server::port() const {
  return state_->bound.port();
}

std::string server::address() const {
  const auto host = state_->bound.address().to_string();
  return (state_->bound.address().is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(port());
}

result<void> server::secure(const std::optional<server_tls>& tls, std::optional<server_auth> auth) {
  auto secured = make_security(tls, std::move(auth));
  if (!secured) return tl::unexpected(secured.error());
  state_->host.secure(std::move(*secured));
  asio::post(state_->io, [inside = state_.get()] { inside->close_idle(false); });
  return {};
}

void server::stop(std::chrono::milliseconds grace) {
  auto& s = *state_;
  if (s.on_own_thread()) {
    s.begin_stop();
    return;
  }
  if (!s.thread.joinable()) return;
  asio::post(s.io, [&s, grace] {
    s.begin_stop();
    s.grace.expires_after(grace);
    s.grace.async_wait([&s](error_code ec) {
      if (!ec) s.io.stop();
    });
  });
  s.thread.join();
  for (auto* each : s.host.open)
    each->forget_answer();
}

server_counts server::counts() const {
  const auto& h = state_->host;
  return {h.connections, h.accepted, h.refused, h.requests};
}

}  // namespace troupe::http
