#include "protocol/http/answer.hpp"

#include <algorithm>
#include <array>

#include "protocol/http/inflate.hpp"
#include "protocol/http/options.hpp"

namespace troupe::http {

namespace {

constexpr std::size_t smallest_compressed = 1024;

bool compressible(std::string_view content_type) {
  constexpr std::array kinds = {"text/",
                                "application/json",
                                "application/javascript",
                                "application/openmetrics-text",
                                "application/vnd.google.protobuf",
                                "image/svg+xml"};
  return std::any_of(kinds.begin(), kinds.end(), [&](std::string_view k) { return content_type.starts_with(k); });
}

class answer_handle final : public responder {
 public:
  explicit answer_handle(std::shared_ptr<pending_answer> answer) : answer_(std::move(answer)) {}
  ~answer_handle() override { answer_->abandon(); }

  void respond(int status, std::string_view content_type, std::string body, header_fields headers) override {
    answer_->respond(status, content_type, std::move(body), std::move(headers));
  }
  void begin(int status, std::string_view content_type, header_fields headers) override {
    answer_->begin(status, content_type, std::move(headers));
  }
  bool send(std::string_view piece) override { return answer_->send(piece); }
  void end() override { answer_->end(); }

 private:
  const std::shared_ptr<pending_answer> answer_;
};

}  // namespace

std::shared_ptr<responder> pending_answer::handle(std::shared_ptr<pending_answer> answer) {
  return std::make_shared<answer_handle>(std::move(answer));
}

void pending_answer::answer(head h, stage next) {
  if (stage_ != stage::waiting) return;
  const bool sound = h.status >= 200 && h.status <= 599 && valid_header("Content-Type", h.content_type) &&
                     std::all_of(h.headers.begin(), h.headers.end(),
                                 [](const auto& each) { return valid_header(each.first, each.second); });
  head_ = sound ? std::move(h) : head{500, "text/plain; charset=utf-8", {}, "malformed answer\n"};
  stage_ = sound ? next : stage::whole;
  if (notify_) notify_();
}

void pending_answer::respond(int status, std::string_view content_type, std::string body, header_fields headers) {
  if (compressible(content_type) && body.size() > smallest_compressed) {
    headers.emplace_back("Vary", "Accept-Encoding");
    if (accepts_gzip_) {
      body = deflate_gzip(body);
      headers.emplace_back("Content-Encoding", "gzip");
    }
  }
  const std::lock_guard lock(mutex_);
  answer({status, std::string(content_type), std::move(headers), std::move(body)}, stage::whole);
}

void pending_answer::begin(int status, std::string_view content_type, header_fields headers) {
  const std::lock_guard lock(mutex_);
  answer({status, std::string(content_type), std::move(headers), {}}, stage::streaming);
}

bool pending_answer::send(std::string_view piece) {
  const std::lock_guard lock(mutex_);
  if (stage_ != stage::streaming || stream_.size() + piece.size() > stream_buffer_bytes_) return false;
  const bool first = stream_.empty() && !piece.empty();
  stream_.append(piece);
  if (first && notify_) notify_();
  return true;
}

void pending_answer::end() {
  const std::lock_guard lock(mutex_);
  if (stage_ != stage::streaming) return;
  stage_ = stage::ended;
  if (notify_) notify_();
}

void pending_answer::abandon() {
  const std::lock_guard lock(mutex_);
  if (stage_ == stage::waiting)
    answer({500, "text/plain; charset=utf-8", {}, "no answer was given\n"}, stage::whole);
  else if (stage_ == stage::streaming) {
    stage_ = stage::ended;
    if (notify_) notify_();
  }
}

pending_answer::stage pending_answer::where() const {
  const std::lock_guard lock(mutex_);
  return stage_;
}

pending_answer::head pending_answer::take_head() {
  const std::lock_guard lock(mutex_);
  return std::move(head_);
}

bool pending_answer::take_piece(std::string& out) {
  const std::lock_guard lock(mutex_);
  out.clear();
  std::swap(out, stream_);
  return !out.empty() || stage_ == stage::streaming;
}

void pending_answer::forget() {
  const std::lock_guard lock(mutex_);
  stage_ = stage::gone;
  notify_ = nullptr;
}

}  // namespace troupe::http
