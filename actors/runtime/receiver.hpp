#pragma once

#include <string>
#include <utility>

#include "config/value.hpp"
#include "protocol/telemetry/batch.hpp"

namespace troupe::runtime {

/// What a component exports for others to send to: its name and the signal it takes.
class receiver final : public config::capsule {
 public:
  /// `name`: of the export; null: what components call it that take one signal.
  receiver(std::string component, telemetry::signal of, const char* name = nullptr)
      : component_(std::move(component)),
        of_(of),
        name_(name                            ? name
              : of == telemetry::signal::otlp ? "input"
                                              : "receiver") {}

  [[nodiscard]] const std::string& component() const { return component_; }
  [[nodiscard]] telemetry::signal of() const { return of_; }
  [[nodiscard]] std::string type_name() const override {
    return of_ == telemetry::signal::metrics ? "storage.Appendable"
           : of_ == telemetry::signal::logs  ? "loki.LogsReceiver"
                                             : "otelcol.Consumer";
  }
  [[nodiscard]] std::string to_text() const override { return component_ + "." + name_; }
  [[nodiscard]] bool equals(const capsule& other) const override {
    const auto* same = dynamic_cast<const receiver*>(&other);
    return same != nullptr && same->component_ == component_ && same->of_ == of_;
  }

 private:
  std::string component_;
  telemetry::signal of_;
  const char* name_;
};

[[nodiscard]] inline config::value make_receiver(std::string component, telemetry::signal of,
                                                 const char* name = nullptr) {
  return {std::make_shared<const receiver>(std::move(component), of, name)};
}

}  // namespace troupe::runtime
