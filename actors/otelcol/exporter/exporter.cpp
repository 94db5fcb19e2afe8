#include "actors/otelcol/exporter/exporter.hpp"

#include "protocol/telemetry/codec.hpp"

namespace troupe::otelcol {

namespace {

class otlp_decoder final : public writer::record_decoder {
 public:
  result<telemetry::batch_ref> decode(std::string_view payload, std::uint64_t, const lookup&) override {
    return telemetry::decode_otlp(payload).map([](telemetry::otlp_ref batch) -> telemetry::batch_ref { return batch; });
  }
};

class format final : public writer::record_format {
 public:
  void encode(const telemetry::batch& of, std::string& out) const override {
    telemetry::encode_otlp(static_cast<const telemetry::otlp_batch&>(of), out);
  }
  std::unique_ptr<writer::record_decoder> decoder() const override { return std::make_unique<otlp_decoder>(); }
};

}  // namespace

const writer::record_format& otlp_format() {
  static const format the_format;
  return the_format;
}

}  // namespace troupe::otelcol
