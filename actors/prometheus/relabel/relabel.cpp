#include "actors/prometheus/relabel/relabel.hpp"

#include <algorithm>
#include <stdexcept>

namespace troupe::prometheus {

namespace relabelling {

const config::component_schema& schema() {
  static const auto schema = [] {
    auto s = config::describe<arguments>("prometheus.relabel", config::stability::generally_available,
                                         "Rewrites, keeps or drops series by rules.");
    s.exports("receiver", "MetricsReceiver", "Takes the samples to relabel.")
        .exports("rules", "RelabelRules", "The rules, for others to use.");
    s.required("forward_to", &arguments::forward_to, "Where the samples go.")
        .not_yet("max_cache_size", &arguments::max_cache_size,
                 "What is cached here are blocks in use, of which there are never too many.")
        .not_yet("cache_ttl", &arguments::cache_ttl, "What is cached here goes with the block it belongs to.")
        .blocks("rule", &arguments::rules, rule_schema(), "What is done, in order.");
    return s;
  }();
  return schema;
}

/// The rules as a value that other components take.
class exported_rules final : public config::capsule {
 public:
  explicit exported_rules(std::vector<rule> rules) : rules_(std::move(rules)) {}
  [[nodiscard]] std::string type_name() const override { return "relabel.Rules"; }
  [[nodiscard]] bool equals(const capsule& other) const override {
    const auto* same = dynamic_cast<const exported_rules*>(&other);
    return same != nullptr && same->rules_ == rules_;
  }

 private:
  std::vector<rule> rules_;
};

}  // namespace relabelling

relabel::relabel(runtime::component_context& context, std::shared_ptr<const relabelling::arguments> arguments)
    : context_(context),
      out_(context),
      processed_(context.metrics().counter("alloy_prometheus_relabel_metrics_processed", "Samples that came in.")),
      written_(context.metrics().counter("alloy_prometheus_relabel_metrics_written", "Samples that went on.")),
      hits_(context.metrics().counter("alloy_prometheus_relabel_cache_hits", "Batches whose block was known.")),
      misses_(context.metrics().counter("alloy_prometheus_relabel_cache_misses",
                                        "Batches whose block had to be relabelled.")),
      deletes_(context.metrics().counter("alloy_prometheus_relabel_cache_deletes",
                                         "Relabelled blocks that were forgotten because nobody uses them any more.")),
      nameless_(context.metrics().counter("troupe_relabel_nameless_samples_total",
                                          "Samples dropped because the rules left their series without a name.")),
      cached_(context.metrics().gauge("alloy_prometheus_relabel_cache_size", "Blocks that are kept relabelled.")) {
  apply(*arguments);
}

config::value relabel::exports(const runtime::component_place& place, const relabelling::arguments& arguments) {
  return config::object::in_order({{"receiver", runtime::make_receiver(place.id, telemetry::signal::metrics)},
                                   {"rules", std::shared_ptr<const config::capsule>(
                                                 std::make_shared<relabelling::exported_rules>(arguments.rules))}});
}

void relabel::apply(const relabelling::arguments& arguments) {
  auto rules = troupe::relabel::rules::compile(arguments.rules);
  if (!rules) throw std::runtime_error(rules.error().message);  // the schema has checked them
  blocks_ = troupe::relabel::block_map(std::move(*rules));
  out_.connect(runtime::receivers_of(arguments.forward_to));
}

result<void> relabel::update(const runtime::arguments_ref& arguments) {
  apply(*std::static_pointer_cast<const relabelling::arguments>(arguments));
  return {};
}

troupe::relabel::mapped_ref relabel::map(const telemetry::block_ref& block) {
  const auto misses = blocks_.misses();
  const auto before = blocks_.size();
  auto to = blocks_.map(block);
  const bool hit = blocks_.misses() == misses;
  const auto now = blocks_.size();
  (hit ? hits_ : misses_).add();
  // A new one is kept unless there is no room: those that are missing were forgotten.
  const auto kept = std::min(before + (hit ? 0 : 1), troupe::relabel::block_map::default_max_blocks);
  if (kept > now) deletes_.add(static_cast<double>(kept - now));
  cached_.set(static_cast<double>(now));
  return to;
}

void relabel::consume(const telemetry::batch_ref& batch, runtime::receipt of) {
  const auto in = std::static_pointer_cast<const telemetry::metrics_batch>(batch);
  const auto began = context_.now();
  processed_.add(static_cast<double>(in->items()));
  const auto to = map(in->block);
  if (to->nameless > 0) nameless_.add(to->nameless);
  auto out = troupe::relabel::map_batch(*to, in);
  context_.publish(runtime::relabelled{in->items(), out ? out->items() : 0, context_.now() - began},
                   context_.tracing().part_of(in->context), in->self_telemetry);
  if (!out) return;  // all of it dropped by rule: done with
  written_.add(static_cast<double>(out->items()));
  out_.push(std::move(out), std::move(of));
}

}  // namespace troupe::prometheus
