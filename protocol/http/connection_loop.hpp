#pragma once

// Boost 1.74 knows coroutines only of g++, and libstdc++ 12 only those of compilers that announce them.
#if defined(__clang__) && !defined(BOOST_ASIO_HAS_CO_AWAIT)
#define BOOST_ASIO_HAS_CO_AWAIT 1
#define BOOST_ASIO_HAS_STD_COROUTINE 1
#ifndef __cpp_impl_coroutine
#define __cpp_impl_coroutine 201902L
#endif
#endif

#include <utility>  // Boost 1.74's awaitable.hpp forgets it.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/chunk_encode.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/write.hpp>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <memory>
#include <string>
#include <type_traits>

#include "protocol/http/connection.hpp"
#include "protocol/http/exchange.hpp"

namespace troupe::http {

/// Serves one peer, request after request, as one coroutine on the server's thread. Every wait has a deadline, kept by
/// one timer that cancels the socket's operation: the stream stays usable for an answer that says so.
template <class Stream>
class connection final : public connection_base, public std::enable_shared_from_this<connection<Stream>> {
 public:
  static constexpr bool over_tls = !std::is_same_v<Stream, asio::ip::tcp::socket>;

  connection(connection_host& host, Stream stream, tls_context tls)
      : connection_base(host, std::move(tls)),
        stream_(std::move(stream)),
        deadline_(host.io),
        wakeup_(host.io),
        buffer_(host.limits.header_bytes + 4096) {}

  void start() {
    auto self = this->shared_from_this();
    asio::co_spawn(
        host_.io, [self] { return self->run(); }, asio::detached);
  }

  void close_now() override {
    closing_ = true;
    boost::system::error_code ignored;
    socket().close(ignored);  // cancelling is not enough: what goes on in several steps may be between two of them
    wakeup_.cancel();
  }

 private:
  using error_code = boost::system::error_code;
  using parser = beast::http::request_parser<beast::http::string_body>;
  template <class T>
  using task = asio::awaitable<T>;

  static auto into(error_code& ec) { return asio::redirect_error(asio::use_awaitable, ec); }

  auto& socket() {
    if constexpr (over_tls)
      return stream_.next_layer();
    else
      return stream_;
  }

  void set_deadline(std::chrono::milliseconds from_now) {
    timed_out_ = false;
    wait_for_deadline(from_now, ++round_);
  }

  // Cancels until the operation has ended: between two of its steps there is nothing to cancel.
  void wait_for_deadline(std::chrono::milliseconds from_now, std::uint64_t round) {
    deadline_.expires_after(from_now);
    deadline_.async_wait([weak = this->weak_from_this(), this, round](error_code ec) {
      const auto alive = weak.lock();
      if (ec || !alive || round != round_ || closing_) return;
      timed_out_ = true;
      error_code ignored;
      socket().cancel(ignored);
      wait_for_deadline(std::chrono::milliseconds(50), round);
    });
  }

  void clear_deadline() {
    ++round_;
    timed_out_ = false;
    deadline_.cancel();
  }

  task<void> run() {
    error_code ec;
    if constexpr (over_tls) {
      set_deadline(host_.limits.read_timeout);
      co_await stream_.async_handshake(asio::ssl::stream_base::server, into(ec));
    }
    bool again = !ec;
    while (again && wanted())
      again = co_await serve_one();
    clear_deadline();
    error_code ignored;
    socket().close(ignored);
  }

  // False: another request must not come over this connection.
  [[nodiscard]] bool wanted() const { return !closing_ && !host_.stopping && host_.secured()->tls == tls_; }

