#include "actors/prometheus/remote_write/remote_write.hpp"

#include <stdexcept>

#include "actors/http_client/check.hpp"
#include "actors/prometheus/remote_write/remote_write_1.hpp"
#include "protocol/http/header_name.hpp"
#include "protocol/remote_write/journal_record.hpp"

namespace troupe::prometheus {

namespace {

/// What was sent is removed at least this often, whatever truncate_frequency says: the disk is not ours alone.
constexpr std::chrono::nanoseconds reclaim_at_least_every = std::chrono::minutes(1);

constexpr std::chrono::nanoseconds forget_silent_every = std::chrono::minutes(1);

class metrics_decoder final : public writer::record_decoder {
 public:
  result<telemetry::batch_ref> decode(std::string_view payload, std::uint64_t segment, const lookup& find) override {
    return of_.decode(payload, segment, find).map([](telemetry::metrics_ref batch) -> telemetry::batch_ref {
      return batch;
    });
  }

 private:
  remote_write::record_decoder of_;
};

/// A block and its chunks are definitions, a batch is a column of values.
class metrics_format final : public writer::record_format {
 public:
  void encode(const telemetry::batch& of, std::string& out) const override {
    remote_write::encode_record(metrics(of), out);
  }
  std::vector<writer::definition_id> definitions_of(const telemetry::batch& of) const override {
    return remote_write::definitions_of(*metrics(of).block);
  }
  std::string definition(const telemetry::batch& of, writer::definition_id id) const override {
    return remote_write::definition(*metrics(of).block, id);
  }
  std::unique_ptr<writer::record_decoder> decoder() const override { return std::make_unique<metrics_decoder>(); }

 private:
  static const telemetry::metrics_batch& metrics(const telemetry::batch& of) {
    return static_cast<const telemetry::metrics_batch&>(of);
  }
};
const metrics_format the_format;

/// Several tenants of one backend are told apart by this header.
std::string tenant_of(const remote_writing::endpoint_arguments& endpoint) {
  for (const auto& [name, value] : endpoint.headers) {
    if (http::same_name(name, "x-scope-orgid")) return value;
  }
  return {};
}

}  // namespace

remote_write_component::remote_write_component(runtime::component_context& context,
                                               std::shared_ptr<const remote_writing::arguments> arguments)
    : journaled_writer(context, the_format), metrics_(context.metrics()) {
  if (const auto ok = apply(plan(*arguments)); !ok) throw std::runtime_error(ok.error().message);
}

config::value remote_write_component::exports(const runtime::component_place& place, const remote_writing::arguments&) {
  return config::object::in_order({{"receiver", runtime::make_receiver(place.id, telemetry::signal::metrics)}});
}

writer::writer_plan remote_write_component::plan(const remote_writing::arguments& arguments) const {
  writer::writer_plan made;
  const telemetry::label_set external({arguments.external_labels.begin(), arguments.external_labels.end()});
  for (const auto& one : arguments.endpoints) {
    made.endpoints.push_back(
        {one.name, one.url, tenant_of(one), settings_of(one.queue),
         [this](const std::string& name) -> std::unique_ptr<writer::protocol> {
           return std::make_unique<remote_write_1>(context(), name);
         },
         [one, external](writer::protocol& of) { return static_cast<remote_write_1&>(of).update(one, external); }});
  }
  made.min_age = arguments.wal.min_keepalive_time;
  made.max_age = arguments.wal.max_keepalive_time;
  made.reclaim_every = std::min(arguments.wal.truncate_frequency, reclaim_at_least_every);
  return made;
}

result<void> remote_write_component::check(runtime::services& shared, const remote_writing::arguments& arguments) {
  return http_client::check_each(shared, arguments.endpoints);
}

result<void> remote_write_component::update(const runtime::arguments_ref& arguments) {
  auto ok = apply(plan(*std::static_pointer_cast<const remote_writing::arguments>(arguments)));
  pump();
  return ok;
}

void remote_write_component::on_appended(const telemetry::batch& batch) {
  metrics_.appended(static_cast<const telemetry::metrics_batch&>(batch));
}

void remote_write_component::start() {
  journaled_writer::start();
  forget_silent();
}

void remote_write_component::forget_silent() {
  silence_timer_ = context().after(forget_silent_every, [this] { forget_silent(); });
  metrics_.forget_silent();
}

}  // namespace troupe::prometheus
