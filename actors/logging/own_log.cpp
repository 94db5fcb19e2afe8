#include "actors/logging/own_log.hpp"

#include <chrono>
#include <string>
#include <utility>

namespace troupe::logging {

namespace {

/// Of text in a batch: with what surrounds it, it stays below 1 MiB.
constexpr std::size_t batch_bytes = std::size_t{512} << 10;

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
    sink_.write(line);
    if (!forwards_.load(std::memory_order_relaxed)) return;
    using std::chrono::nanoseconds;
    const auto time = std::chrono::duration_cast<nanoseconds>(what.header().time.time_since_epoch()).count();
    keep(time, std::string_view(line).substr(0, line.size() - 1));
  } catch (...) {
    forgotten_.fetch_add(1, std::memory_order_relaxed);
  }
}

void own_log::keep(std::int64_t timestamp_ns, std::string_view line) {
  const std::lock_guard lock(mutex_);
  newest_.add(stream(), timestamp_ns, line);
  if (newest_.text_bytes() >= batch_bytes) {
    kept_bytes_ += newest_.text_bytes();
    kept_.push_back(newest_.finish());
    while (kept_bytes_ > max_kept_bytes) {
      kept_bytes_ -= kept_.front()->text_bytes();
      forgotten_.fetch_add(kept_.front()->items(), std::memory_order_relaxed);
      kept_.pop_front();
    }
  }
  // Under the lock: when on_entries(nullptr) has returned, nobody is called any more.
  if (wake_ && !std::exchange(waked_, true)) wake_();
}

void own_log::on_entries(std::function<void()> wake) {
  const std::lock_guard lock(mutex_);
  wake_ = std::move(wake);
  waked_ = wake_ && (!newest_.empty() || !kept_.empty());
  if (waked_) wake_();
}

std::vector<std::shared_ptr<telemetry::logs_batch>> own_log::take() {
  std::vector<std::shared_ptr<telemetry::logs_batch>> all;
  {
    const std::lock_guard lock(mutex_);
    all.assign(kept_.begin(), kept_.end());
    kept_.clear();
    kept_bytes_ = 0;
    if (!newest_.empty()) all.push_back(newest_.finish());
    waked_ = false;
  }
  for (const auto& one : all)
    one->self_telemetry = true;
  return all;
}

}  // namespace troupe::logging
