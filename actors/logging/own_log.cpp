#include "actors/logging/own_log.hpp"

#include <chrono>
#include <string>

namespace troupe::logging {

namespace {

const telemetry::labels_ref& stream() {
  static const auto labels = std::make_shared<const telemetry::label_set>(telemetry::label_set{{"component", "alloy"}});
  return labels;
}

}  // namespace

own_log::own_log(int descriptor) : sink_(descriptor, format_) {}

void own_log::configure(const settings& how, runtime::event_bus& bus) {
  format_ = how.format;
  forwards_ = how.forwards;
  if (level_.exchange(how.level) != how.level) interest_changed();
  begin(bus);
}

void own_log::begin(runtime::event_bus& bus) {
  if (!began_.exchange(true)) bus.subscribe(shared_from_this());
}

runtime::event_interest own_log::interest() const {
  return runtime::event_interest().all(level_.load());
}

void own_log::on_event(const runtime::event& what) noexcept {
  try {
    if (what.level() < level_.load(std::memory_order_relaxed)) return;
    thread_local std::string line;
    line.clear();
    append_line(what, format_.load(std::memory_order_relaxed), line);
    sink_.write(line, what.level() >= log_level::warn);
    if (!forwards_.load(std::memory_order_relaxed)) return;
    using std::chrono::nanoseconds;
    const auto time = std::chrono::duration_cast<nanoseconds>(what.header().time.time_since_epoch()).count();
    waiting_.add([&](auto& to) { to.add(stream(), time, std::string_view(line).substr(0, line.size() - 1)); });
  } catch (...) {
    waiting_.forget_one();
  }
}

}  // namespace troupe::logging
