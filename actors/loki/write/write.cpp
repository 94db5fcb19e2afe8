#include "actors/loki/write/write.hpp"

#include <stdexcept>

#include "actors/http_client/check.hpp"
#include "actors/loki/write/push_protocol.hpp"
#include "protocol/telemetry/codec.hpp"

namespace troupe::loki {

namespace {

class logs_decoder final : public writer::record_decoder {
 public:
  result<telemetry::batch_ref> decode(std::string_view payload, std::uint64_t, const lookup&) override {
    return telemetry::decode_logs(payload).map([](telemetry::logs_ref batch) -> telemetry::batch_ref { return batch; });
  }
};

class logs_format final : public writer::record_format {
 public:
  void encode(const telemetry::batch& of, std::string& out) const override {
    telemetry::encode_logs(static_cast<const telemetry::logs_batch&>(of), out);
  }
  std::unique_ptr<writer::record_decoder> decoder() const override { return std::make_unique<logs_decoder>(); }
};
const logs_format the_format;

}  // namespace

write::write(runtime::component_context& context, std::shared_ptr<const writing::arguments> arguments)
    : journaled_writer(context, the_format), metrics_(context.metrics()) {
  if (const auto ok = apply(plan(*arguments)); !ok) throw std::runtime_error(ok.error().message);
}

config::value write::exports(const runtime::component_place& place, const writing::arguments&) {
  return config::object::in_order({{"receiver", runtime::make_receiver(place.id, telemetry::signal::logs)}});
}

writer::writer_plan write::plan(const writing::arguments& arguments) {
  writer::writer_plan made;
  const telemetry::label_set external({arguments.external_labels.begin(), arguments.external_labels.end()});
  for (const auto& one : arguments.endpoints) {
    made.endpoints.push_back(
        {one.name, one.url, one.tenant_id, settings_of(one, arguments.wal),
         [this](const std::string&) -> std::unique_ptr<writer::protocol> {
           return std::make_unique<push_protocol>(context(), metrics_);
         },
         [one, external, most = static_cast<std::size_t>(arguments.max_streams)](writer::protocol& of) {
           return static_cast<push_protocol&>(of).update(one, external, most);
         }});
  }
  if (arguments.wal.enabled) made.max_age = arguments.wal.max_segment_age;
  return made;
}

result<void> write::check(runtime::services& shared, const writing::arguments& arguments) {
  return http_client::check_each(shared, arguments.endpoints);
}

result<void> write::update(const runtime::arguments_ref& arguments) {
  auto ok = apply(plan(*std::static_pointer_cast<const writing::arguments>(arguments)));
  pump();
  return ok;
}

}  // namespace troupe::loki