  // One request and its answer. False: the connection is at its end.
  task<bool> serve_one() {
    error_code ec;
    if (!co_await first_byte()) co_return false;
    parser in;
    in.header_limit(static_cast<std::uint32_t>(host_.limits.header_bytes));
    in.body_limit(host_.limits.body_bytes);
    set_deadline(host_.limits.read_timeout);
    co_await beast::http::async_read_header(stream_, buffer_, in, into(ec));
    if (ec) co_return co_await refuse(ec);

    server_request request;
    request.remote_address = remote_address();
    if (closing_) co_return false;
    if (auto wrong = understand(in.get(), request)) co_return co_await say_and_close(std::move(*wrong));
    ++host_.requests;
    if (!authorized(host_.secured()->auth, request)) {
      auto head = own_answer(401, "Unauthorized\n");
      head.headers.emplace_back("WWW-Authenticate", "Basic realm=\"Restricted\"");
      const bool keep = in.is_done() && in.get().keep_alive();
      waiting_since_.reset();
      co_return co_await write_whole(std::move(head), in.get(), keep) && keep;
    }
    if (!in.is_done()) {
      if (expects_continue(request) && buffer_.size() == 0 && in.get().version() >= 11) {
        static constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
        co_await asio::async_write(stream_, asio::buffer(go_on.data(), go_on.size()), into(ec));
      }
      set_deadline(host_.limits.read_timeout);
      if (!ec) co_await beast::http::async_read(stream_, buffer_, in, into(ec));
      if (ec) co_return co_await refuse(ec);
    }
    if (closing_) co_return false;
    waiting_since_.reset();
    request.body = std::move(in.get().body());
    clear_deadline();
    co_return co_await answer(in.get(), request);
  }

  // Waits as long as a kept connection may be idle; the rest of the head has a shorter time.
  task<bool> first_byte() {
    error_code ec;
    if (!begun()) {
      idle_ = true;
      waiting_since_ = std::chrono::steady_clock::now();
      set_deadline(host_.limits.idle_timeout);
      // Nothing is held for a connection that only waits.
      buffer_.shrink_to_fit();
      while (!ec && !closing_ && !begun())
        buffer_.commit(co_await stream_.async_read_some(buffer_.prepare(1024), into(ec)));
      idle_ = false;
    }
    waiting_since_ = std::chrono::steady_clock::now();
    co_return !ec && !closing_;
  }

  // Whether a request's line has come, or its begin; empty lines before it are ignored (RFC 9112, 2.2).
  bool begun() {
    const auto at = [this](std::size_t i) { return static_cast<const char*>(buffer_.data().data())[i]; };
    while (buffer_.size() >= 2 && at(0) == '\r' && at(1) == '\n')
      buffer_.consume(2);
    return buffer_.size() > 1 || (buffer_.size() == 1 && at(0) != '\r');
  }

  task<bool> answer(const beast_request& in, const server_request& request) {
    const auto pending = std::make_shared<pending_answer>(host_.limits.stream_buffer_bytes, accepts_gzip(request),
                                                          [weak = this->weak_from_this(), this] {
                                                            // Only the server's thread may touch the timer.
                                                            asio::post(host_.io, [weak, this] {
                                                              if (const auto alive = weak.lock()) wakeup_.cancel();
                                                            });
                                                          });
    answering_ = pending;
    struct forgetting {
      std::shared_ptr<pending_answer>& answer;
      ~forgetting() { std::exchange(answer, nullptr)->forget(); }
    } at_the_end{answering_};
    try {
      host_.handler(request, pending_answer::handle(pending));
    } catch (...) {
      pending->respond(500, "text/plain; charset=utf-8", "internal error\n", {});
    }
    const auto until = std::chrono::steady_clock::now() + host_.limits.answer_timeout;
    while (pending->where() == pending_answer::stage::waiting && !closing_) {
      if (std::chrono::steady_clock::now() >= until) {
        auto head = own_answer(503, "no answer in time\n");
        static_cast<void>(co_await write_whole(std::move(head), in, false));
        co_return false;
      }
      co_await sleep(until);
    }
    if (closing_) co_return false;
    const bool streamed = pending->where() != pending_answer::stage::whole;
    const bool keep = in.keep_alive() && wanted();
    if (streamed) co_return co_await write_stream(*pending, in, keep);
    auto head = pending->take_head();
    co_return co_await write_whole(std::move(head), in, keep) && keep;
  }

  task<void> sleep(std::chrono::steady_clock::time_point until) {
    error_code ec;
    wakeup_.expires_at(until);
    co_await wakeup_.async_wait(into(ec));
  }

  task<bool> write_whole(pending_answer::head head, const beast_request& in, bool keep) {
    auto out = response_head(head, in.version(), keep);
    if (!bodiless(head.status)) out.content_length(head.body.size());
    const bool headers_only = in.method() == beast::http::verb::head || bodiless(head.status);
    if (!headers_only) out.body() = std::move(head.body);
    error_code ec;
    set_deadline(host_.limits.write_timeout);
    if (headers_only) {
      beast::http::response<beast::http::empty_body> bare(std::move(out.base()));
      co_await beast::http::async_write(stream_, bare, into(ec));
    } else {
      co_await beast::http::async_write(stream_, out, into(ec));
    }
    clear_deadline();
    co_return !ec;
  }

