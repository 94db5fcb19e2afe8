#include "actors/app/observed_request.hpp"

#include <atomic>
#include <string>
#include <utility>

#include "actors/runtime/events.hpp"

namespace troupe::app {

namespace {

class observed_responder final : public http::responder {
 public:
  observed_responder(const http::server_request& request, std::shared_ptr<http::responder> to,
                     runtime::event_bus& events, const runtime::tracer& tracing, const runtime::clocks& time)
      : method_(request.method),
        path_(request.path),
        to_(std::move(to)),
        events_(events),
        time_(time),
        began_(time.now()) {
    runtime::trace_context parent;
    if (tracing.propagates()) parent = runtime::from_traceparent(request.header("traceparent"));
    const bool continues = parent != runtime::trace_context{};
    span_ = continues ? tracing.part_of(parent) : tracing.begin(kind::span);
  }

  void respond(int status, std::string_view content_type, std::string body, http::header_fields headers) override {
    tell(status);
    to_->respond(status, content_type, std::move(body), std::move(headers));
  }
  void begin(int status, std::string_view content_type, http::header_fields headers) override {
    status_ = status;
    to_->begin(status, content_type, std::move(headers));
  }
  bool send(std::string_view piece) override { return to_->send(piece); }
  void end() override {
    tell(status_);
    to_->end();
  }

 private:
  using kind = runtime::event_kind<runtime::http_request_served>;

  void tell(int status) {
    if (told_.exchange(true)) return;  // only the first answer counts
    events_.publish(
        {.component_id = "http", .origin = runtime::event_origin::service, .trace = span_.self, .parent = span_.parent},
        runtime::http_request_served{method_, path_, status, time_.now() - began_});
  }

  std::string method_, path_;
  std::shared_ptr<http::responder> to_;
  runtime::event_bus& events_;
  const runtime::clocks& time_;
  runtime::time_point began_;
  runtime::work span_;
  int status_ = 0;
  std::atomic<bool> told_{false};
};

}  // namespace

std::shared_ptr<http::responder> observed(const http::server_request& request, std::shared_ptr<http::responder> to,
                                          runtime::event_bus& events, const runtime::tracer& tracing,
                                          const runtime::clocks& time) {
  return std::make_shared<observed_responder>(request, std::move(to), events, tracing, time);
}

}  // namespace troupe::app
