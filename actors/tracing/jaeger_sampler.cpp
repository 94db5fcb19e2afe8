#include "actors/tracing/jaeger_sampler.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace troupe::tracing {

rate_limit::rate_limit(double per_second)
    : per_second_(per_second), most_(std::max(1.0, per_second)), saved_(per_second > 0 ? most_ : 0) {}

bool rate_limit::take(std::chrono::steady_clock::time_point now) {
  if (last_ != decltype(last_){}) {
    saved_ = std::min(most_, saved_ + per_second_ * std::chrono::duration<double>(now - last_).count());
  }
  last_ = now;
  if (saved_ < 1) return false;
  saved_ -= 1;
  return true;
}

result<std::shared_ptr<jaeger_sampler>> jaeger_sampler::parse(std::string_view json, std::size_t max_operations) {
  const auto read = nlohmann::json::parse(json, nullptr, false);
  if (!read.is_object()) return failure("the sampling strategy is no JSON object");
  const auto number = [](const nlohmann::json& in, const char* name, double otherwise) {
    const auto at = in.find(name);
    return at != in.end() && at->is_number() ? at->get<double>() : otherwise;
  };
  auto made = std::make_shared<jaeger_sampler>();
  made->max_operations_ = max_operations;
  if (const auto operations = read.find("operationSampling"); operations != read.end() && operations->is_object()) {
    made->share_ = runtime::ratio(number(*operations, "defaultSamplingProbability", 0));
    made->lower_bound_ = number(*operations, "defaultLowerBoundTracesPerSecond", 0);
    const auto each = operations->find("perOperationStrategies");
    if (each == operations->end() || !each->is_array()) return made;
    for (const auto& one : *each) {
      if (made->shares_.size() == max_operations) break;
      if (!one.is_object() || !one.contains("operation") || !one["operation"].is_string()) continue;
      const auto by = one.find("probabilisticSampling");
      if (by == one.end() || !by->is_object()) continue;
      made->shares_.emplace(one["operation"].get<std::string>(), number(*by, "samplingRate", 0));
    }
    return made;
  }
  if (const auto by = read.find("probabilisticSampling"); by != read.end() && by->is_object()) {
    made->share_ = runtime::ratio(number(*by, "samplingRate", 0));
    return made;
  }
  if (const auto by = read.find("rateLimitingSampling"); by != read.end() && by->is_object()) {
    made->limit_ = std::make_unique<rate_limit>(number(*by, "maxTracesPerSecond", 0));
    return made;
  }
  return failure("the sampling strategy names none of probabilisticSampling, rateLimitingSampling, operationSampling");
}

bool jaeger_sampler::sample(const runtime::trace_context& of, std::string_view operation) {
  const auto now = std::chrono::steady_clock::now();
  if (limit_) {
    const std::lock_guard lock(mutex_);
    return limit_->take(now);
  }
  const auto own = shares_.find(operation);
  if ((own != shares_.end() ? own->second : share_).sample(of)) return true;
  if (lower_bound_ <= 0) return false;
  const std::lock_guard lock(mutex_);
  auto at = lower_.find(operation);
  if (at == lower_.end()) {
    if (lower_.size() >= max_operations_) return false;
    at = lower_.emplace(std::string(operation), rate_limit(lower_bound_)).first;
  }
  return at->second.take(now);
}

}  // namespace troupe::tracing
