#pragma once

#include <memory>
#include <stdexcept>
#include <string>

#include "actors/otelcol/exporter/arguments.hpp"
#include "actors/runtime/registry.hpp"
#include "actors/writer/journaled_writer.hpp"

namespace troupe::otelcol {

/// How otelcol batches lie in a journal.
[[nodiscard]] const writer::record_format& otlp_format();

/// An exporter: a journaled writer of otelcol signals with one endpoint. Protocol has `update(const Arguments&)`, a
/// static `check(services&, const Arguments&)`, and Arguments `client.endpoint`, `queue` and `retry`.
template <class Protocol, class Arguments>
class exporter final : public writer::journaled_writer {
 public:
  using arguments_type = Arguments;
  exporter(runtime::component_context& context, std::shared_ptr<const Arguments> arguments)
      : journaled_writer(context, otlp_format()) {
    if (const auto ok = apply(plan(*arguments)); !ok) throw std::runtime_error(ok.error().message);
  }
  [[nodiscard]] static config::value exports(const runtime::component_place& place, const Arguments&) {
    return config::object::in_order({{"input", runtime::make_receiver(place.id, telemetry::signal::otlp)}});
  }

  [[nodiscard]] static result<void> check(runtime::services& shared, const Arguments& arguments) {
    return Protocol::check(shared, arguments);
  }
  result<void> update(const runtime::arguments_ref& arguments) override {
    auto ok = apply(plan(*std::static_pointer_cast<const Arguments>(arguments)));
    pump();
    return ok;
  }

 private:
  [[nodiscard]] writer::writer_plan plan(const Arguments& arguments) const {
    writer::writer_plan made;
    made.settle_when_sent = arguments.queue.settles_when_sent();
    made.endpoints.push_back(
        {"", arguments.client.endpoint, "", exporting::settings_of(arguments.queue, arguments.retry),
         [this](const std::string&) -> std::unique_ptr<writer::protocol> {
           return std::make_unique<Protocol>(context());
         },
         [arguments](writer::protocol& of) { return static_cast<Protocol&>(of).update(arguments); }});
    return made;
  }
};

}  // namespace troupe::otelcol
