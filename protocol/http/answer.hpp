#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "protocol/http/server.hpp"

namespace troupe::http {

/// Where a handler, on any thread, and a connection, on the server's thread, meet: one answer to one request.
class pending_answer {
 public:
  enum class stage : std::uint8_t { waiting, whole, streaming, ended, gone };

  struct head {
    int status = 0;
    std::string content_type;
    header_fields headers;
    std::string body;  // of a whole answer
  };

  /// `notify` is called under the answer's lock whenever there is something new to fetch; it must only post.
  pending_answer(std::size_t stream_buffer_bytes, bool accepts_gzip, std::function<void()> notify)
      : stream_buffer_bytes_(stream_buffer_bytes), accepts_gzip_(accepts_gzip), notify_(std::move(notify)) {}

  /// What a handler holds; its end without an answer is the answer 500.
  [[nodiscard]] static std::shared_ptr<responder> handle(std::shared_ptr<pending_answer> answer);

  void respond(int status, std::string_view content_type, std::string body, header_fields headers);
  void begin(int status, std::string_view content_type, header_fields headers);
  bool send(std::string_view piece);
  void end();
  void abandon();

  // The connection's side.
  [[nodiscard]] stage where() const;
  [[nodiscard]] head take_head();
  /// Moves what waits to be sent into `out`; false: nothing more will ever come.
  [[nodiscard]] bool take_piece(std::string& out);
  /// Nobody listens any more: later answers go nowhere, `notify` is not called again.
  void forget();

 private:
  void answer(head h, stage next);  // under the lock

  const std::size_t stream_buffer_bytes_;
  const bool accepts_gzip_;
  mutable std::mutex mutex_;
  std::function<void()> notify_;
  stage stage_ = stage::waiting;
  head head_;
  std::string stream_;
};

}  // namespace troupe::http