  // The length is not known: chunks, or to a peer of HTTP/1.0 everything until the end of the connection.
  task<bool> write_stream(pending_answer& pending, const beast_request& in, bool keep) {
    const auto head = pending.take_head();
    const bool chunked = in.version() >= 11;
    const bool headers_only = in.method() == beast::http::verb::head || bodiless(head.status);
    keep = keep && chunked;
    beast::http::response<beast::http::empty_body> out(response_head(head, in.version(), keep).base());
    if (!bodiless(head.status)) out.chunked(chunked);
    beast::http::response_serializer<beast::http::empty_body> serializer(out);
    error_code ec;
    watch_peer();
    set_deadline(host_.limits.write_timeout);
    co_await beast::http::async_write_header(stream_, serializer, into(ec));
    std::string piece;
    while (!ec && !headers_only && !closing_ && pending.take_piece(piece)) {
      clear_deadline();
      if (piece.empty()) {
        co_await sleep(std::chrono::steady_clock::time_point::max());
        continue;
      }
      set_deadline(host_.limits.write_timeout);
      const auto chunk = beast::http::make_chunk(asio::buffer(piece));
      if (chunked)
        co_await asio::async_write(stream_, chunk, into(ec));
      else
        co_await asio::async_write(stream_, asio::buffer(piece), into(ec));
    }
    if (ec || closing_) co_return false;
    if (chunked && !headers_only) {
      set_deadline(host_.limits.write_timeout);
      const auto last = beast::http::make_chunk_last();
      co_await asio::async_write(stream_, last, into(ec));
    }
    clear_deadline();
    error_code ignored;
    socket().cancel(ignored);  // the watch
    co_return keep && !ec;
  }

  // A stream may have nothing to say for hours: that its peer is gone must not wait for the next piece. One that has
  // sent more (its next request, or TLS's own records) is watched no longer, a write tells then.
  void watch_peer() {
    socket().async_wait(asio::ip::tcp::socket::wait_read, [weak = this->weak_from_this(), this](error_code ec) {
      const auto alive = weak.lock();
      if (ec || !alive) return;
      char byte = 0;
      const auto got = ::recv(socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
      if (got > 0) return;
      if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return watch_peer();
      close_now();
    });
  }

  task<bool> refuse(error_code ec) {
    if (closing_) co_return false;
    std::optional<fault> wrong = fault_of(ec);
    if (timed_out_) wrong = fault{408, "the request did not come in time\n"};
    if (!wrong) co_return false;
    co_return co_await say_and_close(std::move(*wrong));
  }

  task<bool> say_and_close(fault wrong) {
    if (closing_) co_return false;
    waiting_since_.reset();
    const beast_request none;
    auto head = own_answer(wrong.status, std::move(wrong.text));
    if (co_await write_whole(std::move(head), none, false)) co_await drain();
    co_return false;
  }

  // Closing with unread bytes would reset the connection, and the answer could be lost with it.
  task<void> drain() {
    error_code ec;
    socket().shutdown(asio::ip::tcp::socket::shutdown_send, ec);
    waiting_since_ = std::chrono::steady_clock::now();
    set_deadline(std::chrono::milliseconds(2000));
    std::array<char, 4096> away;
    for (std::size_t taken = 0; !ec && taken < most_drained;)
      taken += co_await socket().async_read_some(asio::buffer(away), into(ec));
    clear_deadline();
  }

  std::string remote_address() {
    error_code ec;
    const auto peer = socket().remote_endpoint(ec);
    if (ec) return {};
    const auto host = peer.address().to_string();
    return (peer.address().is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(peer.port());
  }

  static constexpr std::size_t most_drained = std::size_t{1} << 20;

  Stream stream_;
  asio::steady_timer deadline_;
  asio::steady_timer wakeup_;
  beast::flat_buffer buffer_;
  std::uint64_t round_ = 0;
  bool timed_out_ = false;
};

}  // namespace troupe::http
