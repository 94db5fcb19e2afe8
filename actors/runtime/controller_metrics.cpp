#include "actors/runtime/controller_metrics.hpp"

namespace troupe::runtime {

namespace {

constexpr const char* evaluation_help = "How long evaluations took that a changed export made necessary.";
constexpr const char* slow_help = "Seconds in evaluations that took a minute or longer.";
constexpr const char* wait_help = "How long a component waited for its evaluation after an export had changed.";
const std::vector<double> evaluation_bounds{.005, .025, .1, .5, 1, 5, 10, 30, 60, 120, 300, 600};

double seconds(clock_duration d) {
  return std::chrono::duration<double>(d).count();
}

}  // namespace

controller_metrics::controller_metrics(own_metrics& in)
    : in_(in),
      own_(in.controller()),
      evaluating_(own_->gauge("alloy_component_controller_evaluating", "1 while a configuration is being evaluated.")),
      queue_(own_->gauge("alloy_component_evaluation_queue_size",
                         "Changed exports whose evaluations wait or are under way.")) {
  // They exist before the first evaluation, so that rates over them begin at 0.
  own_->histogram("alloy_component_evaluation_seconds", evaluation_help, evaluation_bounds);
  own_->histogram("alloy_component_dependencies_wait_seconds", wait_help, evaluation_bounds);
}

std::shared_ptr<void> controller_metrics::evaluating() {
  evaluating_.set(1);
  return {nullptr, [this](void*) { evaluating_.set(0); }};
}

std::shared_ptr<void> controller_metrics::queued() {
  queue_.add(1);
  return {nullptr, [this](void*) { queue_.add(-1); }};
}

void controller_metrics::prepare(const std::string& component) {
  const auto of = in_.component(component);
  of->histogram("alloy_component_evaluation_seconds", evaluation_help, evaluation_bounds);
  of->counter("alloy_component_evaluation_slow_seconds", slow_help);
}

void controller_metrics::evaluated(const std::string& component, clock_duration waited, clock_duration took) {
  const auto of = in_.component(component);
  of->histogram("alloy_component_evaluation_seconds", evaluation_help, evaluation_bounds).observe(seconds(took));
  own_->histogram("alloy_component_dependencies_wait_seconds", wait_help, evaluation_bounds).observe(seconds(waited));
  if (took >= std::chrono::minutes(1)) {
    of->counter("alloy_component_evaluation_slow_seconds", slow_help).add(seconds(took));
  }
}

}  // namespace troupe::runtime
