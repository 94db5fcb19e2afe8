#pragma once

#include <curl/curl.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "protocol/http/transport.hpp"

namespace troupe::http {

/// One curl handle and the request it carries at the moment. curl keeps pointers into it: it does not move.
struct transfer {
  explicit transfer(CURL* handle) : easy(handle) {}
  ~transfer() { curl_easy_cleanup(easy); }
  transfer(const transfer&) = delete;

  /// Everything that differs between two requests of a session. False: `answer` says why the request can't be sent.
  [[nodiscard]] bool prepare(submission s, const session& settings, std::shared_ptr<body_pool> bodies);
  /// Makes ready to be sent once more, on a new connection, if it failed on a kept one that the peer was just closing.
  /// curl does so itself unless it was still sending the body.
  [[nodiscard]] bool again(CURLcode code);
  [[nodiscard]] response conclude(CURLcode code);
  void release();  ///< forgets the request, keeps the handle

  [[nodiscard]] bool on_header(std::string_view line);  ///< false: give up
  [[nodiscard]] bool on_body(const char* bytes, std::size_t count);

  CURL* const easy;
  submission of;
  response answer;
  std::array<char, CURL_ERROR_SIZE> error_text{};

 private:
  [[nodiscard]] bool set_time_left();
  void set_method();
  [[nodiscard]] bool set_headers(const session& settings);
  void set_route(const session& settings);
  [[nodiscard]] bool announces_too_much() const;
  [[nodiscard]] bool loses_body() const;
  [[nodiscard]] std::uint64_t wire_limit() const;
  void check_length(std::string_view header);
  void start_body();
  void inflate();

  // curl keeps the list and its text as they are: nodes are made in place, nothing is allocated per header.
  std::vector<curl_slist> nodes_;
  std::string header_text_;
  std::string unix_socket_;  // as last told to curl
  int route_ = -1;           // 0: http, 1: https; the proxy last told to curl
  bool plain_get_ = false;   // what curl was last told is a GET without a body
  body wire_;
  std::uint64_t limit_ = 0, most_on_wire_ = 0;
  std::size_t header_bytes_ = 0;       // of all answers, those of redirects included
  std::string length_, wrong_length_;  // what the answer's Content-Length says
  bool sent_again_ = false;
  bool headers_too_large_ = false;
  bool body_started_ = false;
  bool body_too_large_ = false;
  bool follows_ = false;
  bool not_followed_ = false;          // a redirect that is the answer
  bool gzip_ = false, alone_ = false;  // alone: its connection is not shared with other requests
};

/// "200ms", "3s"
[[nodiscard]] std::string print_timeout(std::chrono::milliseconds duration);

/// The kind of a curl failure, and what to tell the user about it.
[[nodiscard]] failure_kind kind_of(CURLcode code, long os_error, std::string_view text);
[[nodiscard]] std::string describe(failure_kind kind, CURLcode code, long os_error, std::string_view text);

}  // namespace troupe::http
