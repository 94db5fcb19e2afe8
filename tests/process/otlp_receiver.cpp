#include "tests/process/otlp_receiver.hpp"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <stdexcept>
#include <thread>

#include "protocol/otlp/proto/status.pb.h"
#include "protocol/otlp/proto/trace_service.grpc.pb.h"

namespace troupe::testing {

namespace {

using namespace opentelemetry::proto;
using collector::trace::v1::ExportTraceServiceRequest;
using collector::trace::v1::ExportTraceServiceResponse;

std::string hex(const std::string& bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string made;
  for (const char c : bytes)
    (made += digits[static_cast<unsigned char>(c) >> 4]) += digits[c & 15];
  return made;
}

std::string text_of(const common::v1::AnyValue& value) {
  if (value.has_string_value()) return value.string_value();
  if (value.has_int_value()) return std::to_string(value.int_value());
  if (value.has_bool_value()) return value.bool_value() ? "true" : "false";
  return std::to_string(value.double_value());
}

template <class List>
std::map<std::string, std::string> texts_of(const List& all) {
  std::map<std::string, std::string> made;
  for (const auto& one : all)
    made[one.key()] = text_of(one.value());
  return made;
}

std::string retry_info(std::int64_t ms) {
  google::rpc::RetryInfo info;
  info.mutable_retry_delay()->set_seconds(ms / 1000);
  info.mutable_retry_delay()->set_nanos(static_cast<int>(ms % 1000 * 1'000'000));
  google::rpc::Status status;
  auto* detail = status.add_details();
  detail->set_type_url("type.googleapis.com/google.rpc.RetryInfo");
  detail->set_value(info.SerializeAsString());
  return status.SerializeAsString();
}

}  // namespace

struct otlp_receiver::inside final : collector::trace::v1::TraceService::Service {
  grpc::Status Export(grpc::ServerContext* context, const ExportTraceServiceRequest* request,
                      ExportTraceServiceResponse* response) override {
    answer how;
    {
      const std::lock_guard lock(mutex);
      ++requests;
      if (answers) how = answers(requests);
      metadata.clear();
      for (const auto& [name, value] : context->client_metadata())
        metadata[std::string(name.data(), name.size())] = std::string(value.data(), value.size());
      if (how.keep && how.code == 0) keep(*request);
    }
    while (how.hang && !context->IsCancelled())
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    if (how.rejected > 0) {
      response->mutable_partial_success()->set_rejected_spans(how.rejected);
      response->mutable_partial_success()->set_error_message(how.message);
    }
    if (how.code == 0) return grpc::Status::OK;
    return {static_cast<grpc::StatusCode>(how.code), how.message,
            how.retry_after_ms > 0 ? retry_info(how.retry_after_ms) : std::string()};
  }

  void keep(const ExportTraceServiceRequest& request) {
    const auto before = spans.size();
    for (const auto& group : request.resource_spans()) {
      for (const auto& scope : group.scope_spans()) {
        for (const auto& one : scope.spans()) {
          spans.push_back({hex(one.trace_id()), hex(one.span_id()), hex(one.parent_span_id()), one.name(),
                           one.start_time_unix_nano(), one.end_time_unix_nano(), texts_of(one.attributes()),
                           texts_of(group.resource().attributes()),
                           one.status().code() == trace::v1::Status::STATUS_CODE_ERROR});
        }
      }
    }
    sizes.push_back(spans.size() - before);
  }

  mutable std::mutex mutex;
  std::function<answer(int)> answers;
  std::vector<span> spans;
  std::vector<std::size_t> sizes;
  std::map<std::string, std::string> metadata;
  int requests = 0, port = 0;
  std::unique_ptr<grpc::Server> server;
};

otlp_receiver::otlp_receiver(const tls* secure, int port) : inside_(std::make_unique<inside>()) {
  grpc::ServerBuilder builder;
  auto credentials = grpc::InsecureServerCredentials();
  if (secure != nullptr) {
    grpc::SslServerCredentialsOptions options;
    options.pem_key_cert_pairs.push_back({secure->key_pem, secure->cert_pem});
    credentials = grpc::SslServerCredentials(options);
  }
  builder.AddListeningPort("127.0.0.1:" + std::to_string(port), credentials, &inside_->port);
  builder.RegisterService(inside_.get());
  inside_->server = builder.BuildAndStart();
  if (!inside_->server || inside_->port == 0) throw std::runtime_error("the OTLP receiver can't listen");
}

otlp_receiver::~otlp_receiver() {
  inside_->server->Shutdown(std::chrono::system_clock::now());
}

int otlp_receiver::port() const {
  return inside_->port;
}

void otlp_receiver::answers(std::function<answer(int)> how) {
  const std::lock_guard lock(inside_->mutex);
  inside_->answers = std::move(how);
}

std::vector<otlp_receiver::span> otlp_receiver::spans() const {
  const std::lock_guard lock(inside_->mutex);
  return inside_->spans;
}

int otlp_receiver::requests() const {
  const std::lock_guard lock(inside_->mutex);
  return inside_->requests;
}

std::vector<std::size_t> otlp_receiver::sizes() const {
  const std::lock_guard lock(inside_->mutex);
  return inside_->sizes;
}

std::map<std::string, std::string> otlp_receiver::metadata() const {
  const std::lock_guard lock(inside_->mutex);
  return inside_->metadata;
}

}  // namespace troupe::testing
